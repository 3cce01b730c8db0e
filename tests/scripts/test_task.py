"""`ape run task`, and `ape run simulate --task`: a file of a user's own, from its first look to a run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.simulate import cli as simulate
from scripts.task import cli as task

ROOT = Path(__file__).resolve().parents[2]
OWN = """
import numpy as np
from torch import nn
from stakefed import Classes, Rows, Task

class Flowers(Task):
    target = Classes(3)
    def module(self):
        return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
    def rows(self, path):
        table = np.loadtxt(path, delimiter=",")
        return Rows(table[:, :2], table[:, 2])
    def metrics(self, outputs, targets):
        return {"sure": float(outputs.softmax(1).max(1).values.mean())}
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A task's file and a table of three heaps of points, in the folder where commands run."""
    monkeypatch.chdir(tmp_path)
    generator = np_generator()
    classes = generator.integers(0, 3, 600)
    points = generator.normal(size=(600, 2)) * 0.4 + [[0, 0], [2, 0], [0, 2]][0]
    points += [[[0, 0], [2, 0], [0, 2]][k] for k in classes]
    lines = [f"{x:.5f},{y:.5f},{k}" for (x, y), k in zip(points, classes, strict=True)]
    Path("flowers.csv").write_text("\n".join(lines))
    Path("own.py").write_text(OWN)
    return "own.py:Flowers"


def np_generator():
    import numpy as np

    return np.random.default_rng(0)


def said(command, *options, code=0):
    result = CliRunner().invoke(command, [str(option) for option in options])
    assert result.exit_code == code, result.output
    return result.output


def test_a_task_is_checked_on_one_page(own):
    page = said(task, "check", "--task", own, "--data", "flowers.csv")
    for words in ("Classes(3)", "480 to train on, 120 to judge by", "the same bytes", "nine times in ten"):
        assert words in page


def test_rows_of_a_file_are_no_share_of_what_a_task_makes(own):
    told = said(task, "check", "--task", own, "--data", "flowers.csv", "--share", "2/8", code=1)
    assert "give --data FILE, or --share 2/8" in " ".join(told.split()) and "to train on" not in told


def test_rows_that_a_task_draws_are_told(own):
    Path("own.py").write_text(
        OWN.replace("table[:, :2],", "table[:, :2] + np.random.default_rng().random(2),")
    )
    told = said(task, "check", "--task", own, "--data", "flowers.csv", code=1)
    assert "rows() returns other inputs when it reads flowers.csv again" in " ".join(told.split())


@pytest.mark.parametrize(
    ("told", "method", "returned"),
    [
        ("a loss must be of its row only", "losses", "{} * outputs.std()"),
        ("losses of 32 rows have shape []", "losses", "{}.mean()"),
        ("a row's loss is nan", "losses", "{} * float('nan')"),
        ("expected a tensor of one number a row", "losses", "list({})"),
        ("metrics returns 'many' for 'right', expected a number", "metrics", "{{'right': 'many'}}"),
    ],
)
def test_a_task_that_nobody_could_judge_by_is_not_simulated_and_leaves_no_folder(own, told, method, returned):
    cross = "nn.functional.cross_entropy(outputs, targets, reduction='none')"
    Path("own.py").write_text(
        f"{OWN}    def {method}(self, outputs, targets):\n        return {returned.format(cross)}\n"
    )
    options = ("--engine", "reference", "--clients", 6, "--rounds", 1, "--out", "out")
    assert told in " ".join(said(simulate, "--task", own, "--data", "flowers.csv", *options, code=1).split())
    assert not Path("out").exists()


def test_a_task_of_ones_own_runs_in_a_simulation(own):
    options = ("--engine", "reference", "--clients", 6, "--rounds", 4, "--local-epochs", 6, "--malicious", 0)
    told = said(simulate, "--task", own, "--data", "flowers.csv", *options, "--out", "out")
    summary = json.loads(Path("out/summary.json").read_text())
    assert set(summary["scores"]) == {"accuracy", "auroc", "loss", "sure"}
    assert summary["auroc"] > 0.85 and summary["config"]["metric"] == "likelihood" and "sure" in told


@pytest.mark.parametrize(
    "options, noted",
    [((), False), (("--policy", "evidence-beyond-noise"), True), (("--defence", "median"), False)],
)
def test_who_simulates_so_small_a_model_is_told_what_its_voters_do_not_see(own, options, noted):
    some = ("--engine", "reference", "--clients", 6, "--rounds", 1, "--out", "out", *options)
    told = " ".join(said(simulate, "--task", own, "--data", "flowers.csv", *some).split())
    assert ("asks for no direction, so that what raises a voter's loss" in told) is noted


def test_a_file_for_each_client_is_a_real_partition(own):
    Path("clients").mkdir()
    lines = Path("flowers.csv").read_text().splitlines()
    for client in range(5):
        Path(f"clients/{client}.csv").write_text("\n".join(lines[client * 100 : (client + 1) * 100]))
    options = ("--engine", "reference", "--rounds", 1, "--malicious", 0, "--out", "out")
    said(simulate, "--task", own, "--clients-data", "clients", *options)
    assert json.loads(Path("out/summary.json").read_text())["config"]["clients"] == 5


def test_what_is_wrong_with_a_task_is_one_sentence(own):
    for options, words in (
        (("--task", own), "needs data, the path of a file or folder of rows"),
        (("--task", "none.py:Own", "--data", "flowers.csv"), "there is no task file none.py"),
        (
            ("--task", own, "--data", "none.csv"),
            "there is no file none.csv; the task reads a file or folder of rows",
        ),
        (("--task", own, "--data", "flowers.csv", "--metric", "f1"), "which Classes(3) does not have"),
    ):
        told = said(simulate, *options, "--engine", "reference", code=1).strip()
        assert words in told and "\n" not in told and "Traceback" not in told
    assert not Path("runs").exists()


def test_ape_itself_finds_what_a_task_imports(own, tmp_path):
    ape = Path(sys.executable).with_name("ape")
    command = [ape, "run", "task", "check", "--task", tmp_path / own, "--data", tmp_path / "flowers.csv"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "can tell apart" in done.stdout, done.stdout + done.stderr
