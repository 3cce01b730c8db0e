"""Committees and reputations in a run: who scores, who lies, what is remembered and recorded."""

import numpy as np
import pytest
from small_runs import records, simulation, small, timeless

from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import decode_exactly, encode_nearest
from offchain.simulation.cast import Cast

ATTACKED = dict(attack="sign-flip", baselines=False, rounds=5, proposer_bps=4000)


def best_of_first_round(settings, sign):
    run = simulation(settings)
    parent = run.state.parameters
    record = run.play_round()
    sent = run._adversary.proposals([parent], record.proposers, 1)
    voters = [client for client in record.voters if (client in run.cast.voters) == (sign < 0)]
    assert len(voters) > len(record.voters) / 2  # So that medians are theirs.
    found = {
        client: sign * np.median(run._federation.scores(update, voters)) for client, update in sent.items()
    }
    kept = sorted(sorted(found, key=found.get, reverse=True)[: len(sent) - settings.faulty])
    mean = encode_nearest(np.array([decode_exactly(sent[client]) for client in kept]).mean(axis=0))
    return record.parameters, digest(to_bytes(mean), run._federation.schema).hex()


@pytest.mark.parametrize(("lying", "sign"), [(0.0, 1), (1.0, -1)])
def test_the_rounds_voters_are_the_committee_and_malicious_ones_say_the_opposite(lying, sign):
    settings = small(defence="committee-scores", malicious_voters=lying, **ATTACKED)
    made, expected = best_of_first_round(settings, sign)
    assert made == expected


def test_reputations_follow_from_what_a_run_records():
    settings = small(defence="reputation-auction", **ATTACKED)
    run, played = simulation(settings), []
    for _ in range(3):
        played.append(run.play_round())
    counts = np.zeros((settings.clients, 2), dtype=int)
    for record in played:
        assert set(record.agreed) < set(record.included_clients)
        for client in record.included_clients:
            counts[client, 0 if client in record.agreed else 1] += 1
    assert (run._combine._rounds == counts).all()
    cast = Cast.of(settings)
    bad, good = (sum(counts[list(who)]) for who in (cast.proposers, set(range(10)) - cast.proposers))
    assert bad[1] > bad[0] and good[0] > good[1]


def test_a_run_that_goes_on_remembers_reputations():
    settings = small(defence="reputation-auction", **ATTACKED)
    whole = records(settings)
    run = simulation(settings)
    begun = [run.play_round() for _ in range(3)]
    later = simulation(settings)
    later.restore(begun, run.state)
    assert [timeless(later.play_round()) for _ in range(2)] == [timeless(record) for record in whole[3:]]


def test_other_rules_remember_nothing():
    assert {record.agreed for record in records(small(defence="mean", **ATTACKED))} == {None}
