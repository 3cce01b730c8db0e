"""`ape run reproduce` as a person types it."""

import json

import pytest
from click.testing import CliRunner

from ml.tasks.built_in.lending_club.columns import numerical
from ml.tasks.built_in.loans.book import book
from offchain.errors import ReproductionError
from offchain.reproduction import reproduce as making
from scripts.reproduce import cli

AFTERWARDS = set(numerical("all")) - set(numerical("application"))

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


def test_the_list_needs_no_folder_that_can_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").write_text("in the way")
    assert reproduce("list").exit_code == 0
    assert "'--out'" in reproduce("fig6").output


def test_an_item_is_made_and_its_runs_are_kept(tmp_path):
    first = reproduce("fig6", *TINY, "--out", tmp_path / "out")
    assert first.exit_code == 0, first.output
    assert "0 of 8 runs are kept, 8 to play" in first.output
    assert {"fig6.csv", "fig6.png", "fig6.md", "study.json"} <= {p.name for p in (tmp_path / "out").iterdir()}
    again = reproduce("fig6", *TINY, "--out", tmp_path / "out")
    assert again.exit_code == 0 and "to play" not in again.output


@pytest.mark.parametrize(("given", "seconds"), [([], 600), (["--patience", "5"], 5)])
def test_runs_with_code_of_ones_own_have_the_patience_that_is_given(tmp_path, monkeypatch, given, seconds):
    def played(*arguments, patience):
        raise ReproductionError(f"after {patience:g} s")

    monkeypatch.setattr(making, "play_all", played)
    assert f"after {seconds} s" in reproduce("fig6", *TINY, *given, "--out", tmp_path / "out").output


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["fig99"], "there is no item 'fig99'; there are fig4, "),
        (["fig6", "--data", "nowhere.csv"], "nowhere.csv cannot be read: No such file or directory"),
        (["fig6", "--set", "clients"], "'clients' is no setting; expected NAME=VALUE"),
        (["fig6", "--set", "client=8"], "there is no setting 'client'; did you mean 'clients'?"),
        (["fig6", "--set", "clients=4"], "of 4 clients a share of 0.1 is nobody"),
        (["fig6", "--task", "nowhere.py:Mine"], "there is no task file nowhere.py"),
        (["fig14", "--task", "loans", "--data", "x.csv"], "task loans makes its own rows and takes no data"),
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


OWN = ["--task", "examples/breast_cancer.py:BreastCancer"]
FEW = ["--seeds", "1", "--rounds", "1", "--engine", "reference", "--set", "clients=5"]


def runs_of(folder):
    return [json.loads(file.read_text()) for file in sorted(folder.glob("runs/*/settings.json"))]


@pytest.mark.parametrize("item, own_runs", [("fig6", 8), ("fig14", 2)])
def test_a_task_of_ones_own_is_what_all_items_learn(item, own_runs, tmp_path):
    made = reproduce(item, *OWN, *FEW, "--out", tmp_path / "out")
    assert made.exit_code == 0, made.output
    runs = runs_of(tmp_path / "out")
    assert len(runs) == own_runs
    assert {run["task"] for run in runs} == {"examples/breast_cancer.py:BreastCancer"}
    # What the task says and --set says counts for both sections of the paper.
    assert {(run["metric"], run["clients"]) for run in runs} == {("likelihood", 5)}
    again = reproduce(item, *OWN, *FEW, "--out", tmp_path / "out")
    assert again.exit_code == 0 and "to play" not in again.output


def test_it_is_the_task_that_set_names(tmp_path):
    named, by_set = tmp_path / "named", tmp_path / "by_set"
    assert reproduce("fig6", *OWN, *FEW, "--set", "metric=accuracy", "--out", named).exit_code == 0
    told = ("--set", f"task={OWN[1]}", "--set", "metric=accuracy")
    assert reproduce("fig6", *FEW, *told, "--out", by_set).exit_code == 0
    names = [sorted(run.name for run in (folder / "runs").iterdir()) for folder in (named, by_set)]
    assert names[0] == names[1]


def test_a_file_of_rows_options_and_shares_reach_the_task(tmp_path, loans_csv):
    options = ["--task", "lending-club", "--task-option", "hidden=8", "--data", loans_csv]
    made = reproduce("fig6", *options, *FEW, "--allow-missing", "0.3", "--out", tmp_path / "out")
    assert made.exit_code == 0, made.output
    for run in runs_of(tmp_path / "out"):
        assert run["task_options"] == {"hidden": 8, "allow_missing": 0.3} and run["data"] == str(loans_csv)
    other = reproduce("fig6", *options, *FEW, "--allow-missing", "0.2", "--out", tmp_path / "out")
    assert other.exit_code == 1 and "holds results with choices {'allow_missing': 0.3}, not" in other.output


@pytest.mark.parametrize("item", ["table3", "fig6"])
def test_nothing_that_the_paper_reports_stands_beside_other_data(item, tmp_path, loans_csv):
    few = [item, *FEW]
    own = reproduce(*few, "--task", "lending-club", "--data", loans_csv, "--out", tmp_path / "own")
    papers = reproduce(*few, "--data", loans_csv, "--out", tmp_path / "papers")
    assert own.exit_code == papers.exit_code == 0, own.output + papers.output
    assert (tmp_path / "papers" / f"{item}-paper.csv").exists()
    assert not (tmp_path / "own" / f"{item}-paper.csv").exists() and "about 32" not in own.output


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ([*OWN, "--features", "all"], "--features is of the paper's own data; leave it out beside --task"),
        ([*OWN, "--images", "x.npz"], "--images is of the paper's own data; leave it out beside --task"),
        (["--clients-data", "folder"], "--clients-data is of a task: name it with --task"),
    ],
)
def test_what_is_of_the_papers_data_and_what_is_of_a_task_do_not_mix(arguments, sentence, tmp_path):
    result = reproduce("fig6", *arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2 and sentence in result.output and "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


@pytest.fixture
def loans_csv(tmp_path):
    book(400).assign(**dict.fromkeys(AFTERWARDS, 1.0)).to_csv(tmp_path / "loans.csv", index=False)
    return tmp_path / "loans.csv"


def test_results_of_other_settings_are_kept(tmp_path):
    assert reproduce("fig6", *TINY, "--out", tmp_path / "out").exit_code == 0
    before = {p: p.read_bytes() for p in (tmp_path / "out").glob("*.*")}
    result = reproduce("fig6", *TINY, "--features", "application", "--out", tmp_path / "out")
    assert result.exit_code == 1 and "holds results with features all, not application" in result.output
    assert {p: p.read_bytes() for p in (tmp_path / "out").glob("*.*")} == before
