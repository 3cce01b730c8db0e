"""Theorem 1: what the paper computes, what committees of 50 clients give, and what noise and ties change."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.reproduction.items import theorem1_exact as exact
from offchain.reproduction.items.theorem1_report import comparisons, figure, statements
from offchain.reproduction.items.theorem1_simulation import CLIENTS, Game, gains, rejections
from offchain.reproduction.result import Result
from offchain.reproduction.study import ETAS, Study

SEATS = (3, 5, 9, 15, 25, 45)
"""Committees that cannot tie."""

EVEN_SEATS = (2, 4, 6)
"""Committees small enough for ties to matter."""

PAPER_SEATS = 45
ERRORS = (0.0, 0.2)
"""q: chances that an honest voter errs, besides the break-even."""

_EXACT = 1e-12  # Of an amount that does not vary between games.


def compute(study: Study) -> Result:
    """Compute Theorem 1's quantities exactly, and by simulation with one seed after the other.

    Amounts are in units of γ_v, of one vote. Tables: by committee size and η, the chance of a malicious
    majority and a dishonest voter's gain; `ties`, that gain by tie rule; `drift`, gains when honest voters
    err; `break_even`, the error at which honest voters earn nothing; `integral`, Eq. 4. `sd` is over seeds,
    `standard_error` the exact one of a mean of as many games, `off` the difference in such errors.
    """
    seeds = range(study.seeds)
    tables = {
        "": pd.DataFrame(_committees(seeds)),
        "ties": pd.DataFrame(_ties(seeds)),
        "drift": pd.DataFrame(_drift(seeds)),
        "break_even": pd.DataFrame(_break_even()),
        "integral": pd.DataFrame(
            [
                dict(method="quadrature", value=exact.integral()),
                dict(method="−(1 + ln ½)", value=exact.INTEGRAL),
            ]
        ),
    }
    return Result(tables, figure(tables), comparisons(tables), statements(tables))


def others(seats: int, eta: float, honest: bool = False, independent: bool = False) -> exact.Counts:
    """Return the malicious ones among the voters beside a given one, of whom it is known what it is."""
    if independent:
        return exact.independent(Fraction(str(eta)), seats - 1)
    malicious = round(eta * CLIENTS)
    return exact.from_clients(CLIENTS - 1, malicious if honest else malicious - 1, seats - 1)


def _committees(seeds: Sequence[int]) -> Iterator[dict[str, object]]:
    for seats in SEATS:
        for eta in ETAS:
            beside = others(seats, eta)
            gain = float(exact.dishonest_gain(beside, seats))
            square = float(exact.dishonest_gain(beside, seats, moment=2))
            chance = float(exact.majority(exact.from_clients(CLIENTS, round(eta * CLIENTS), seats), seats))
            rejected = [rejections(seats, eta, seed).astype(float) for seed in seeds]
            played = [gains(Game(seats, eta), seed) for seed in seeds]
            yield dict(
                seats=seats,
                eta=eta,
                majority=chance,
                **{f"majority_{name}": value for name, value in _beside(chance, chance, rejected).items()},
                gain=gain,
                **{f"gain_{name}": value for name, value in _beside(gain, square, played).items()},
                opportunist_gain=float(exact.opportunist_gain(beside, seats)),
            )


def _ties(seeds: Sequence[int]) -> Iterator[dict[str, object]]:
    for independent in (False, True):
        for seats in EVEN_SEATS:
            for eta in ETAS:
                beside = others(seats, eta, independent=independent)
                for rule, tie in (("refund", 0), ("rejecting wins", 1)):
                    gain = float(exact.dishonest_gain(beside, seats, tie))
                    square = float(exact.dishonest_gain(beside, seats, tie, moment=2))
                    game = Game(seats, eta, independent=independent)
                    played = [gains(game, seed, tie) for seed in seeds]
                    clients = "independent" if independent else f"of {CLIENTS}"
                    row = dict(clients=clients, seats=seats, eta=eta, rule=rule, gain=gain)
                    yield row | _beside(gain, square, played)


def _drift(seeds: Sequence[int]) -> Iterator[dict[str, object]]:
    for eta in ETAS:
        even = exact.numeric_break_even(others(PAPER_SEATS, eta, honest=True), PAPER_SEATS)
        for error in (*ERRORS, even):
            for honest in (False, True):
                beside = others(PAPER_SEATS, eta, honest)
                gain = exact.drift(beside, PAPER_SEATS, error, honest)
                square = exact.drift(beside, PAPER_SEATS, error, honest, moment=2)
                played = [gains(Game(PAPER_SEATS, eta, error, honest), seed) for seed in seeds]
                voter = "honest" if honest else "malicious"
                yield dict(eta=eta, error=error, voter=voter, gain=gain) | _beside(gain, square, played)


def _break_even() -> Iterator[dict[str, object]]:
    for eta in ETAS:
        for seats in SEATS:
            yield dict(
                eta=eta,
                seats=seats,
                formula=exact.break_even(eta),
                independent=exact.numeric_break_even(others(seats, eta, True, True), seats),
                of_clients=exact.numeric_break_even(others(seats, eta, True), seats),
            )


def _beside(mean: float, square: float, played: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Return the simulated mean, its deviation over seeds, its exact error, by how many it is off."""
    simulated = float(np.mean(played))
    error = sqrt(max(square - mean**2, 0) / sum(map(len, played)))
    gap = abs(simulated - mean)
    off = gap / error if error > _EXACT else 0.0 if gap < _EXACT else inf
    sd = float(np.std([run.mean() for run in played], ddof=1)) if len(played) > 1 else np.nan
    return dict(simulated=simulated, sd=sd, standard_error=error, off=off)
