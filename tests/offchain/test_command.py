"""Whatever a command runs into ends it with one sentence."""

import errno
import os
import signal
from importlib import import_module
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from full_disk import room_for

from ml.errors import DataError
from ml.updates.schema import Schema
from offchain.command import Command, run_each_script_once
from offchain.errors import ChainError, ReproductionError, SettingsError
from offchain.learning.genesis import write_genesis
from offchain.live.deploying.book import replace_text, writing_alone
from offchain.live.errors import ConfigurationError
from offchain.reproduction.claimed_folder import claim
from offchain.reproduction.kept_runs import KeptRuns


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
        (
            OSError(errno.EACCES, os.strerror(errno.EACCES), "run"),
            "run cannot be read or written: Permission denied; give this user the right to it, or choose",
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


@pytest.mark.parametrize(
    ("write", "refused"),
    [
        (lambda path: replace_text(path, "a book"), ConfigurationError),
        (lambda path: claim(path, "grid.json", {"grid": 1}), ReproductionError),
        (lambda path: write_genesis(path, np.zeros(2, np.int32), Schema((("a", (2,)),))), SettingsError),
    ],
)
def test_whatever_is_written_a_full_disk_is_told_with_what_helps(tmp_path, write, refused):
    with room_for(1), pytest.raises(refused) as told:
        write(tmp_path / "file")
    assert str(told.value) == (
        f"{tmp_path / 'file'} cannot be read or written: File too large; this user may write no larger files "
        "(ulimit -f)"
    )


def taken(path):
    with writing_alone(path):
        pass


def held(path):
    with KeptRuns(path).held():
        pass


@pytest.mark.parametrize(("use", "refused"), [(taken, ConfigurationError), (held, ReproductionError)])
def test_a_place_that_cannot_be_taken_is_named_as_it_was_given(tmp_path, use, refused):
    (tmp_path / "file").touch()
    with pytest.raises(refused, match=f"{tmp_path}/file/place cannot be read or written: Not a directory"):
        use(tmp_path / "file" / "place")


def test_who_stops_reading_is_told_nothing():
    result = ending(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert result.exit_code == 1 and result.output == ""


def test_a_fault_of_ours_is_none_of_the_worlds():
    assert isinstance(ending(KeyError("ours")).exception, KeyError)


PLAYED = "What was played is kept; the same command goes on from there."
LONG = [
    ("arena", "offchain.arena.checking.checked_cells", [], PLAYED),
    ("bench", "offchain.bench.bench.measure_all", [], PLAYED.replace("played", "measured")),
    (
        "deploy",
        "scripts.deploy.load_configuration",
        ["--account", "x"],
        "To continue: the same command again.",
    ),
    ("reproduce", "offchain.reproduction.reproduce.planned", ["fig4"], PLAYED),
    ("simulate", "offchain.runs.run.start_run", [], "Nothing was written."),
]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize(("name", "inside", "more", "goes_on"), LONG, ids=[each[0] for each in LONG])
def test_a_long_command_that_is_told_to_end_says_how_it_goes_on(
    tmp_path, monkeypatch, terminal_that_closes, name, inside, more, goes_on, number
):
    (tmp_path / "net.yaml").touch()
    where = ["--config", tmp_path / "net.yaml"] if name == "deploy" else ["--out", tmp_path / "out"]
    cli, before = import_module(f"scripts.{name}").cli, signal.getsignal(number)
    monkeypatch.setattr(inside, lambda *_, **__: signal.raise_signal(number))
    result = CliRunner().invoke(cli, [*map(str, where), *more])
    assert (result.exit_code, result.output) == (130, f"Interrupted. {goes_on}\n")
    assert signal.getsignal(number) is before


def test_every_command_of_ours_does():
    for path in (Path(__file__).parents[2] / "scripts").glob("[!_]*.py"):
        cli = import_module(f"scripts.{path.stem}").cli
        for command in cli.commands.values() if isinstance(cli, click.Group) else [cli]:
            assert isinstance(command, Command), path


def test_ape_runs_each_script_once_for_the_list_of_all(tmp_path, monkeypatch):
    from ape_run._cli import ScriptCommand

    folder = tmp_path / "scripts"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.py").write_text(
            "from pathlib import Path\nimport click\nfrom offchain.command import Command\n"
            f"with Path({str(tmp_path / 'runs')!r}).open('a') as file:\n    file.write('{name} ')\n"
            f"@click.command(cls=Command)\ndef cli():\n    click.echo('{name} ran')\n"
        )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ScriptCommand, "_get_command", ScriptCommand._get_command)
    run_each_script_once()  # As when Ape was there first.
    command = ScriptCommand(name="run", params=[click.Option(["--interactive"], is_flag=True)])
    told = CliRunner().invoke(command, ["--help"])
    assert [word for word in told.output.split() if word in ("one", "two", "three")] == [
        "one",
        "three",
        "two",
    ]
    assert sorted((tmp_path / "runs").read_text().split()) == ["one", "three", "two"]
    assert CliRunner().invoke(command, ["two"]).output == "two ran\n"
