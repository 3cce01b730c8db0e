"""Values over the rounds of several runs, and what their seeds have in common."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Curves = Mapping[tuple[float, str], NDArray[np.float64]]
"""Values over the rounds [seeds, rounds], by η and label."""


def deviation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard deviation of a sample over the first axis; nan for a sample of one."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    spread: NDArray[np.float64] = values.std(axis=0, ddof=1)
    return spread


def rows(curves: Curves) -> Iterator[dict[str, object]]:
    """Yield the rows of a CSV, one per η, label and round."""
    for (eta, label), runs in curves.items():
        spread = deviation(runs)
        for index, mean in enumerate(runs.mean(axis=0)):
            yield dict(eta=eta, series=label, round=index + 1, mean=mean, sd=spread[index])
