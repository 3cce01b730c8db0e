"""Whatever a command runs into ends it with one sentence."""

import errno
import os
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ml.errors import DataError
from offchain.command import Command
from offchain.errors import ChainError


def ending(error):
    @click.command(cls=Command)
    def cli():
        raise error

    return CliRunner().invoke(cli)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DataError("no such column"), "no such column"),
        (ChainError("no answer"), "no answer"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "run/rounds.jsonl"),
            "run/rounds.jsonl cannot be read or written: No space left on device; make room, and give the "
            "same command again",
        ),
        (OSError(errno.EIO, "Input/output error"), "something that this needs cannot be read or written: "),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), "the folder that this was called in is gone: "),
        (MemoryError("Unable to allocate 8 GiB"), "out of memory (Unable to allocate 8 GiB)"),
    ],
)
def test_a_command_ends_with_one_sentence(error, sentence):
    result = ending(error)
    assert result.exit_code == 1 and result.output.startswith(f"Error: {sentence}")
    assert result.output.count("\n") == 1


def test_who_stops_reading_is_told_nothing():
    result = ending(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert result.exit_code == 1 and result.output == ""


def test_a_fault_of_ours_is_none_of_the_worlds():
    assert isinstance(ending(KeyError("ours")).exception, KeyError)


def test_every_command_of_ours_does():
    for path in (Path(__file__).parents[2] / "scripts").glob("[!_]*.py"):
        cli = import_module(f"scripts.{path.stem}").cli
        for command in cli.commands.values() if isinstance(cli, click.Group) else [cli]:
            assert isinstance(command, Command), path
