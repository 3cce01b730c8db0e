"""Parameters as integers, and their weighted average, the same on every machine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.errors import UpdateError

SCALE = 2**20
"""Steps per unit: int32 then spans −2048 to just below 2048 in steps of about 1e-6."""

_INT32 = np.iinfo(np.int32)
_MAX_TOTAL_SAMPLES = 2**32 - 1  # |Σ n·w| ≤ Σ n · 2^31 then stays within int64.


def encode(parameters: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return round(parameters · 2^20) as int32 [size], halves to even.

    Raises:
        UpdateError: When a value is not finite or outside [−2048, 2048).

    >>> encode(np.array([1.0, -0.5], dtype=np.float32))
    array([1048576, -524288], dtype=int32)
    """
    if not np.issubdtype(parameters.dtype, np.floating) or parameters.ndim != 1:
        raise UpdateError(
            f"parameters must be a vector of floats, got {parameters.dtype} with shape {parameters.shape}"
        )
    scaled: NDArray[np.float64] = np.rint(parameters.astype(np.float64) * SCALE)
    # Written so that NaN, for which every comparison is false, is refused too.
    inside = (scaled >= _INT32.min) & (scaled <= _INT32.max)
    if not inside.all():
        position = int(np.argmin(inside))
        raise UpdateError(
            f"parameter {position} is {parameters[position]}; a finite value in [-2048, 2048) was expected"
        )
    encoded: NDArray[np.int32] = scaled.astype(np.int32)
    return encoded


def decode(parameters: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return parameters / 2^20 as float32 [size], to the nearest float.

    >>> decode(np.array([1048576, -524288], dtype=np.int32))
    array([ 1. , -0.5], dtype=float32)
    """
    return (parameters.astype(np.float64) / SCALE).astype(np.float32)


def aggregate(updates: Sequence[NDArray[np.int32]], samples: Sequence[int]) -> NDArray[np.int32]:
    """Return ⌊Σ n_k·w_k / Σ n_k⌋, rounded to −∞, as int32 [size].

    Integer arithmetic throughout, so the result depends neither on the order of the updates nor on threads
    or device (federated averaging, McMahan et al., 2017, in fixed point).

    Args:
        updates: int32 vectors of one length, at least one.
        samples: One positive weight per update; their sum is below 2^32, which keeps the sums within int64.

    Raises:
        UpdateError: When any of this does not hold.

    >>> aggregate([np.array([-1], np.int32), np.array([0], np.int32)], [1, 1])
    array([-1], dtype=int32)
    """
    _check(updates, samples)
    total = np.zeros(updates[0].shape, dtype=np.int64)
    term = np.empty_like(total)
    for update, weight in zip(updates, samples, strict=True):
        np.multiply(update, np.int64(weight), out=term, dtype=np.int64)
        total += term
    np.floor_divide(total, np.int64(sum(samples)), out=total)
    return total.astype(np.int32)


def _check(updates: Sequence[NDArray[np.int32]], samples: Sequence[int]) -> None:
    if not updates or len(updates) != len(samples):
        raise UpdateError(
            f"{len(updates)} updates with {len(samples)} sample counts; expected one each, at least one"
        )
    for update in updates:
        if update.dtype != np.int32 or update.ndim != 1 or update.shape != updates[0].shape:
            raise UpdateError(
                f"updates must be int32 [{updates[0].size}], got {update.dtype} with shape {update.shape}"
            )
    if any(isinstance(weight, bool) or not isinstance(weight, int) or weight < 1 for weight in samples):
        raise UpdateError(f"sample counts must be positive integers, got {list(samples)}")
    if sum(samples) > _MAX_TOTAL_SAMPLES:
        raise UpdateError(f"sample counts sum to {sum(samples)}, above {_MAX_TOTAL_SAMPLES}; cap them lower")
