"""From a task and a path to the rows of every client of a simulation, or of one member."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.blame import blamed
from ml.data.rows import Rows, Targets, taken
from ml.data.shares import require_share
from ml.data.splits import (
    VALIDATION_SHARE,
    ClientData,
    FederatedData,
    Kinds,
    cut,
    gathered,
    require_left,
    split_members,
    split_rows,
)
from ml.data.stored_rows import StoredRows
from ml.errors import DataError, TaskError
from ml.messages import counted
from ml.seeds import derive_seed
from ml.settings import SplitSettings
from ml.tasks.targets import Classes, Labels, Numbers, Target, is_known, kinds, require_learnable, varies
from ml.tasks.task import Task

_SAMPLE, _SPLIT = 0, 1  # Under a run's seed.
_BLOCK = 1 << 20  # Numbers that are looked at at a time.
_LARGE = 5.0
"""Root of the mean square of targets, or one over it, from which they are not standardised ones."""
_OUTLYING = 0.9
"""Share of squares that a hundredth of the rows make, from which it is told."""
_BESIDE = ("groups", "times", "test", "apart", "columns", "names", "usage", "told")


def read_rows(task: Task, path: Path | None) -> Rows:
    """Return a member's rows as the task reads them, with targets checked and inputs finite.

    Raises:
        DataError: When a target or an input is not what the task says, or nothing or a pipe is at the path.
        TaskError: When the task's code fails.
    """
    if path is not None and path.exists() and not (path.is_file() or path.is_dir()):
        raise DataError(f"{path} is no regular file but a pipe or a device; the task reads {task.takes}")
    try:
        with blamed("rows"):
            rows = task.rows(path)
    except TaskError as error:
        if path is None or path.exists() or not isinstance(error.__cause__, OSError):
            raise
        raise DataError(f"there is no file {path}; the task reads {task.takes}") from error
    if not isinstance(rows, Rows):
        raise DataError(f"the task's rows() returns {type(rows).__name__}, expected Rows")
    targets = task.target.read(rows.targets)
    for name, array in _arrays(rows.inputs):
        if (place := _first_not_finite(array)) is not None:
            raise DataError(
                f"row {place} has an input{name} that is not finite; fill gaps where rows are made"
            )
    beside = {name: getattr(rows, name) for name in _BESIDE}
    beside["told"] = (*rows.told, *_doubtful(task, rows, targets))
    return Rows(rows.inputs, targets, **beside)


def _doubtful(task: Task, rows: Rows, targets: Targets) -> list[str]:
    """Sentences on numbers of which a squared error, where that is the loss, says little."""
    if not isinstance(task.target, Numbers) or type(task).losses is not Task.losses:
        return []
    columns = np.asarray(targets, np.float64).reshape(len(rows), -1)
    names = task.target.names or [f"output {place}" for place in range(columns.shape[1])]
    found = []
    for name, column in zip(names, columns.T, strict=True):
        known = column[np.isfinite(column)]
        of = f" of {name}" if len(names) > 1 else ""
        if len(known):
            found += [*([] if rows.usage else _unscaled(of, known)), *_outlying(of, known)]
    return found


def _unscaled(of: str, known: NDArray[np.float64]) -> list[str]:
    if 1 / _LARGE <= np.sqrt((known**2).mean()) <= _LARGE:
        return []
    return [
        f"targets{of} are {known.mean():.4g} ± {known.std():.3g}: losses are in squares of that unit, and so "
        "is the tolerance of a vote; give (target - mean) / deviation, by numbers that all members share"
    ]


def _outlying(of: str, known: NDArray[np.float64]) -> list[str]:
    squares = np.sort((known - np.median(known)) ** 2)
    largest = max(1, len(known) // 100)
    share = squares[-largest:].sum() / max(squares.sum(), np.finfo(float).tiny)
    if share < _OUTLYING:
        return []
    return [
        f"{counted(largest, 'row')} of {len(known)} with the most outlying targets{of} make {share:.1%} of "
        "what squared errors add up to: little else is learned, and who has no such rows sees another loss; "
        "learn a logarithm, or leave those rows out"
    ]


def federate(
    task: Task,
    path: Path | Sequence[Path] | None,
    settings: SplitSettings,
    rows: int | None = None,
    scored: bool = False,
) -> FederatedData:
    """Return every client's rows and the common test rows; the same settings give the same rows.

    Args:
        task: What is learned.
        path: Of all rows; or one for each client that holds them already; or none for a task that makes them.
        settings: How they are split.
        rows: How many to use, drawn at random; none for all.
        scored: Whether every client has to have more than one outcome to validate on.

    Raises:
        DataError: When the rows are not enough for the clients, or have one outcome only, as has any client's
            where they are held already: no live client could join with such.
        TaskError: When the task's code fails.
    """
    generator = np.random.default_rng(derive_seed(settings.seed, _SPLIT))
    if isinstance(path, Sequence):
        parts = [read_rows(task, one) for one in path]
        usages = [part.usage for part in parts if part.usage]
        told = [
            f"{one.name}: {sentence}" for one, part in zip(path, parts, strict=True) for sentence in part.told
        ]
        read = gathered(parts)
        split = split_members(read, generator)
        for one, places in zip(path, split.train, strict=True):
            require_outcomes(task.target, taken(read.targets, places), f"training rows of {one.name}")
    else:
        read = _sampled(read_rows(task, path), rows, path, settings.seed)
        usages, told = [read.usage] if read.usage else [], [*read.told]
        require_learnable(task.target, read.targets)
        split = split_rows(read, kinds_of(task.target, read, scored), settings, generator)
    for name, places in (("training", np.concatenate(split.train)), ("test", split.test)):
        require_outcomes(task.target, taken(read.targets, places), f"{name} rows")
    read = _fitted(read, np.concatenate(split.train))
    clients = tuple(
        ClientData(*_both(read, train), *_both(read, validation))
        for train, validation in zip(split.train, split.validation, strict=True)
    )
    names = getattr(task.target, "names", ())
    return FederatedData(clients, *_both(read, split.test), read.names, names, tuple(usages), tuple(told))


def own_rows(task: Task, rows: Rows, seed: int) -> ClientData:
    """Return one member's rows, 20 % of them for validation; the same rows and seed give the same split.

    Raises:
        DataError: When there are too few, or they have one outcome only.
    """
    require_share(len(rows), len(rows), 1)
    order = np.random.default_rng(seed).permutation(len(rows))
    train, validation = cut(rows, order, VALIDATION_SHARE)
    require_left(train, len(rows))
    require_outcomes(task.target, taken(rows.targets, train), "training rows")
    if hasattr(rows.inputs, "fitted"):
        raise DataError(
            "this task fits its encoding on rows, and members do not see one another's; give it an encoding"
        )
    return ClientData(*_both(rows, train), *_both(rows, validation))


def kinds_of(target: Target, rows: Rows, scored: bool = False) -> Kinds:
    """Return what a split has to know of rows' targets."""
    return Kinds(
        drawn=lambda places, generator: kinds(target, taken(rows.targets, places), generator),
        scorable=lambda places: varies(target, taken(rows.targets, places)),
        scored=scored,
    )


