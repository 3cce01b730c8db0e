"""What the best constant loses: the yardstick for what a model knows at all."""

from typing import Any

import numpy as np

from ml.blame import blamed
from ml.data.rows import Targets, length
from ml.tasks.targets import Classes, Labels, Numbers, is_known
from ml.tasks.task import Task

_STEPS = 100


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


def base_rates(labels: Any) -> Any:
    """Return labels [rows, *label] that teach nothing: of every row how often each is 1, float32; NaN stays.

    >>> base_rates(np.array([1, 0, 0, np.nan], np.float32))
    array([0.33333334, 0.33333334, 0.33333334,        nan], dtype=float32)
    """
    unknown = np.isnan(labels)
    counts = np.maximum(1, (~unknown).sum(axis=0))
    rates = np.where(unknown, 0, labels).sum(axis=0, dtype=np.float64) / counts
    return np.where(unknown, np.nan, rates).astype(np.float32)


def searched_constant_loss(task: Task, outputs: Any, known: Targets, judged: Targets) -> float | None:
    """Return the mean loss on `judged` targets of the output that, said of every row, loses least on `known`.

    It is searched for by L-BFGS, since of losses of a task's own nobody knows it beforehand.

    Args:
        task: What judges.
        outputs: Of its module for some rows, to begin with; float [rows, *shape].
        known: Targets that the constant is of.
        judged: Targets that it is judged by.

    Returns:
        None where outputs are several arrays, or no constant loses something finite.

    Raises:
        TaskError: When the losses fail.
    """
    import torch

    from ml.tasks.batches import as_tensors

    if isinstance(outputs, dict | list | tuple):
        return None
    start = as_tensors(outputs, "cpu").float().mean(0, keepdim=True)
    constant = start.clone().requires_grad_()
    targets, others = (as_tensors(each, "cpu") for each in (known, judged))

    def mean_loss(of: Any) -> torch.Tensor:
        return task.losses(constant.expand(length(of), *constant.shape[1:]), of).mean()

    search = torch.optim.LBFGS([constant], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        search.zero_grad()
        loss = mean_loss(targets)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with blamed("losses"):
        search.step(closure)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            found = float(mean_loss(others))
    return found if np.isfinite(found) else None
