"""The sums and the division of a weighted average, compiled; for large models, for which loading it pays.

All values are integers below 2^53, which float64 holds exactly and processors divide several of at a time.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

LARGEST_WEIGHT = 2**22
"""Largest Σ n for which this is exact: |Σ n·w| ≤ 2^22 · 2^31 = 2^53. The quotient then lies below 2^31 in
steps of 1 / Σ n ≥ 2^-22, no finer than float64's there: rounding it never reaches the next integer."""


def average_block(
    updates: Sequence[NDArray[np.int32]], samples: Sequence[int], average: NDArray[np.int32], block: slice
) -> None:
    """Fill one block of `average` int32 [size] with ⌊Σ n·w / Σ n⌋ of `updates` int32 [size]."""
    total = np.empty(block.stop - block.start)
    _start(updates[0][block], float(samples[0]), total)
    for update, weight in zip(updates[1:], samples[1:], strict=True):
        _add(update[block], float(weight), total)
    _divide(total, float(sum(samples)), average[block])


@njit(nogil=True, cache=True)
def _start(update: NDArray[np.int32], weight: float, total: NDArray[np.float64]) -> None:
    for i in range(total.size):
        total[i] = update[i] * weight


@njit(nogil=True, cache=True)
def _add(update: NDArray[np.int32], weight: float, total: NDArray[np.float64]) -> None:
    for i in range(total.size):
        total[i] += update[i] * weight


@njit(nogil=True, cache=True)
def _divide(total: NDArray[np.float64], weight: float, average: NDArray[np.int32]) -> None:
    for i in range(average.size):
        average[i] = np.int32(np.floor(total[i] / weight))
