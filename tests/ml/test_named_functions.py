"""A function of a user's own, by name."""

import pytest

from ml.attacks.registry import load_attack
from ml.errors import MLError, SettingsError
from ml.named_functions import named_function, own_file


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.py").write_text("def push(coalition):\n    return 7\n")
    return tmp_path


def test_a_file_in_the_users_home_is_found(home):
    assert named_function("~/own.py:push", {}, "attack")(None) == 7
    assert own_file("~/own.py:push") == home / "own.py"


def test_a_file_that_is_not_there_is_named_as_it_was_given(home):
    with pytest.raises(SettingsError, match="there is no file ~/other.py, which should hold the attack push"):
        named_function("~/other.py:push", {}, "attack")


OWN = {
    "own.py": "Attack = 5\n\ndef push(coalition):\n    return 7\n\ndef pull(coalition):\n    return 8\n",
    "ends/__init__.py": "raise SystemExit(4)\n",
    "ends/part.py": "",
    "needs/__init__.py": "import nothing_such\n",
    "needs/part.py": "",
    "whole/__init__.py": "def push(coalition):\n    return 9\n",
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    for name, content in OWN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "name, told",
    [
        ("own.py:Push", "^own.py has no function 'Push'; it has 'push', 'pull'; did you mean 'push'[?]$"),
        ("own.py:Attack", "^own.py has no function 'Attack': that is int$"),
        ("whole:push_", "^whole has no function 'push_'; it has 'push'; did you mean 'push'[?]$"),
        (
            "own.py",
            "^there is no attack 'own.py', but such a file: say which of its functions, as own.py:NAME; ",
        ),
        ("elsewhere:push", "^there is no attack 'elsewhere:push': no module 'elsewhere' is installed; use"),
        ("whole.part:push", "no module 'whole.part' is installed"),
        ("__main__:push", "__main__"),
        (
            "ends.part:push",
            r"^attack ends.part:push failed in .*ends/__init__.py, line 1: it would end the pro",
        ),
        (
            "needs.part:push",
            "needs/__init__.py, line 1: ModuleNotFoundError: No module named 'nothing_such'$",
        ),
    ],
)
def test_a_name_that_is_none_is_told_with_what_there_is(files, name, told):
    with pytest.raises(MLError, match=told):
        named_function(name, {"zero": print}, "attack")


def test_what_lies_beside_a_file_is_told_not_to_be_looked_at(tmp_path):
    (tmp_path / "helper_of_it.py").write_text("def push(coalition):\n    return 7\n")
    (tmp_path / "own.py").write_text("from helper_of_it import push\n")
    with pytest.raises(
        MLError, match="No module named 'helper_of_it'; helper_of_it.py beside it is not looked"
    ):
        named_function(f"{tmp_path / 'own.py'}:push", {}, "attack")


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_what_returns_nothing_yet_is_no_function(tmp_path, kind):
    (tmp_path / "own.py").write_text(f"{kind} push(coalition):\n    yield 7\n")
    with pytest.raises(
        MLError, match="own.py:push is a generator or async function; expected one that returns"
    ):
        load_attack(f"{tmp_path / 'own.py'}:push", {})
