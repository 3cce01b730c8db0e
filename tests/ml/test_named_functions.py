"""A function of a user's own, by name."""

import pytest

from ml.errors import SettingsError
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
