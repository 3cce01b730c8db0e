"""How much better a model's outputs fit the targets of their own rows than those of a voter's other rows."""

import numpy as np
from numpy.typing import NDArray

Losses = NDArray[np.float64]

DEALS = 8
"""How often targets are dealt out anew: what that adds to a difference's variance is about an eighth."""
_FEW, _WIDE = 2, 256  # Of wider outputs so few: a loss of pictures or texts takes as long as they do.


def deals_of(values: int) -> int:
    """Return how often targets are dealt out of outputs with so many values a row.

    >>> deals_of(3), deals_of(64 * 64)
    (8, 2)
    """
    return DEALS if values <= _WIDE else _FEW


def deals(counts: tuple[int, ...], many: int = DEALS) -> list[NDArray[np.int64]]:
    """Return, so many times, whose target each row is given among its voter's, int64 [rows of all voters].

    Rows are moved on by numbers spread evenly, so that nothing is drawn; a single row keeps its own.

    Args:
        counts: Rows of each voter, in order.
        many: How often.

    >>> deals((3, 1))[0], deals((3, 1))[-1]
    (array([1, 2, 0, 3]), array([2, 0, 1, 3]))
    """
    starts = np.cumsum([0, *counts[:-1]])
    return [
        np.concatenate(
            [
                start + (np.arange(rows) + max(1, deal * rows // (many + 1))) % rows
                for start, rows in zip(starts, counts, strict=True)
            ]
        )
        for deal in range(1, many + 1)
    ]


def contrasts(losses: Losses, dealt: Losses, counted: NDArray[np.bool_]) -> Losses:
    """Return κ_i = mean_d ℓ(o_i, y_d(i)) − ℓ(o_i, y_i) of each row i, float64 [rows].

    What a model says in favour of a row's own target rather than of anybody's. Its mean over rows is the
    contrastive bound of what outputs tell of targets (CLUB; Cheng et al., 2020, with the model for the
    conditional). Of log-losses it is the covariance of logits and targets, of squared ones that of outputs
    and targets: what shifts all outputs alike, as other base rates do, leaves it as it is, labels that are
    turned round turn its sign, and labels that fit no row take it back.

    Args:
        losses: ℓ(o_i, y_i), float64 [rows].
        dealt: ℓ(o_i, y_d(i)) of each deal d, float64 [deals, rows].
        counted: Which of these count, [deals, rows]: a row may not be able to have another's target, such as
            one that its outputs rule out. A row of which none counts has 0.

    >>> counted = np.array([[True, True, False], [True, False, False]])
    >>> contrasts(np.array([0.25, 0.5, 0.1]), np.array([[0.5, 0.5, np.inf], [1.5, np.inf, np.nan]]), counted)
    array([0.75, 0.  , 0.  ])
    """
    many = counted.sum(axis=0)
    total = np.where(counted, dealt, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):  # Of what is not finite, which no test passes.
        found: Losses = np.divide(total, many, out=losses.copy(), where=many > 0) - losses
    return found
