"""Theorem 1 by drawing committees and settling each ballot by the reference's own rules."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from offchain.reference.settlement import Outcome, voter_payout
from offchain.reference.tally import LANES
from offchain.settings import TOKEN

CLIENTS = 50
"""Clients of the paper's experiments."""

GAMES = 10_000
"""Committees drawn per seed."""

_BEYOND = (0,) * (LANES - 1)  # Votes on the proposals that this game has not.
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Game:
    """One voter seated for sure, with others drawn at random, votes on a good proposal.

    Attributes:
        seats: Size of the committee.
        eta: Share of malicious clients.
        error: Chance that an honest voter errs.
        honest: Whether the voter watched is honest.
        independent: Whether each other is malicious by chance η, instead of drawn from the other 49 clients.
    """

    seats: int
    eta: float
    error: float = 0.0
    honest: bool = False
    independent: bool = False


def gains(game: Game, seed: int, tie: int = 0) -> Array:
    """Return what the voter watched earns by the reference's settlement, in units of γ_v [games].

    Args:
        game: What is played.
        seed: Of the committees drawn.
        tie: What a tie pays on top of the reference's refund: 1 for a rule by which rejecting wins it.
    """
    right, own = _ballots(game, np.random.default_rng([seed, game.seats, round(1000 * game.eta)]))
    results = np.where(2 * right == game.seats, float(tie), 0.0)
    for accepting, ballot in {*zip(right.tolist(), own.tolist(), strict=True)}:
        results[(right == accepting) & (own == ballot)] += _gain(accepting, int(ballot), game.seats)
    return results


def rejections(seats: int, eta: float, seed: int) -> NDArray[np.bool_]:
    """Return whether malicious voters, drawn with the rest from 50 clients, reject a good proposal [games].

    No honest voter errs. In committees of odd size that is a malicious majority.
    """
    generator = np.random.default_rng([seed, seats, round(1000 * eta), 1])
    malicious = _drawn(generator, CLIENTS, round(eta * CLIENTS), seats).sum(axis=1)
    counts = np.arange(seats + 1)
    rejected = np.array([_outcome(seats - int(k), seats).included == 0 for k in counts])
    answer: NDArray[np.bool_] = rejected[malicious]
    return answer


def _ballots(game: Game, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the ballots that accept, the watched voter's among them, and that voter's own [games]."""
    drawn = game.seats - 1
    if game.independent:
        malicious = generator.random((GAMES, drawn)) < game.eta
    else:
        count = round(game.eta * CLIENTS) - (not game.honest)
        malicious = _drawn(generator, CLIENTS - 1, count, drawn)
    errs = generator.random((GAMES, game.seats)) < game.error
    own = ~errs[:, -1] if game.honest else np.zeros(GAMES, dtype=bool)
    right: NDArray[np.int64] = (~malicious & ~errs[:, :-1]).sum(axis=1) + own
    return right, own


def _drawn(generator: np.random.Generator, clients: int, malicious: int, seats: int) -> NDArray[np.bool_]:
    """Return who is malicious among `seats` clients drawn one by one, without replacement [games, seats]."""
    left = np.full(GAMES, malicious)
    drawn = np.empty((GAMES, seats), dtype=bool)
    for seat in range(seats):
        drawn[:, seat] = generator.random(GAMES) * (clients - seat) < left
        left -= drawn[:, seat]
    return drawn


def _outcome(accepting: int, seats: int) -> Outcome:
    return Outcome(published=1, votes=(accepting, *_BEYOND), revealed=seats, committed=seats, void=False)


@lru_cache
def _gain(accepting: int, ballot: int, seats: int) -> float:
    return (voter_payout(_outcome(accepting, seats), ballot, TOKEN) - TOKEN) / TOKEN
