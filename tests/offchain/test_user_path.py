"""`~` stands for the user's home wherever a path is given: shells expand it in few of these places."""

import os
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ml.home import at_home
from ml.tasks.loading import Named
from offchain.live.deploying.book import named_files
from offchain.settings import load_settings
from offchain.user_path import OutPath, UserPath


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def commands():
    for file in sorted((Path(__file__).parents[2] / "scripts").glob("[a-z]*.py")):
        yield from walked(import_module(f"scripts.{file.stem}").cli, file.stem)


def walked(command, name):
    yield name, command
    for key, inner in getattr(command, "commands", {}).items():
        yield from walked(inner, f"{name} {key}")


def test_every_option_that_is_a_path_takes_it():
    paths = [
        (name, option.name, option.type)
        for name, command in commands()
        for option in command.params
        if isinstance(option.type, click.Path)
    ]
    assert len(paths) > 20
    assert [found for found in paths if not isinstance(found[2], UserPath)] == []


def test_an_option_gives_the_place(home):
    @click.command()
    @click.option("--out", type=UserPath(dir_okay=False))
    def cli(out):
        click.echo(out)

    assert CliRunner().invoke(cli, ["--out=~/a b.json"]).output == f"{home}/a b.json\n"
    assert CliRunner().invoke(cli, ["--out=~nobody-of-this-name/x"]).output == "~nobody-of-this-name/x\n"
    assert "is a directory" in CliRunner().invoke(cli, ["--out=~"]).output


@pytest.mark.parametrize(
    ("given", "folder", "why"),
    [
        ("new/deeper", True, None),
        ("new.json", False, None),
        ("file", True, "is a file"),
        ("file/below", True, "file is no folder"),
        ("closed/x.json", False, "this user may not write to"),
        ("x" * 300, True, "File name too long"),
        ("ring", False, "ring cannot be written: Too many levels of symbolic links"),
        ("ring", True, "ring cannot be written: Too many levels of symbolic links"),
        ("new/deeper.json", False, "/new; make it first"),
        ("nowhere", False, "/far; make it first"),
        ("nowhere", True, "nowhere cannot be written: it is a link to nothing"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_takes_long(given, folder, why, home, monkeypatch):
    (home / "file").touch()
    (home / "closed").mkdir()
    (home / "ring").symlink_to(home / "ring")
    (home / "nowhere").symlink_to(home / "far" / "x.json")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != home / "closed" and allowed(path, mode))

    @click.command()
    @click.option("--out", type=OutPath(folder))
    def cli(out):
        click.echo(out)

    result = CliRunner().invoke(cli, [f"--out={home / given}"])
    shown = " ".join(result.output.split())
    assert (result.exit_code, shown) == (0, str(home / given)) if why is None else why in shown


@pytest.mark.parametrize("path", ["https://example.org/rows.csv", "file:///rows.csv", "s3://bucket/rows.csv"])
def test_a_url_is_told_as_one(path, tmp_path, monkeypatch):
    with pytest.raises(click.BadParameter, match=f"^{path} is a URL, and a path is expected: download it"):
        UserPath().convert(path, None, None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "https:" / "example.org").mkdir(parents=True)
    assert UserPath().convert("https://example.org", None, None) == Path("https://example.org")


def test_outputs_are_such_paths():
    told = {
        name: option.type for name, command in commands() for option in command.params if option.name == "out"
    }
    assert len(told) > 8 and {type(kind) for kind in told.values()} == {OutPath}


def test_a_settings_file_gives_it(home):
    (home / "rows").mkdir()
    for number in range(5):
        (home / "rows" / f"{number}.csv").touch()
    (home / "own.yaml").write_text("task: lending-club\nclients_data: ~/rows\n")
    settings = load_settings(home / "own.yaml", {})
    assert settings.clients_data == home / "rows" and settings.clients == 5


def test_a_deployment_and_a_task_are_named_by_it(home):
    assert named_files("~/net.yaml")[1] == home / "net.json"
    (home / "mine.py").write_text("from stakefed import Task\n\n\nclass Mine(Task):\n    pass\n")
    assert Named("~/mine.py:Mine", {}).digest == Named(f"{home}/mine.py:Mine", {}).digest
    assert at_home("~") == home
