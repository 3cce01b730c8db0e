"""Every `--json` says what it is and in which form."""

import ast
import json
from importlib import import_module
from pathlib import Path

import pytest

from offchain.machine_json import VERSIONS, for_programs, json_text

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def calls_of(name):
    """The calls in a script by the name that is called, with what is given first."""
    tree = ast.parse((SCRIPTS / f"{name}.py").read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(ast.unparse(call.func), call.args[0] if call.args else None) for call in found]


def test_commands_with_json_write_it_through_the_one_function():
    names = [path.stem for path in SCRIPTS.glob("[!_]*.py")]
    telling = [n for n in names if any("--json" in p.opts for p in import_module(f"scripts.{n}").cli.params)]
    assert set(telling) >= {"status", "explain", "verify"}
    for name in telling:
        kinds = [each.value for called, each in calls_of(name) if called == "json_text"]
        assert kinds and set(kinds) <= set(VERSIONS), name
    assert not [name for name in names if "json.dumps" in {called for called, _ in calls_of(name)}]


def test_a_score_that_is_undefined_is_null_and_no_word_that_json_has_not():
    text = json_text("status", {"scores": {"quality": {"auroc": float("nan"), "loss": float("inf")}}})
    assert json.loads(text, parse_constant=pytest.fail)["scores"]["quality"] == {"auroc": None, "loss": None}


def test_the_schema_comes_first():
    assert list(for_programs("status", {"round": 1})) == ["schema", "round"]
