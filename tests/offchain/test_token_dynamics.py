"""Figure 4 of the paper: malicious voters against honest ones that never err, without any learning."""

from statistics import median

import pytest

from offchain.deployment import Deployment
from offchain.reference_engine import ReferenceEngine
from offchain.settings import base_units, parse_settings

CLIENTS = 50
RUNS = {2: 12, 4: 12, 8: 16, 16: 20, 32: 20}  # 320 in all; fewer where a run is long.
RULES = b"\x01" * 32
ALL = 0xFFFF

# First round at which no malicious client can stake: 5 %, median and 95 % of 1000 runs, γ_v by η.
PUBLISHED = {
    2: {0.1: (36, 38, 41), 0.2: (37, 39, 42), 0.3: (37, 39, 42), 0.4: (38, 40, 42)},
    4: {0.1: (18, 19, 22), 0.2: (19, 20, 22), 0.3: (19, 21, 23), 0.4: (19, 21, 23)},
    8: {0.1: (9, 10, 12), 0.2: (9, 11, 12), 0.3: (10, 11, 13), 0.4: (10, 11, 13)},
    16: {0.1: (4, 5, 7), 0.2: (5, 6, 7), 0.3: (5, 6, 7), 0.4: (5, 6, 7)},
    32: {0.1: (2, 3, 4), 0.2: (2, 3, 4), 0.3: (3, 3, 4), 0.4: (3, 3, 5)},
}


def rounds_to_ruin(stake: int, share: float, seed: int) -> int:
    settings = parse_settings(dict(proposer_stake=stake, voter_stake=stake, seed=seed))
    engine = ReferenceEngine(Deployment.of(settings, RULES))
    malicious = range(round(share * CLIENTS))
    engine.start()
    while True:
        seating = engine.open_round()
        engine.submit_updates({c: (RULES, 1) for c in seating.proposers if c not in seating.unable})
        voters = [c for c in seating.voters if c not in seating.unable]
        engine.submit_ballots({c: 0 if c in malicious else ALL for c in voters})
        outcome = engine.close_round()
        assert sum(outcome.balances) + outcome.reward_pool == CLIENTS * base_units(settings.initial_balance)
        assert not any(c not in malicious for c in outcome.removed)
        if all(outcome.balances[c] < base_units(settings.voter_stake) for c in malicious):
            return seating.round


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.4])
@pytest.mark.parametrize("stake", PUBLISHED)
def test_malicious_voters_are_ruined_as_fast_as_in_figure_4(stake, share):
    low, middle, high = PUBLISHED[stake][share]
    rounds = [rounds_to_ruin(stake, share, seed) for seed in range(RUNS[stake])]
    assert abs(median(rounds) - middle) <= 1
    assert low - 1 <= min(rounds) and max(rounds) <= high + 1
