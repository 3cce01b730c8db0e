"""The page that `ape run task check` tells, beside what it must not say."""

import pytest
from click.testing import CliRunner

from scripts.task import cli as task

OWN = """
import numpy as np
from torch import nn
from stakefed import Numbers, Rows, Task

class Line(Task):
    target = Numbers()
    takes = ""
    def module(self): return nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    def rows(self, path):
        x = np.random.default_rng(0).standard_normal((240, 2))
        return Rows(x, x[:, 0])

class Absolute(Line):
    def losses(self, outputs, targets): return (outputs - targets).abs()
"""


@pytest.mark.parametrize("name, told", [("Line", True), ("Absolute", False)])
def test_a_constant_is_told_beside_losses_it_is_of(name, told, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    result = CliRunner().invoke(task, ["check", "--task", f"{tmp_path}/own.py:{name}"])
    assert result.exit_code == 0, result.output
    assert ("of the best constant" in result.output) is told
