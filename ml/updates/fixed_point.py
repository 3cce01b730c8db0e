"""Parameters as integers, and their weighted average, the same on every machine."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.errors import UpdateError
from ml.parallel import Workers, processors
from ml.updates.schema import Schema

SCALE = 2**20
"""Steps per unit: int32 then spans −2048 to just below 2048 in steps of about 1e-6."""

_LIMIT = 2.0**31  # Scaled values in [−2^31, 2^31) fit int32.
_EXPECTED = "a finite value in [-2048, 2048) was expected"
_MAX_TOTAL_SAMPLES = 2**32 - 1  # |Σ n·w| ≤ Σ n · 2^31 then stays within int64.
_BLOCK = 2**16  # Parameters at a time, so that what several passes go over stays in the processor's cache.
_COMPILED_FROM = (
    2**18
)  # Parameters from which on loading compiled code pays; their digest loads such code too.


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
    # Scaling by a power of two is exact in either type.
    kind = np.float64 if parameters.dtype.itemsize > 4 else np.float32
    encoded = np.empty(parameters.shape, dtype=np.int32)
    for block in _blocks(parameters.size):  # On one thread: on two, it took half as long again.
        scaled: NDArray[np.floating[Any]] = parameters[block].astype(kind)
        np.rint(np.multiply(scaled, kind(SCALE), out=scaled), out=scaled)
        # Written so that NaN, which makes every comparison false, is refused too.
        if not (scaled.min() >= -_LIMIT and scaled.max() < _LIMIT):
            raise _not_encodable(parameters, block)
        encoded[block] = scaled
    return encoded


def encode_named(parameters: NDArray[np.float32], schema: Schema, whose: str) -> NDArray[np.int32]:
    """Return `encode` of a model [schema.size]; what it cannot hold is told by the parameter's name.

    Args:
        parameters: The model.
        schema: Its parameters' names.
        whose: What it is, at the beginning of a sentence.

    Raises:
        UpdateError: When a value is not finite or outside [−2048, 2048).

    >>> encode_named(np.float32([1, np.nan]), Schema((("weight", (2,)),)), "the first model")
    Traceback (most recent call last):
    ml.errors.UpdateError: the first model has nan in 'weight'; a finite value in [-2048, 2048) was expected
    """
    try:
        return encode(parameters)
    except UpdateError:
        for name, _, place in schema.slices():
            part = parameters[place]
            if not is_encodable(part):
                value = part[_first_odd(part)]
                raise UpdateError(f"{whose} has {value} in {name!r}; {_EXPECTED}") from None
        raise


def is_encodable(parameters: NDArray[np.float32]) -> bool:
    """Return whether all values are finite and in [−2048, 2048).

    >>> is_encodable(np.array([1.0, np.nan], dtype=np.float32))
    False
    """
    try:
        encode(parameters)
    except UpdateError:
        return False
    return True


def decode(parameters: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return parameters / 2^20 as float32 [size], to the nearest float.

    >>> decode(np.array([1048576, -524288], dtype=np.int32))
    array([ 1. , -0.5], dtype=float32)
    """
    # Nearest after rounding the integer: dividing by a power of two is exact.
    decoded = parameters.astype(np.float32)
    decoded /= np.float32(SCALE)
    return decoded


def decode_exactly(parameters: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return parameters / 2^20 as float64 [size], every one as it is.

    >>> encode_nearest(decode_exactly(np.array([-1, 2**31 - 1], dtype=np.int32)))
    array([        -1, 2147483647], dtype=int32)
    """
    return parameters.astype(np.float64) / SCALE


def encode_nearest(parameters: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return finite parameters [size] in fixed point, those beyond what it holds as the nearest that it does.

    >>> encode_nearest(np.array([1e9, -1e9, 0.5]))
    array([ 2147483647, -2147483648,      524288], dtype=int32)
    """
    return np.rint(np.clip(parameters * SCALE, -_LIMIT, _LIMIT - 1)).astype(np.int32)


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
    average = np.empty(updates[0].shape, dtype=np.int32)
    fill = partial(_average_block(average.size, sum(samples)), updates, samples, average)
    Workers(processors()).map(fill, _blocks(average.size))
    return average


def _not_encodable(parameters: NDArray[np.floating[Any]], block: slice) -> UpdateError:
    position = block.start + _first_odd(parameters[block])
    return UpdateError(f"parameter {position} is {parameters[position]}; {_EXPECTED}")


def _first_odd(parameters: NDArray[np.floating[Any]]) -> int:
    scaled: NDArray[np.float64] = np.rint(parameters.astype(np.float64) * SCALE)
    return int(np.argmin((scaled >= -_LIMIT) & (scaled < _LIMIT)))


def _average_block(size: int, weight: int) -> Callable[..., None]:
    """What averages a block: the same integers either way."""
    if size < _COMPILED_FROM:
        return _average_by_numpy
    from ml.updates.average_passes import LARGEST_WEIGHT, average_block

    return average_block if weight <= LARGEST_WEIGHT else _average_by_numpy


def _average_by_numpy(
    updates: Sequence[NDArray[np.int32]], samples: Sequence[int], average: NDArray[np.int32], block: slice
) -> None:
    total = np.multiply(updates[0][block], np.int64(samples[0]), dtype=np.int64)
    for update, weight in zip(updates[1:], samples[1:], strict=True):
        part = update[block] if weight == 1 else np.multiply(update[block], np.int64(weight), dtype=np.int64)
        np.add(total, part, out=total)
    np.floor_divide(total, np.int64(sum(samples)), out=total)
    average[block] = total


def _blocks(size: int) -> list[slice]:
    return [slice(start, min(start + _BLOCK, size)) for start in range(0, size, _BLOCK)]


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
