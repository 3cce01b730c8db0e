"""Seeds derived from the run's seed, so that no part draws from another's stream."""

import numpy as np


def derive_seed(seed: int, *path: int) -> int:
    """Return a 63-bit seed for the place that `path` names under `seed`, such as (round, client).

    Different paths give independent seeds (NumPy's `SeedSequence`); all parts are non-negative integers.
    The path's length is part of it: `SeedSequence` alone would take (1,) and (1, 0) for the same.

    >>> derive_seed(0, 3, 7) == derive_seed(0, 3, 7) != derive_seed(0, 7, 3)
    True
    """
    state = np.random.SeedSequence([len(path), *path, seed]).generate_state(1, np.uint64)
    return int(state[0]) >> 1
