"""Fig. 4's game: honest proposers, voters that err on purpose or never, and no learning."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offchain.engines.deployment import Deployment
from offchain.engines.engine import RoundOutcome
from offchain.engines.reference_engine import ReferenceEngine
from offchain.settings import TOKEN, SimulationSettings, base_units, parse_settings
from offchain.simulation.cast import Cast

ROUNDS = 60
"""Rounds of a run: half as many again as the slowest curve takes to reach 0."""

_ANY = b"\x01" * 32  # For rules and updates: nobody looks at either.
_ALL = 0xFFFF

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VotersRun:
    """One run of the game.

    Attributes:
        malicious: Mean balance of the malicious clients, tokens [rounds].
        honest: Mean balance of the others, tokens [rounds].
        ruin: First round after which no malicious client can stake; nan when some still can at the end.
    """

    malicious: Array
    honest: Array
    ruin: float


def play(stake: int, eta: float, seed: int) -> VotersRun:
    """Return a run of 50 clients with 64 tokens, `stake` whole tokens for either seat (paper, section V-B1).

    Malicious clients propose honestly and vote against every proposal. After every round it is asserted that
    no token is made or lost, and that no honest client is removed. Once no malicious client can stake all
    votes agree, so that balances stay as they are.
    """
    settings = _settings(stake, eta, seed)
    malicious = sorted(Cast.of(settings).voters)
    engine = ReferenceEngine(Deployment.of(settings, _ANY))
    engine.start()
    balances: list[Array] = []
    ruin = np.nan
    for round_ in range(1, settings.rounds + 1):
        outcome = _play_round(engine, frozenset(malicious))
        _require_conserved(outcome, settings)
        assert set(outcome.removed) <= set(malicious), f"honest clients were removed: {outcome.removed}"
        balances.append(np.array(outcome.balances, dtype=np.float64) / TOKEN)
        if all(outcome.balances[client] < base_units(settings.voter_stake) for client in malicious):
            ruin = round_
            break
    by_round = np.pad(np.array(balances), ((0, settings.rounds - len(balances)), (0, 0)), mode="edge")
    honest = np.setdiff1d(np.arange(settings.clients), malicious)
    return VotersRun(by_round[:, malicious].mean(axis=1), by_round[:, honest].mean(axis=1), ruin)


def _settings(stake: int, eta: float, seed: int) -> SimulationSettings:
    return parse_settings(
        dict(
            proposer_stake=stake,
            voter_stake=stake,
            malicious=0,
            malicious_voters=eta,
            rounds=ROUNDS,
            engine="reference",
            seed=seed,
        )
    )


def _play_round(engine: ReferenceEngine, malicious: frozenset[int]) -> RoundOutcome:
    seating = engine.open_round()
    updates = {c: (_ANY, 1) for c in seating.proposers if c not in seating.unable}
    engine.submit_updates(updates)
    # With nothing published voters have no duty.
    voters = [client for client in seating.voters if updates and client not in seating.unable]
    engine.submit_ballots({client: 0 if client in malicious else _ALL for client in voters})
    return engine.close_round()


def _require_conserved(outcome: RoundOutcome, settings: SimulationSettings) -> None:
    supply = settings.clients * base_units(settings.initial_balance)
    total = sum(outcome.balances) + outcome.reward_pool
    assert total == supply, f"{total} base units of {supply}"
