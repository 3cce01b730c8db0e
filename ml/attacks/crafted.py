"""Attacks on updates: what a coalition sends in place of what its rows teach.

w is the parent, δ a member's honest change, μ and σ mean and deviation of the members' changes by coordinate,
s the option `scale`.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from ml.attacks.aiming import largest
from ml.attacks.coalition import Coalition, Vector, Vectors
from ml.attacks.options import Deviation, Factor

_STRONGEST = 1e3  # What Min-Max and Min-Sum begin to halve at.


def sign_flip(coalition: Coalition, scale: Factor = 1.0) -> Vectors:
    """Each sends w − s·δ of its own (Li et al., 2019)."""
    return coalition.parent - scale * coalition.changes[: coalition.seats]


def later_flip(coalition: Coalition, scale: Factor = 1.0) -> Vectors:
    """Each sends its own honest change of the first weights, and −s times that of all that follows them.

    Aimed at votes on the direction of the first layer.
    """
    changes = -scale * coalition.changes[: coalition.seats]
    first = coalition.schema.first_weights
    changes[:, first] = coalition.changes[: coalition.seats, first]
    sent: Vectors = coalition.parent + changes
    return sent


def negative_mean(coalition: Coalition, scale: Factor = 1.0) -> Vectors:
    """All send w − s·μ."""
    return coalition.all_send(coalition.parent - scale * _mean(coalition))


def inner_product(coalition: Coalition, scale: Factor = 0.5) -> Vectors:
    """All send w − s·μ with s below one, so that the average still points away (IPM, Xie et al., 2020)."""
    return negative_mean(coalition, scale)


def gaussian(coalition: Coalition, scale: Deviation = 0.1) -> Vectors:
    """Each sends its own update plus noise of deviation s (Blanchard et al., 2017)."""
    noise = coalition.generator().normal(0, scale, (coalition.seats, coalition.parent.size))
    return coalition.trained[: coalition.seats] + noise


def not_a_number(coalition: Coalition) -> Vectors:
    """All send the bytes of NaN: no canonical bytes hold it, and read as fixed point they are 2,044."""
    return coalition.all_send(np.full_like(coalition.parent, _bits_read(np.nan)))


def infinite(coalition: Coalition) -> Vectors:
    """All send the bytes of infinity, read as 2,040; see `not_a_number`."""
    return coalition.all_send(np.full_like(coalition.parent, _bits_read(np.inf)))


def zero(coalition: Coalition) -> Vectors:
    """All send a model of zeros."""
    return coalition.all_send(np.zeros_like(coalition.parent))


def free_rider(coalition: Coalition, scale: Deviation = 1e-4) -> Vectors:
    """Each sends the parent with noise of deviation s: no work, disguised (Fraboni et al., 2021)."""
    noise = coalition.generator().normal(0, scale, (coalition.seats, coalition.parent.size))
    sent: Vectors = coalition.parent + noise
    return sent


def stale(coalition: Coalition) -> Vectors:
    """Each sends the deployment's first model with its own change of today's: the oldest there is."""
    return coalition.first + coalition.changes[: coalition.seats]


def mimic(coalition: Coalition, scale: Deviation = 1e-5) -> Vectors:
    """All send the first member's honest update (Karimireddy et al., 2022), each with noise of deviation s.

    Without the noise all but one would be byte-equal, and refused for that.
    """
    noise = coalition.generator().normal(0, scale, (coalition.seats, coalition.parent.size))
    sent: Vectors = coalition.trained[0] + noise
    return sent


def copied(coalition: Coalition) -> Vectors:
    """All send the first honest update of this round, byte for byte.

    The first member's own where commit and publish holds, which keeps others' from them.
    """
    source = coalition.trained if coalition.seen is None or not len(coalition.seen) else coalition.seen
    return np.tile(source[0], (coalition.seats, 1))


def a_little_is_enough(coalition: Coalition, scale: Factor = 1.0) -> Vectors:
    """All send w + μ − z·σ, z so that enough honest updates lie further out (ALIE, Baruch et al., 2019).

    z = Φ⁻¹((n − k − q)/(n − k)) with q = ⌊n/2 + 1⌋ − k supporters, at least one; times s.
    """
    n, k = coalition.proposers, coalition.seats
    honest = max(n - k, 1)
    supporters = min(max(n // 2 + 1 - k, 1), honest)
    z = float(ndtri(max((honest - supporters) / honest, 0.5)))
    deviation = coalition.changes.std(axis=0)
    return coalition.all_send(coalition.parent + _mean(coalition) - scale * z * deviation)


def min_max(coalition: Coalition, scale: Factor = 1.0) -> Vectors:
    """All send w + μ − γ·μ/‖μ‖, no further from any member's update than the furthest two are apart.

    Shejwalkar and Houmansadr, 2021, with the inverse unit vector; γ by halving, times s.
    """
    changes = coalition.changes
    bound = max(np.linalg.norm(changes - one, axis=1).max() for one in changes)

    def near(candidate: Vector) -> bool:
        return bool(np.linalg.norm(changes - candidate, axis=1).max() <= bound)

    return _furthest(coalition, near, scale)


def min_sum(coalition: Coalition, scale: Factor = 1.0) -> Vectors:
    """As Min-Max, by the sum of squared distances to all members' updates (the same paper)."""
    changes = coalition.changes
    bound = max(np.square(changes - one).sum() for one in changes)

    def near(candidate: Vector) -> bool:
        return bool(np.square(changes - candidate).sum() <= bound)

    return _furthest(coalition, near, scale)


def fang(coalition: Coalition, scale: Factor = 1.0) -> Vectors:
    """Each draws beyond μ against its sign: from μ ∓ 3σ to μ ∓ 4σ (Fang et al., 2020, partial knowledge)."""
    average, deviation = _mean(coalition), coalition.changes.std(axis=0)
    drawn = coalition.generator().uniform(3, 4, (coalition.seats, coalition.parent.size))
    beyond: Vectors = np.sign(average) * drawn * deviation
    return coalition.parent + average - scale * beyond


def _bits_read(value: float) -> float:
    return float(np.array(value, dtype="<f4").view("<i4")) / 2**20


def _mean(coalition: Coalition) -> Vector:
    average: Vector = coalition.changes.mean(axis=0)
    return average


def _furthest(coalition: Coalition, near: Callable[[Vector], bool], scale: float) -> Vectors:
    average = _mean(coalition)
    away = -average / max(float(np.linalg.norm(average)), 1e-12)
    gamma = largest(lambda strength: near(average + strength * away), _STRONGEST)
    return coalition.all_send(coalition.parent + average + scale * gamma * away)
