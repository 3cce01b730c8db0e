"""The page that `ape run task check` tells, beside what it must not say."""

import re

import numpy as np
import pytest
from click.testing import CliRunner

from ml.tasks.targets import Labels
from offchain import memory
from offchain.learning.task_check import _balance
from scripts.task import cli as task

OWN = """
import numpy as np
from torch import nn
from stakefed import Numbers, Other, Rows, Task

class Line(Task):
    target = Numbers()
    takes = ""
    def module(self): return nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    def rows(self, path):
        x = np.random.default_rng(0).standard_normal((4000, 2))
        return Rows(x, x[:, 0])

class Absolute(Line):
    def losses(self, outputs, targets): return (outputs - targets - 0.3).abs()

class Both(Line):
    target = Other()
    def module(self): return Two()
    def losses(self, outputs, targets): return (outputs["here"] - targets).square()

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(2, 1)
    def forward(self, x): return {"here": self.line(x).flatten()}
"""


def checked(folder, name, more=""):
    (folder / "own.py").write_text(OWN + more)
    return CliRunner().invoke(task, ["check", "--task", f"{folder}/own.py:{name}", "--share", "0/1"])


@pytest.mark.parametrize("name, loses", [("Line", "variance"), ("Absolute", "median"), ("Both", None)])
def test_a_constant_is_told_beside_losses_of_a_frame_and_of_ones_own(name, loses, tmp_path):
    result = checked(tmp_path, name)
    assert result.exit_code == 0, result.output
    seen = int(re.search(r"memory +([\d,]+) MiB at most", result.output)[1].replace(",", ""))
    assert 0 < seen <= memory.peak() >> 20
    assert ("of the best constant" in result.output) is (loses is not None)
    if loses:
        told = float(re.search(r"of the best constant ([\d.]+)", result.output)[1])
        # Of normal numbers: half their variance, and their mean distance from the median.
        assert told == pytest.approx({"variance": 0.5, "median": np.sqrt(2 / np.pi)}[loses], rel=0.1)
        assert "knows" in result.output


def test_what_a_vote_tells_apart_is_of_half_a_step_on_the_rows_that_it_judges_by(tmp_path):
    result = checked(tmp_path, "Line", 'Line.simulation = {"learning_rate": 1e-4}')
    assert re.search(
        r"a rise of loss of [\d.]+, nine times in ten, on 640 rows at half a step", result.output
    )


def test_rows_that_do_not_show_what_labels_teach_are_told(tmp_path):
    """Of targets that hardly follow from rows, and of few rows, own changes add less than what is noise."""
    chance = """
def drawn(self, path):
    draws = np.random.default_rng(0).standard_normal((300, 3))
    return Rows(draws[:, :2], draws[:, 2])
Line.rows = drawn
"""
    assert "count as noise" not in checked(tmp_path, "Late", KINDS).output
    told = checked(tmp_path, "Line", chance).output
    assert re.search(r"adds -?[\d.]+ to the contrast of its rows at first, and [\d.]+ count as noise", told)


KINDS = """
from stakefed import Classes, Labels

class Late(Line):
    target = Labels()
    def rows(self, path):
        x = np.random.default_rng(0).standard_normal((4000, 2))
        return Rows(x, x[:, 0] > 0)

class Likely(Late):
    def module(self): return nn.Sequential(nn.Linear(2, 1), nn.Sigmoid(), nn.Flatten(0))

class Own(Likely):
    def losses(self, outputs, targets): return (outputs - targets).square()

class Kind(Late):
    target = Classes(3)
    def module(self): return nn.Linear(2, 3)
    def rows(self, path):
        rows = super().rows(path)
        return Rows(rows.inputs, np.digitize(rows.inputs[:, 0], [-1, 1]))

class Shares(Kind):
    def module(self): return nn.Sequential(nn.Linear(2, 3), nn.Softmax(1))
"""


@pytest.mark.parametrize(
    "name, told", [("Late", False), ("Likely", True), ("Own", False), ("Kind", False), ("Shares", True)]
)
def test_probabilities_in_place_of_logits_are_told(name, told, tmp_path):
    result = checked(tmp_path, name, KINDS)
    assert result.exit_code == 0, result.output
    assert ("leave out its last sigmoid or softmax" in result.output) is told


def test_a_name_that_is_no_setting_is_told_before_anything_is_tried(tmp_path):
    result = checked(tmp_path, "Line", 'Line.simulation = {"lerning_rate": 1}')
    assert "there is no setting 'lerning_rate'; did you mean 'learning_rate'?" in result.output
    assert result.exit_code == 1 and "start checks" not in result.output


@pytest.mark.parametrize(
    "target, told",
    [
        (Labels(2, names=("ill", "dead")), "positive ill 25.0%, dead 75.0%"),
        (Labels(2), "positive 25.0%, 75.0%"),
    ],
)
def test_shares_of_labels_are_told_by_their_names(target, told):
    assert _balance(target, np.array([[1, 1], [0, 1], [0, 1], [0, 0]], np.float32)) == told


def test_a_likelihood_that_a_loss_of_ones_own_makes_tiny_is_no_nought(tmp_path):
    shifted = """
class Shifted(Line):
    def losses(self, outputs, targets): return (outputs - targets).square() + 12
"""
    assert re.search(
        r"likelihood +genesis \d\.\d+e-06, after \d\.\d+e-06", checked(tmp_path, "Shifted", shifted).output
    )
    assert re.search(r"likelihood +genesis 0\.\d{3}, after 0\.\d{3}", checked(tmp_path, "Line").output)
