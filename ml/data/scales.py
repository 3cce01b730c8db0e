"""Whether the numbers of a column are all of one unit."""

import numpy as np
from numpy.typing import NDArray

_PER_DECADE = 20  # Bins of the logarithm; what the eye would see in a histogram.
_LEAST_SHARE = 0.05
_LEAST_ROWS = 5


def two_scales(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return where the numbers of a column fall apart into two units, or none when they do not.

    Percent and shares, or amounts and thousands of them, leave a factor of ten or more between them in which
    nothing lies; what a file has in one unit hardly ever does. Zeros are of any unit.

    Args:
        values: Float64 [rows].

    Returns:
        The largest of the lower and the least of the upper.

    >>> two_scales(np.array([0.05, 0.11, 0.08, 0.21, 0.3, 12.0, 7.5, 22.0, 9.0, 5.5]))
    (0.3, 5.5)
    """
    sizes = np.abs(values[values != 0])
    if len(sizes) < 2 * _LEAST_ROWS:
        return None
    least = max(_LEAST_ROWS, _LEAST_SHARE * len(values))
    bins = np.floor(np.log10(sizes) * _PER_DECADE).astype(np.int64)
    used, counts = np.unique(bins, return_counts=True)
    below = np.cumsum(counts)[:-1]
    apart = (np.diff(used) > _PER_DECADE) & (below >= least) & (len(sizes) - below >= least)
    if not apart.any():
        return None
    first = used[:-1][np.argmax(apart)]
    return float(sizes[bins <= first].max()), float(sizes[bins > first].min())
