"""`ape run reproduce` as a person types it."""

import pytest
from click.testing import CliRunner

from scripts.reproduce import cli

TINY = [
    *("--seeds", "1", "--rounds", "2", "--engine", "reference"),
    *("--set", "clients=8", "--set", "rows=800", "--set", "proposer_bps=3000"),
]


def reproduce(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_the_list_names_every_item():
    result = reproduce("list")
    assert result.exit_code == 0
    for name in ("fig4", "fig5", "fig14", "table3", "table4", "cost", "theorem1"):
        assert f" {name} " in result.output


def test_an_item_is_made_and_its_runs_are_kept(tmp_path):
    first = reproduce("fig6", *TINY, "--out", tmp_path / "out")
    assert first.exit_code == 0, first.output
    assert "0 of 8 runs are kept, 8 to play" in first.output
    assert {"fig6.csv", "fig6.png", "fig6.md", "study.json"} <= {p.name for p in (tmp_path / "out").iterdir()}
    again = reproduce("fig6", *TINY, "--out", tmp_path / "out")
    assert again.exit_code == 0 and "to play" not in again.output


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["fig99"], "there is no item 'fig99'; there are fig4, "),
        (["fig6", "--data", "nowhere.csv"], "nowhere.csv cannot be read: No such file or directory"),
        (["fig6", "--set", "clients"], "'clients' is no setting; expected NAME=VALUE"),
        (["fig6", "--set", "client=8"], "there is no setting 'client'; did you mean 'clients'?"),
        (["fig6", "--cluster", "host"], "cluster 'host' is not an address such as dask://HOST:8786"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(arguments, sentence, tmp_path):
    result = reproduce(*arguments, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert (
        result.output.startswith("Error: ") and sentence in result.output and "Traceback" not in result.output
    )
    assert not (tmp_path / "out").exists()


def test_results_of_other_settings_are_kept(tmp_path):
    assert reproduce("fig6", *TINY, "--out", tmp_path / "out").exit_code == 0
    before = {p: p.read_bytes() for p in (tmp_path / "out").glob("*.*")}
    result = reproduce("fig6", *TINY, "--features", "application", "--out", tmp_path / "out")
    assert result.exit_code == 1 and "holds results with features all, not application" in result.output
    assert {p: p.read_bytes() for p in (tmp_path / "out").glob("*.*")} == before
