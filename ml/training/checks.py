"""What every member's machine has to agree on before anyone stakes: tried on a few of its rows."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Targets, are_same, head, is_in_memory, length, taken
from ml.errors import TaskError
from ml.settings import TrainingSettings
from ml.training.learner import Learner, TrainingJob
from ml.updates.fixed_point import encode, encode_named

_ROWS, _ALONE = 32, 8
CLOSE = 1e-4
"""How far, of itself, a loss may move when its row is judged beside others."""


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        loss: Mean loss of the model on the rows that were tried.
        repeats: Whether training the same job twice gave the same bytes.
    """

    loss: float
    repeats: bool


def check_learner(learner: Learner, model: NDArray[np.float32], X: Inputs, y: Targets) -> Checked:
    """Try a task's module and losses on the first of a member's rows.

    Args:
        learner: Of the task.
        model: Such as the genesis, float32 [size].
        X: The member's rows.
        y: Their targets.

    Raises:
        TaskError: When losses are not one number a row, at least 0 and finite; when they differ from one time
            to the next; when the module changes the rows; when a row's loss depends on which rows are beside
            it; when metrics fail; or when training changes what the module computes with and nobody is sent.
        UpdateError: When training makes numbers that an update cannot hold.
    """
    every = TrainingJob(X, y, seed=1)
    X, y = head(X, _ROWS), head(y, _ROWS)
    given = deepcopy(X) if is_in_memory(X) else X
    together = row_losses(learner, model, X, y)
    if is_in_memory(X) and not are_same(X, given):
        raise TaskError(
            "the module changes the rows that it is given, which are learned from and judged by after it: "
            "leave out inplace=True in its first layer, or let it make new tensors"
        )
    if not np.array_equal(together, row_losses(learner, model, X, y)):
        same = are_same(_outputs(learner, model, X), _outputs(learner, model, X))
        what = "losses" if same else "the module's outputs in eval"
        raise TaskError(
            f"{what} of the same rows differ from one time to the next: nobody could judge by them"
        )
    _require_apart(learner, model, X, y, together)
    learner.metrics(_outputs(learner, model, X), y)
    trained, repeats = _trained_twice(learner, model, TrainingJob(X, y, seed=1))
    _require_sent(learner, X)
    _require_nothing_left(learner, model, X, y, together)
    _require_change(learner, model, trained, every)
    return Checked(float(together.mean()), repeats)


def outputs_of(learner: Learner, model: NDArray[np.float32], X: Inputs, y: Targets) -> Any:
    """Return what a model [size] says of rows, once its losses against targets could be computed."""
    outputs = _outputs(learner, model, X)
    learner.losses(outputs, y)
    return outputs


def row_losses(learner: Learner, model: NDArray[np.float32], X: Inputs, y: Targets) -> NDArray[np.float64]:
    """Return the loss of each row under a model [size], float64 [rows].

    Raises:
        TaskError: When losses are not one number a row, at least 0 and finite.
    """
    outputs = _outputs(learner, model, X)
    before = deepcopy(outputs), deepcopy(y)
    losses = learner.losses(outputs, y)
    _require_untouched(outputs, y, before)
    if losses.shape != (length(y),):
        raise TaskError(f"losses of {length(y)} rows have shape {list(losses.shape)}, expected [{length(y)}]")
    if not (np.isfinite(losses).all() and (losses >= 0).all()):
        wrong = losses[~(np.isfinite(losses) & (losses >= 0))][0]
        raise TaskError(f"a row's loss is {wrong}; each must be finite and at least 0")
    return losses


def _outputs(learner: Learner, model: NDArray[np.float32], X: Inputs) -> Any:
    (outputs,) = learner.predictor([X]).outputs(model, [0])
    return outputs


def _require_apart(
    learner: Learner, model: NDArray[np.float32], X: Inputs, y: Targets, together: NDArray[np.float64]
) -> None:
    for place in range(min(_ALONE, length(y))):
        one = np.array([place])
        alone = _alone(learner, model, taken(X, one), taken(y, one), place)
        if abs(alone - together[place]) > CLOSE * max(abs(alone), abs(together[place]), CLOSE):
            raise TaskError(
                f"row {place} has loss {together[place]:.6g} among others and {alone:.6g} alone: "
                + _what_mixes_rows(learner, model, X, one)
            )


