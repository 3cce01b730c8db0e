"""Which of the last global models a client builds on and compares with, so that a captured round heals.

A global model depends on the included updates of one round, never on its parent, so whoever takes an older
one as its base leaves nothing behind. Models are told oldest first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Parameters = NDArray[np.int32]

MEMORY = 8
"""The most models that a client may choose its base among."""

_BUDGETS = 4
_FEW = 4
_KEPT_PLACE = 2  # From 0: the third least.


def qualifying(losses: Sequence[float], budget: float, constant: float | None) -> list[int]:
    """Return the places of the models that may be a client's base, newest first, at least one.

    Those whose mean loss on the client's own rows is at most 4δ above the third least of theirs, or above the
    least of fewer than four. Models no better than the best constant are passed over while another is better.

    Args:
        losses: Of each model, oldest first; at least one. What is not finite qualifies for nothing.
        budget: δ = −ln(1 − ε).
        constant: Loss of the best constant on the same rows; None where nobody knows it.

    >>> qualifying([0.50, 0.40, 0.39, 0.385, 0.38, 0.62], 0.0513, 0.45)
    [4, 3, 2, 1]
    >>> qualifying([0.50, 0.40, 0.39, 0.385, 0.38, 0.46], 0.0513, 0.45)
    [4, 3, 2, 1]
    >>> qualifying([0.69, 0.50], 0.0513, 0.45)
    [1, 0]
    """
    finite = {place: loss for place, loss in enumerate(losses) if np.isfinite(loss)}
    if not finite:
        return [len(losses) - 1]
    better = {place: loss for place, loss in finite.items() if constant is not None and loss < constant}
    judged = better or finite
    least = sorted(judged.values())[_KEPT_PLACE if len(judged) >= _FEW else 0]
    return [place for place in sorted(judged, reverse=True) if judged[place] <= least + _BUDGETS * budget]


def nearest(update: Parameters, models: Sequence[Parameters]) -> int:
    """Return the place of the model [size] of which an update is the least change; of equals the newest.

    >>> nearest(np.array([9], np.int32), [np.array([n], np.int32) for n in (0, 8, 20)])
    1
    """
    changes = [np.linalg.norm(update.astype(np.float64) - model) for model in models]
    return len(models) - 1 - int(np.argmin(changes[::-1]))
