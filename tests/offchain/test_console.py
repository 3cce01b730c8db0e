"""What commands write for people is not cut where nobody reads it on a terminal."""

from pathlib import Path

import pytest
from rich.table import Table

from offchain.console import people_console

SCRIPTS = sorted((Path(__file__).parents[2] / "scripts").glob("*.py"))


def test_in_a_pipe_a_table_is_as_wide_as_it_takes(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table = Table("amount", "hash")
    table.add_row("+1.333333333333333333", "0x" + 64 * "a")
    table.add_row("0x" + 64 * "b", "0x" + 64 * "c")
    people_console().print(table)
    told = capsys.readouterr().out
    assert "+1.333333333333333333" in told and all(64 * letter in told for letter in "abc")


def test_on_a_terminal_the_terminal_says_how_wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert people_console().width == 80


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_command_writes_there(script):
    assert "rich.console" not in script.read_text(), "take offchain.console.people_console"
