"""A member's rows for a described task: a file of its own, or a share of what the task makes."""

from pathlib import Path

from ml.data.splits import ClientData
from ml.judging.metrics import needs_outcomes
from ml.settings import SplitSettings
from ml.tasks.federating import federate
from ml.tasks.task import Task, settings_of
from offchain.errors import SettingsError


def share_of(task: Task, index: int, of: int, seed: int, metric: str) -> ClientData:
    """Return share `index`, from 0, of `of` shares of the rows that a task makes; those of a simulation.

    Raises:
        SettingsError: When there is no such share, or the task makes no rows.
        MLError: When the task's rows cannot be made or are too few.
    """
    if not 0 <= index < of:
        raise SettingsError(f"--share is {index}/{of}: shares of {of} are 0/{of} to {of - 1}/{of}")
    if task.takes:
        raise SettingsError(f"the task makes no rows of which to take a share; it needs --data, {task.takes}")
    shares = str(settings_of(task).get("shares", SplitSettings().shares))
    settings = SplitSettings(clients=of, seed=seed, shares=shares)
    return federate(task, None, settings, scored=needs_outcomes(metric)).clients[index]


def require_path(task: Task, path: Path) -> None:
    """Raise SettingsError when there is nothing at a path, or the task reads none."""
    if not task.takes:
        raise SettingsError("the task makes its rows and reads none; give --share in place of --data")
    if not path.exists():
        raise SettingsError(f"there is no file {path}; the task reads {task.takes}")
