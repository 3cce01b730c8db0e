"""Attacks on updates: what a coalition sends in place of what its rows teach.

w is the parent, δ a member's honest change, μ and σ mean and deviation of the members' changes by coordinate,
s the scale.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from ml.attacks.aiming import largest
from ml.attacks.coalition import Coalition, Vector, Vectors

_STRONGEST = 1e3  # What Min-Max and Min-Sum begin to halve at.


def sign_flip(coalition: Coalition) -> Vectors:
    """Each sends w − s·δ of its own (Li et al., 2019)."""
    return coalition.parent - coalition.scale * coalition.changes[: coalition.seats]


def negative_mean(coalition: Coalition) -> Vectors:
    """All send w − s·μ."""
    return coalition.all_send(coalition.parent - coalition.scale * _mean(coalition))


def inner_product(coalition: Coalition) -> Vectors:
    """All send w − s·μ with s below one, so that the average still points away (IPM, Xie et al., 2020)."""
    return negative_mean(coalition)


def gaussian(coalition: Coalition) -> Vectors:
    """Each sends its own update plus noise of deviation s (Blanchard et al., 2017)."""
    noise = coalition.generator().normal(0, coalition.scale, (coalition.seats, coalition.parent.size))
    return coalition.trained[: coalition.seats] + noise


def not_a_number(coalition: Coalition) -> Vectors:
    """All send NaN; no canonical bytes hold it, so that what is published is malformed."""
    return coalition.all_send(np.full_like(coalition.parent, np.nan))


def infinite(coalition: Coalition) -> Vectors:
    """All send infinity; see `not_a_number`."""
    return coalition.all_send(np.full_like(coalition.parent, np.inf))


def zero(coalition: Coalition) -> Vectors:
    """All send a model of zeros."""
    return coalition.all_send(np.zeros_like(coalition.parent))


def free_rider(coalition: Coalition) -> Vectors:
    """Each sends the parent with noise of deviation s: no work, disguised (Fraboni et al., 2021)."""
    noise = coalition.generator().normal(0, coalition.scale, (coalition.seats, coalition.parent.size))
    sent: Vectors = coalition.parent + noise
    return sent


def stale(coalition: Coalition) -> Vectors:
    """Each sends again what it sent when it was last seated."""
    return coalition.former


def mimic(coalition: Coalition) -> Vectors:
    """All send the first member's honest update (Karimireddy et al., 2022), each with noise of deviation s.

    Without the noise all but one would be byte-equal, and refused for that.
    """
    noise = coalition.generator().normal(0, coalition.scale, (coalition.seats, coalition.parent.size))
    sent: Vectors = coalition.trained[0] + noise
    return sent


def copied(coalition: Coalition) -> Vectors:
    """All send the first honest update of this round; their own where commit and publish holds."""
    source = coalition.trained if coalition.seen is None or not len(coalition.seen) else coalition.seen
    return coalition.all_send(source[0])


def a_little_is_enough(coalition: Coalition) -> Vectors:
    """All send w + μ − z·σ, z so that enough honest updates lie further out (ALIE, Baruch et al., 2019).

    z = Φ⁻¹((n − k − q)/(n − k)) with q = ⌊n/2 + 1⌋ − k supporters, at least one; times s.
    """
    n, k = coalition.proposers, coalition.seats
    honest = max(n - k, 1)
    supporters = min(max(n // 2 + 1 - k, 1), honest)
    z = float(norm.ppf(max((honest - supporters) / honest, 0.5)))
    deviation = coalition.changes.std(axis=0)
    return coalition.all_send(coalition.parent + _mean(coalition) - coalition.scale * z * deviation)


def min_max(coalition: Coalition) -> Vectors:
    """All send w + μ − γ·μ/‖μ‖, no further from any member's update than the furthest two are apart.

    Shejwalkar and Houmansadr, 2021, with the inverse unit vector; γ by halving, times s.
    """
    changes = coalition.changes
    bound = max(np.linalg.norm(changes - one, axis=1).max() for one in changes)

    def near(candidate: Vector) -> bool:
        return bool(np.linalg.norm(changes - candidate, axis=1).max() <= bound)

    return _furthest(coalition, near)


def min_sum(coalition: Coalition) -> Vectors:
    """As Min-Max, by the sum of squared distances to all members' updates (the same paper)."""
    changes = coalition.changes
    bound = max(np.square(changes - one).sum() for one in changes)

    def near(candidate: Vector) -> bool:
        return bool(np.square(changes - candidate).sum() <= bound)

    return _furthest(coalition, near)


def fang(coalition: Coalition) -> Vectors:
    """Each draws beyond μ against its sign: from μ ∓ 3σ to μ ∓ 4σ (Fang et al., 2020, partial knowledge)."""
    average, deviation = _mean(coalition), coalition.changes.std(axis=0)
    drawn = coalition.generator().uniform(3, 4, (coalition.seats, coalition.parent.size))
    beyond: Vectors = np.sign(average) * drawn * deviation
    return coalition.parent + average - coalition.scale * beyond


def _mean(coalition: Coalition) -> Vector:
    average: Vector = coalition.changes.mean(axis=0)
    return average


def _furthest(coalition: Coalition, near: Callable[[Vector], bool]) -> Vectors:
    average = _mean(coalition)
    away = -average / max(float(np.linalg.norm(average)), 1e-12)
    gamma = largest(lambda strength: near(average + strength * away), _STRONGEST)
    return coalition.all_send(coalition.parent + average + coalition.scale * gamma * away)