def _first_not_finite(array: Any) -> int | None:
    """The first row that holds what is no number, looked for in blocks; None where there is none."""
    if array.dtype.kind != "f":
        return None
    rows = max(1, _BLOCK // max(1, math.prod(array.shape[1:])))
    for start in range(0, len(array), rows):
        block = array[start : start + rows]
        finite = np.isfinite(block).reshape(len(block), -1)
        if not finite.all():
            return start + int(np.argmin(finite.all(axis=1)))
    return None


def _arrays(inputs: Any) -> list[tuple[str, Any]]:
    """Inputs that are there already, with their names."""
    named = inputs.items() if isinstance(inputs, dict) else [("", inputs)]
    there = [(name, array) for name, array in named if isinstance(array, np.ndarray | StoredRows)]
    return [(f" {name}" if name else "", array) for name, array in there]


def _sampled(rows: Rows, count: int | None, path: Path | None, seed: int) -> Rows:
    if count is None:
        return rows
    if count > len(rows):
        raise DataError(f"{path or 'the task'} has {len(rows)} usable rows, {count} were asked for")
    chosen = np.random.default_rng(derive_seed(seed, _SAMPLE)).permutation(len(rows))[:count]
    usage = rows.usage.sampled(count) if rows.usage else None
    return replace(rows.taken(np.sort(chosen)), usage=usage)


def require_outcomes(target: Target, targets: Any, what: str) -> None:
    """Raise DataError when `targets` have one outcome only; `what` names the rows."""
    if varies(target, targets):
        return
    known = targets[is_known(targets)]
    if not len(known):
        raise DataError(f"no target of the {len(targets)} {what} is known; more than one outcome is needed")
    names, only = getattr(target, "names", ()), known[0]
    told = f" ({names[int(only)]})" if isinstance(target, Classes) and names else f" ({only:g})"
    about = f" of '{names[0]}'" if isinstance(target, Labels) and names else ""
    raise DataError(f"the {len(targets)} {what} have one outcome only{about}{told}; more than one is needed")


def _fitted(rows: Rows, training: Any) -> Rows:
    """Rows whose encoding is fitted on training rows, where the first edition's tasks want that."""
    fit = getattr(rows.inputs, "fitted", None)
    if fit is None:
        return rows
    inputs, names = fit(training)
    return Rows(inputs, rows.targets, names=names)


def _both(rows: Rows, places: Any) -> tuple[Any, Any]:
    return taken(rows.inputs, places), taken(rows.targets, places)
