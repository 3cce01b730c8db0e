"""What the mechanism must do on the real loans: 40 % of the clients flip labels, 150 rounds, one seed.

`make simulate` repeats it for other seeds: ARGS="--engine reference --malicious 0.4 --rounds 150 --seed 1
--dataset lending-club --features all --data FILE".
"""

import pytest
from small_runs import records

from offchain.runs.summary import summarise
from offchain.settings import parse_settings
from offchain.simulation.cast import Cast


def played(path, **changes):
    settings = parse_settings(
        dict(dataset="lending-club", data=path, features="all", malicious=0.4, rounds=150, **changes)
    )
    return summarise(settings, Cast.of(settings), records(settings), setup_seconds=0)


@pytest.fixture(scope="module")
def verdict(real_loans):
    return played(real_loans, policy="verdict")


def test_verdict_learns_as_if_nobody_attacked(verdict):
    assert verdict.accuracy >= 0.965
    assert verdict.baselines["without_attack"].accuracy >= 0.97
    assert 0.75 <= verdict.baselines["without_defence"].accuracy <= 0.92


def test_verdict_ruins_the_malicious_and_spares_the_honest(verdict):
    proposals = verdict.included.honest + verdict.excluded.honest
    assert verdict.excluded.honest < proposals / 200
    assert verdict.tokens.malicious_mean < 0.1 * 64
    assert verdict.tokens.honest_mean > 64
    assert verdict.tokens.total == 50 * 64


def test_aggregate_learns_better_than_without_defence(real_loans, verdict):
    aggregate = played(real_loans, policy="aggregate", baselines=False)
    assert aggregate.accuracy >= 0.93
    assert aggregate.accuracy > verdict.baselines["without_defence"].accuracy
