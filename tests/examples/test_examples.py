"""The examples that docs/TASKS.md names, by the commands that they name."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.simulate import cli as simulate
from scripts.task import cli as task

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TASKS = ["breast_cancer.py:BreastCancer", "wine.py:Wine", "diabetes.py:Diabetes"]


def run(command, *arguments):
    result = CliRunner().invoke(command, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_example_is_tried():
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(n.split(":")[0] for n in TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_it_learns_and_who_flips_labels_ends_poorer(name, tmp_path):
    out = tmp_path / "run"
    run(
        simulate,
        *("--task", f"{EXAMPLES}/{name}", "--engine", "reference", "--clients", 6, "--rounds", 20),
        *("--malicious", 0.3, "--out", out),
    )
    told = json.loads((out / "summary.json").read_text())
    assert told["tokens"]["malicious_mean"] < told["tokens"]["honest_mean"]
    rounds = [json.loads(line) for line in (out / "rounds.jsonl").read_text().splitlines()]
    losses = [each["scores"]["loss"] for each in rounds]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", TASKS)
def test_its_page_is_told_before_anyone_stakes(name):
    assert "digest" in run(task, "check", "--task", f"{EXAMPLES}/{name}", "--share", "0/6").lower()