def _what_mixes_rows(learner: Learner, model: NDArray[np.float32], X: Inputs, one: NDArray[np.int64]) -> str:
    among, alone = _outputs(learner, model, X), _outputs(learner, model, taken(X, one))
    if _are_close(taken(among, one), alone):
        return "its outputs are the same, so that losses are of several rows; a loss must be of its row only"
    return (
        "its outputs differ, and the module must treat rows one by one in eval, along their first dimension "
        "(batch_first=True of recurrent layers)"
    )


def _are_close(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping):
        return all(_are_close(one[name], other[name]) for name in one)
    return np.allclose(one, other, CLOSE, CLOSE)


def _alone(learner: Learner, model: NDArray[np.float32], X: Inputs, y: Targets, place: int) -> float:
    try:
        return float(row_losses(learner, model, X, y)[0])
    except TaskError as error:
        raise TaskError(
            f"row {place} cannot be judged alone: {error}; the module must treat rows one by one in eval"
        ) from error


def _require_sent(learner: Learner, X: Inputs) -> None:
    """Of a module as it was trained last: whoever gets its update computes what its trainer did."""
    if unsent := learner.unsent(X):
        more = f" and {len(unsent) - 1} more" if len(unsent) > 1 else ""
        raise TaskError(
            f"training changes {unsent[0]!r}{more} of the module, with which it computes and which nobody is "
            "sent: parameters and running statistics are; make it a parameter, or leave it out"
        )


def _require_untouched(outputs: Any, y: Targets, before: tuple[Any, Targets]) -> None:
    for name, now, then in (("outputs", outputs, before[0]), ("targets", y, before[1])):
        if not are_same(now, then):
            raise TaskError(
                f"losses changes the {name} that it is given, which are judged by after it: make new tensors"
            )


def _trained_twice(
    learner: Learner, model: NDArray[np.float32], job: TrainingJob
) -> tuple[NDArray[np.float32], bool]:
    """What a job makes of a model, and whether it makes the same bytes again."""
    given = deepcopy((job.X, job.y)) if is_in_memory(job.X) else (job.X, job.y)
    settings = TrainingSettings(batch=max(2, length(job.y) // 2))
    first, second = (learner.train(model, [job], settings)[0] for _ in range(2))
    encode_named(first, learner.schema, "a model after training")  # Raises what an update cannot hold.
    for name, now, then in zip(("inputs", "targets"), (job.X, job.y), given, strict=True):
        if now is not then and not are_same(now, then):
            raise TaskError(
                f"training changes the {name} of the rows that it is given, which are a member's for all "
                "rounds: let it make new arrays"
            )
    return first, np.array_equal(first, second)


def _require_nothing_left(
    learner: Learner, model: NDArray[np.float32], X: Inputs, y: Targets, together: NDArray[np.float64]
) -> None:
    """Of the module that was trained: by it one judges as by a module that is made anew."""
    now = row_losses(learner, model, X, y)
    if np.array_equal(together, now):
        return
    place = int(np.argmax(together != now))
    raise TaskError(
        f"row {place} has loss {together[place]:.6g} before training and {now[place]:.6g} after it, under "
        "the same parameters: training leaves something on the module, such as a hook; take it off again"
    )


def _require_change(
    learner: Learner, model: NDArray[np.float32], trained: NDArray[np.float32], every: TrainingJob
) -> None:
    """Where a few rows change nothing, all are tried: a training may leave out what makes no whole batch."""
    same = encode(model)
    if not np.array_equal(encode(trained), same):
        return
    (trained,) = learner.train(model, [every], TrainingSettings())
    if np.array_equal(encode(trained), same):
        raise TaskError(
            "training leaves the model as it is, and nobody accepts such an update: train() changes the "
            "module that it is given, in place"
        )
