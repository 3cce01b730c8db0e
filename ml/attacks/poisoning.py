"""A member's rows as an attack on labels makes them over, looked at before anything trains on them."""

from typing import Any

import numpy as np

from ml.attacks.coalition import Poison, Shard
from ml.data.rows import Inputs, Targets, each, length, shape_of
from ml.errors import AttackError
from ml.messages import quoted


def poisoned(poison: Poison, shard: Shard) -> tuple[Inputs, Targets]:
    """Return what a poison makes of a member's rows, of which it is given a copy.

    Raises:
        AttackError: When that is no inputs and targets of the same rows, of their shape, the inputs finite.
    """
    if not callable(poison):
        raise AttackError(f"a poison is {quoted(poison)}; expected a function from a member's rows to rows")
    own = Shard(_copied(shard.inputs), _copied(shard.targets), shard.target, shard.outputs, shard.generator)
    made = poison(own)
    if not (isinstance(made, tuple | list) and len(made) == 2):
        raise AttackError(f"a poison returned {type(made).__name__}; expected inputs and targets, two")
    inputs, targets = _alike(made[0], shard.inputs, "inputs"), _alike(made[1], shard.targets, "targets")
    if length(inputs) != length(targets) or not length(inputs):
        raise AttackError(
            f"a poison returned {length(inputs)} inputs and {length(targets)} targets; expected as many of "
            "each, and one at least"
        )
    return inputs, targets


def _copied(of: Any) -> Any:
    return each(of, lambda array: array.copy() if isinstance(array, np.ndarray) else array)


def _alike(made: Any, rows: Any, what: str) -> Any:
    """Of the rows' own type; what is read row by row, or has names, stays as it is."""
    if not isinstance(rows, np.ndarray):
        return made
    try:
        array = np.asarray(made)
    except ValueError as error:
        raise AttackError(f"a poison returned {what} that are no numbers: {quoted(made)}") from error
    if array.dtype.kind not in "fiub" or not np.can_cast(array.dtype, rows.dtype, "same_kind"):
        raise AttackError(f"a poison returned {what} of {array.dtype}; expected {rows.dtype}")
    array = array.astype(rows.dtype, copy=False)
    if array.ndim != rows.ndim or array.shape[1:] != rows.shape[1:]:
        raise AttackError(
            f"a poison returned {what} {list(array.shape)}; expected [rows{_rest(shape_of(rows))}]"
        )
    if what == "inputs" and array.dtype.kind == "f" and not np.isfinite(array).all():
        raise AttackError("a poison returned inputs that are not finite")
    return array


def _rest(shape: Any) -> str:
    return "".join(f", {size}" for size in shape)
