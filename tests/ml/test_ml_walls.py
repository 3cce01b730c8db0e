import ast
import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import ml

MODULES = [ml.__name__, *(module.name for module in pkgutil.walk_packages(ml.__path__, "ml."))]
FORBIDDEN = ("ape", "web3", "eth", "offchain", "scripts", "pickle", "subprocess")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module


@pytest.mark.parametrize("path", sorted(Path(ml.__path__[0]).rglob("*.py")), ids=lambda path: path.stem)
def test_ml_knows_no_chain(path):
    tops = {name.split(".")[0] for name in imported(path)}
    assert not [top for top in tops if top in FORBIDDEN or top.startswith("eth_")]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
