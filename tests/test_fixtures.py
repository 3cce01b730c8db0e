"""Names in tests: of fixtures, by whose scopes Ape isolates; of files, which pytest takes without folders."""

import ast
from collections import Counter, defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
OF_APE = {name: "session" for name in ("accounts", "chain", "networks", "project", "provider")}


def fixtures():
    """(name, scope) of every fixture, and its file."""
    for file in sorted(TESTS.rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for decorator in map(ast.unparse, function.decorator_list):
                if decorator.startswith(("pytest.fixture", "ape.fixture")):
                    _, _, after = decorator.partition("scope='")
                    yield function.name, after.partition("'")[0] or "function", file


def test_no_fixture_has_the_name_of_one_with_another_scope():
    scopes = defaultdict(dict)
    for name, scope in OF_APE.items():
        scopes[name][scope] = "Ape"
    for name, scope, file in fixtures():
        scopes[name].setdefault(scope, str(file.relative_to(TESTS)))
    assert {name: found for name, found in scopes.items() if len(found) > 1} == {}


def test_no_two_files_of_tests_have_one_name():
    """pytest would collect neither, and say so of every process that runs tests."""
    names = Counter(file.name for file in TESTS.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
