"""What the best constant loses: the yardstick for what a model knows at all."""

from typing import Any

import numpy as np

from ml.data.rows import Targets
from ml.tasks.targets import Classes, Labels, Numbers, is_known
from ml.tasks.task import Task


def constant_loss(task: Task, known: Targets, judged: Targets) -> float | None:
    """Return the mean loss on `judged` targets of the constant that `known` ones make best.

    None for other targets and for losses of the task's own, whose best constant nobody knows.
    """
    if type(task).losses is not Task.losses:
        return None
    y: Any = known
    other: Any = judged
    if isinstance(task.target, Labels):
        chance = np.clip(np.nanmean(y, axis=0), 1e-6, 1 - 1e-6)
        return float(-np.nanmean(other * np.log(chance) + (1 - other) * np.log(1 - chance)))
    if isinstance(task.target, Numbers):
        return float(np.nanmean((other - np.nanmean(y, axis=0)) ** 2 / 2))
    if isinstance(task.target, Classes):
        counts = np.bincount(y[is_known(y)].ravel(), minlength=task.target.count)
        chances = np.maximum(counts, 1e-6) / max(1, counts.sum())
        return float(-np.log(chances[other[is_known(other)].ravel()]).mean())
    return None
