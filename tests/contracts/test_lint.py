"""Tests expect whole errors: nothing but `expectations.reverts`, and that with every value of the error."""

import ast
import functools
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(path for path in HERE.rglob("*.py") if path.name not in ("expectations.py", "test_lint.py"))
ALL_TESTS = sorted(path for path in HERE.parent.rglob("*.py") if path.name != "expectations.py")


@functools.cache
def calls(file: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


@pytest.mark.parametrize("file", ALL_TESTS, ids=lambda path: path.stem)
def test_no_bare_reverts(file: Path):
    bare = [
        call for call in calls(file) if isinstance(call.func, ast.Attribute) and call.func.attr == "reverts"
    ]
    assert [ast.unparse(call) for call in bare] == []


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_refusal_is_never_just_some_exception(file: Path):
    assert "pytest.raises" not in {name_of(call) for call in calls(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_error_has_all_its_values(file: Path, project):
    inputs = {
        error.name: {value.name for value in error.inputs}
        for contract in project.contracts.values()
        for error in contract.contract_type.errors
    }
    for call in calls(file):
        if name_of(call) == "reverts":
            [error] = call.args
            named = {keyword.arg for keyword in call.keywords}
            assert named == inputs[ast.unparse(error).rpartition(".")[2]], ast.unparse(call)
