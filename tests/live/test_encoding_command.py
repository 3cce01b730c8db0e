import pytest
import yaml
from click.testing import CliRunner

from ml.tasks.built_in.lending_club.common_encoding import read_encoding
from ml.tasks.built_in.loans.book import book
from scripts.encoding import cli
from scripts.task import cli as task


def test_founders_write_the_encoding_and_are_told_what_to_configure(tmp_path):
    book(300).to_csv(tmp_path / "public.csv", index=False)
    out = tmp_path / "encoding.json"
    result = CliRunner().invoke(cli, ["--data", str(tmp_path / "public.csv"), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert read_encoding(out).inputs > 0
    describe = result.output.splitlines()[-1].removeprefix("  ape run task ").split()
    described = CliRunner().invoke(task, describe)
    assert described.exit_code == 0, described.output
    assert yaml.safe_load(described.output)["learning"]["task_options"] == {"encoding": str(out)}


def test_a_built_in_task_is_named_with_its_options(tmp_path):
    book(300).to_csv(tmp_path / "public.csv", index=False)
    public = ["--data", str(tmp_path / "public.csv"), "--out"]
    task = ["--task", "lending-club", "--task-option", "features=application"]
    for name, options in {"named": task, "former": ["--features", "application"], "bare": []}.items():
        result = CliRunner().invoke(cli, [*public, str(tmp_path / name), *options])
        assert result.exit_code == 0, result.output
    assert len({(tmp_path / name).read_bytes() for name in ("named", "former", "bare")}) == 1


@pytest.mark.parametrize(
    "arguments, told",
    [
        (
            ["--task", "loans"],
            "task 'loans' has no encoding of its own; of a table, name its --target COLUMN",
        ),
        (["--task", "mine.py:Mine"], "task 'mine.py:Mine' has no encoding of its own"),
        (["--target", "loan_status", "--task", "loans"], "leave --task and options of a task out"),
        (["--target", "loan_status", "--features", "all"], "leave --task and options of a task out"),
        (
            ["--features", "most"],
            "task lending-club: option features: Input should be 'application' or 'all'",
        ),
        (["--features", "all"], "(as task lending-club reads it: name --target COLUMN of a table of yours)"),
    ],
)
def test_what_no_task_encodes_is_one_sentence_and_nothing_is_written(arguments, told, tmp_path):
    book(300).to_csv(tmp_path / "public.csv", index=False)
    out = tmp_path / "encoding.json"
    result = CliRunner().invoke(cli, ["--data", str(tmp_path / "public.csv"), "--out", str(out), *arguments])
    assert result.exit_code in (1, 2) and told in result.output and not out.exists()


def test_a_file_that_is_missing_is_said(tmp_path):
    result = CliRunner().invoke(cli, ["--data", str(tmp_path / "no.csv"), "--out", str(tmp_path / "e.json")])
    assert result.exit_code == 1 and "there is no file" in result.output
