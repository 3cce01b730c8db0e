"""What `--help` says: a command's own defaults, options by the names that a command line takes."""

import re
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("[!_]*.py"))


def helps(command, called):
    """The help of a command and of those below it, by how they are called."""
    yield called, " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    for name, below in getattr(command, "commands", {}).items():
        yield from helps(below, f"{called} {name}")


ALL = [each for name in NAMES for each in helps(import_module(f"scripts.{name}").cli, name)]


def help_of(name):
    return dict(ALL)[name]


@pytest.mark.parametrize(("called", "text"), ALL, ids=[called for called, _ in ALL])
def test_no_help_names_a_setting_as_files_write_it(called, text):
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", text) == []


@pytest.mark.parametrize(
    ("name", "rounds", "malicious"),
    [("simulate", 100, "0.3"), ("calibrate", 30, None), ("detection", 20, "0.4")],
)
def test_a_command_that_plays_rounds_tells_its_own_defaults(name, rounds, malicious):
    text = help_of(name)
    assert f"Rounds to play. [default: {rounds}]" in text
    told = re.findall(
        r"--malicious FLOAT Share of the clients that propose badly. \[default: ([\d.]+)\]", text
    )
    assert told == ([] if malicious is None else [malicious])


def test_settings_that_change_nothing_are_taken_and_not_shown():
    command = import_module("scripts.calibrate").cli
    shown = {each.name for each in command.params if not getattr(each, "hidden", False)}
    assert {"rounds", "policy", "task", "shares", "memory"} <= shown
    assert shown.isdisjoint({"attack", "malicious", "coalition_votes", "defence", "engine", "relay"})
    with click.Context(command) as context:
        command.parse_args(context, ["--attack", "sign-flip", "--engine", "reference"])
    assert context.params["attack"] == "sign-flip" and context.params["engine"] == "reference"
