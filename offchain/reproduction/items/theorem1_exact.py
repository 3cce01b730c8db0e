"""Theorem 1 without its assumption: what a vote earns, by the distribution of committees.

Amounts are in units of γ_v. A good proposal is voted on: malicious voters reject it always, honest ones when
they err. The majority takes back its stakes and shares the minority's by head; on a tie all stakes return
(Algorithm 2).
"""

from collections.abc import Mapping
from fractions import Fraction
from math import comb, log

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import binom

Counts = Mapping[int, Fraction]
"""Chance of each number of malicious voters."""

INTEGRAL = -(1 + log(0.5))
"""The paper's expected return (Eq. 4): r, the malicious share of a committee, uniform on [0, 1]."""


def integral() -> float:
    """Return Eq. 4 by quadrature: −1 for r below one half, (1 − r) / r above."""
    value, _ = quad(lambda r: -1.0 if r < 0.5 else (1 - r) / r, 0, 1, points=[0.5], epsabs=1e-12)
    return float(value)


def from_clients(clients: int, malicious: int, drawn: int) -> Counts:
    """Return the number of malicious ones among `drawn` of `clients`, without replacement.

    >>> from_clients(4, 2, 2)[1]
    Fraction(2, 3)
    """
    least, most = max(0, drawn - (clients - malicious)), min(malicious, drawn)
    return {
        k: Fraction(comb(malicious, k) * comb(clients - malicious, drawn - k), comb(clients, drawn))
        for k in range(least, most + 1)
    }


def independent(eta: Fraction, drawn: int) -> Counts:
    """Return the number of malicious ones among `drawn`, each malicious by chance `eta`.

    >>> independent(Fraction(1, 2), 2)[1]
    Fraction(1, 2)
    """
    return {k: comb(drawn, k) * eta**k * (1 - eta) ** (drawn - k) for k in range(drawn + 1)}


def majority(counts: Counts, seats: int) -> Fraction:
    """Return the chance that malicious voters are a strict majority of a committee."""
    return sum((chance for k, chance in counts.items() if 2 * k > seats), Fraction(0))


def payoff(alike: int, seats: int, tie: int = 0) -> Fraction:
    """Return what a voter earns when `alike` of the ballots, its own among them, are as its own.

    Args:
        alike: From 1 to `seats`.
        seats: Size of the committee.
        tie: What it earns on a tie: 0 when stakes return, ±1 when one side takes the other's.

    >>> payoff(3, 5)
    Fraction(2, 3)
    """
    if 2 * alike == seats:
        return Fraction(tie)
    return Fraction(seats - alike, alike) if 2 * alike > seats else Fraction(-1)


def dishonest_gain(others: Counts, seats: int, tie: int = 0, moment: int = 1) -> Fraction:
    """Return the expected gain of a seated voter that always votes dishonestly, honest voters never erring.

    Args:
        others: Malicious ones among the other voters; they vote alike.
        seats: Size of the committee.
        tie: What it earns on a tie.
        moment: 2 for the expected square instead.
    """
    return sum((chance * payoff(k + 1, seats, tie) ** moment for k, chance in others.items()), Fraction(0))


def opportunist_gain(others: Counts, seats: int) -> Fraction:
    """Return the expected gain of a seated voter whose coalition rejects only as a strict majority."""
    winning = {k: chance for k, chance in others.items() if 2 * (k + 1) > seats}
    return dishonest_gain(winning, seats)


def drift(others: Counts, seats: int, error: float, honest: bool, moment: int = 1) -> float:
    """Return the expected gain of a seated voter when honest voters err independently.

    Args:
        others: Malicious ones among the other voters.
        seats: Size of the committee.
        error: q, the chance that an honest voter errs.
        honest: Whether the voter is honest itself, and errs too.
        moment: 2 for the expected square instead.
    """
    right = np.zeros(seats)  # Chance of each number of right ballots among the others.
    for malicious, chance in others.items():
        able = seats - 1 - malicious
        right[: able + 1] += float(chance) * binom.pmf(np.arange(able + 1), able, 1 - error)
    as_right = payoffs(seats) ** moment
    as_wrong = as_right[::-1]
    return float(right @ ((1 - error) * as_right + error * as_wrong if honest else as_wrong))


def payoffs(seats: int) -> NDArray[np.float64]:
    """Return what a voter earns by the number of others that vote as it does, 0 to seats − 1 [seats]."""
    return np.array([float(payoff(alike + 1, seats)) for alike in range(seats)])


def break_even(eta: float) -> float:
    """Return q*, below which a vote is more likely right than wrong: (1 − η)(1 − q) = ½.

    >>> round(break_even(0.4), 3)
    0.167
    """
    return 1 - 1 / (2 * (1 - eta))


def numeric_break_even(others: Counts, seats: int) -> float:
    """Return the q at which an honest voter's drift is 0, to 1e-12."""
    return float(brentq(lambda q: drift(others, seats, q, honest=True), 0, 0.5, xtol=1e-12))
