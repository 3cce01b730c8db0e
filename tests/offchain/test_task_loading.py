"""A task whose file takes long to run is said to, whichever command loads it."""

from contextlib import suppress

import pytest

from ml.errors import TaskError
from offchain import noticing
from offchain.learning.catalogue import Sample
from offchain.settings import SimulationSettings

SLOW = """
import time
from torch import nn
from stakefed import Labels, Rows, Task

time.sleep({seconds})

class Slow(Task):
    target = Labels()

    def module(self):
        return nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
"""


@pytest.mark.parametrize(("seconds", "notice"), [(0.6, 0.2), (0, 0.2)])
@pytest.mark.parametrize(
    "load",
    [
        lambda name, rows: SimulationSettings(task=name, data=rows),
        lambda name, rows: Sample.of(name, {}, rows, None, 0),
    ],
    ids=["simulate", "task check"],
)
def test_a_task_that_takes_long_to_load_is_said(tmp_path, monkeypatch, caplog, load, seconds, notice):
    (tmp_path / "slow.py").write_text(SLOW.format(seconds=seconds))
    monkeypatch.setattr(noticing, "NOTICE_SECONDS", notice)
    name = f"{tmp_path}/slow.py"
    (tmp_path / "rows.csv").touch()
    with suppress(TaskError):  # It reads no rows.
        load(name, tmp_path / "rows.csv")
    told = f"task {name} has been loading for 0.2 s; Ctrl-C ends it"
    assert caplog.messages == [told] * bool(seconds)
