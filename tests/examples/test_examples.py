"""The examples that docs/TASKS.md names, by the commands that they name."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.encoding import cli as encoding
from scripts.simulate import cli as simulate
from scripts.task import cli as task

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MADE_BY = {"signals.npz": "signals.py", "notes.csv": "text.py", "admissions.csv": "hospital.py"}
TABLE = "readmission.json"
TASKS = {
    "breast_cancer.py:BreastCancer": None,
    "wine.py:Wine": None,
    "diabetes.py:Diabetes": None,
    "signals.py:Rhythm": "signals.npz",
    "text.py:Notes": "notes.csv",
    "adapters.py:Adapted": "notes.csv",
    "flower_task.py:Digits": None,
    TABLE: "admissions.csv",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of what the examples' scripts write."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        for name, script in MADE_BY.items():
            patch.setattr(sys, "argv", [script, str(folder / name)])
            runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    wishes = ("--target", "readmitted", "--group", "patient")
    told = run(encoding, "--data", folder / "admissions.csv", *wishes, "--out", folder / TABLE)
    assert "left out: note: free text" in told and "lactate: number, 1.7" in told
    return folder


def arguments(name, made):
    data = TASKS[name]
    place = made if name == TABLE else EXAMPLES
    return ["--task", f"{place}/{name}", *(["--data", str(made / data)] if data else [])]


def run(command, *given):
    result = CliRunner().invoke(command, [*map(str, given)])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_example_is_tried():
    files = {name.split(":")[0] for name in TASKS} - {TABLE} | {"hospital.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == files


@pytest.mark.parametrize("name", TASKS)
def test_it_learns_and_who_flips_labels_ends_poorer(name, made, tmp_path):
    out, alone = tmp_path / "run", tmp_path / "alone.yaml"
    alone.write_text("baselines: false\n")  # What it is compared with is not looked at here.
    options = ("--engine", "reference", "--clients", 6, "--rounds", 12, "--malicious", 0.3, "--out", out)
    run(simulate, *arguments(name, made), *options, "--settings", alone)
    told = json.loads((out / "summary.json").read_text())
    assert told["tokens"]["malicious_mean"] < told["tokens"]["honest_mean"]
    rounds = [json.loads(line) for line in (out / "rounds.jsonl").read_text().splitlines()]
    assert rounds[-1]["scores"]["loss"] < rounds[0]["scores"]["loss"]


@pytest.mark.parametrize("name", TASKS)
def test_a_member_may_check_it(name, made):
    share = () if TASKS[name] else ("--share", "0/6")
    page = run(task, "check", *arguments(name, made), *share)
    assert "digest 0x" in page and "the same bytes" in page


def test_adapters_and_head_alone_are_sent(made):
    page = run(task, "check", *arguments("adapters.py:Adapted", made))
    frozen = (EXAMPLES / "adapters.safetensors").stat().st_size // 4
    assert "1,313 parameters" in page and 1313 * 25 < frozen


def test_a_task_file_of_flower_goes_on_working_as_one():
    file = runpy.run_path(str(EXAMPLES / "flower_task.py"))
    net, (trained, tested) = file["Net"](), file["load_data"](0, 4)
    before, _ = file["test"](net, tested, "cpu")
    file["train"](net, trained, 3, 0.05, "cpu")
    assert file["test"](net, tested, "cpu")[0] < before
