"""What a function of a user's own returned, as numbers of the shape that was asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.blame import blamed
from ml.errors import MLError


def numbers(
    returned: Any,
    shape: tuple[int, ...],
    what: str,
    meant: str,
    refusal: type[MLError],
    verb: str = "returned",
) -> NDArray[np.float64]:
    """Return what a function returned as a float64 array of its own, [shape], finite.

    Args:
        returned: An array of numbers, a tensor, or lists of numbers.
        shape: That it has to have.
        what: Who returned it, such as "attack own.py:push".
        meant: What it stands for, such as "a row for each seat".
        refusal: What is raised.
        verb: What it did, where that is not to return it.

    Raises:
        MLError: A `refusal` that says what was returned instead.
    """
    array = _array(returned, what)
    expected = f"expected numbers {list(shape)}, {meant}"
    if array is None or (not array.shape and array.dtype == object):
        raise refusal(f"{what} {verb} {type(returned).__name__}; {expected}")
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise refusal(f"{what} {verb} {array.dtype} {list(array.shape)}; {expected}")
    if not np.isfinite(array).all():
        raise refusal(f"{what} {verb} what is not finite; no model can hold that")
    return array.astype(np.float64)


def _array(returned: Any, what: str) -> NDArray[Any] | None:
    """None of what has no shape, as lists of unlike lengths."""
    if isinstance(returned, np.ma.MaskedArray) and np.any(returned.mask):
        return None
    with blamed(what):
        try:
            return np.asarray(returned.detach() if hasattr(returned, "detach") else returned)
        except ValueError:
            return None
