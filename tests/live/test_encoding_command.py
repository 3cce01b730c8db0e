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


def test_a_file_that_is_missing_is_said(tmp_path):
    result = CliRunner().invoke(cli, ["--data", str(tmp_path / "no.csv"), "--out", str(tmp_path / "e.json")])
    assert result.exit_code == 1 and "there is no file" in result.output
