"""The round loop on the reference engine: reproducible, conserving, and doing what its settings say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_runs import digits, records, simulation, small, timeless

from ml.judging.ballots import majority
from ml.judging.findings import Finding, Reason
from ml.updates.canonical import digest, to_bytes
from offchain.engines.deployment import Deployment
from offchain.engines.reference_engine import ReferenceEngine
from offchain.errors import SimulationError
from offchain.settings import base_units
from offchain.simulation.baselines import ORACLE, WITHOUT_ATTACK, WITHOUT_DEFENCE, everyones_proposers
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord, judgement


@pytest.fixture(scope="module")
def finished_run():
    return records(small())


def test_the_same_settings_give_the_same_run(finished_run):
    assert [timeless(r) for r in records(small())] == [timeless(r) for r in finished_run]


def test_another_seed_gives_another_run(finished_run):
    assert records(small(seed=1))[0].parameters != finished_run[0].parameters


@pytest.mark.parametrize("policy", ["aggregate", "verdict"])
def test_no_token_is_made_or_lost(policy):
    settings = small(policy=policy, malicious_voters=0.4, proposer_stake=32, voter_stake=32, rounds=12)
    whole = settings.clients * base_units(settings.initial_balance)
    played = records(settings)
    assert all(sum(r.balances) + r.reward_pool == whole for r in played)
    assert any(r.removed for r in played), "nobody was removed: a weak test"


@pytest.mark.parametrize("policy", ["likelihood", "evidence", "evidence-and-leave-one-out"])
def test_policies_of_tests_include_the_honest_and_nobody_else(policy):
    settings = small(policy=policy, baselines=False, rows=8000, rounds=10)
    attackers = Cast.of(settings).proposers
    played = records(settings)
    learned = played[3:]  # Before, the model says nothing that wrong labels could turn round.
    assert not {client for r in learned for client in r.included_clients} & attackers
    assert any(set(r.excluded_clients) & attackers for r in learned)
    honest = [client not in attackers for r in learned for client in r.excluded_clients]
    assert sum(honest) <= 1 < sum(len(r.included_clients) for r in learned)


def test_a_policy_of_tests_gives_the_same_run_again():
    settings = small(policy="evidence", baselines=False)
    assert [timeless(r) for r in records(settings)] == [timeless(r) for r in records(settings)]


def test_records_say_what_was_found_of_each_refused_update_and_by_which_test():
    settings = small(policy="evidence", baselines=False, malicious_voters=0.2, rows=8000, rounds=5)
    for r in records(settings):
        assert r.judgement.schema_version == 1 and r.judgement.policy == "evidence"
        assert set(r.judgement.ballots) == set(r.ballots)
        for voter, ballot in r.judgement.ballots.items():
            refused = r.judgement.refused.get(voter, {})
            assert set(refused) == {j for j, _ in enumerate(r.updates) if not ballot >> j & 1}
            assert all(why.found > why.limit for why in refused.values() if why.test == "evidence")
            honest = voter not in Cast.of(settings).voters
            assert (r.ballots[voter] == ballot) is honest
        assert RoundRecord.model_validate_json(r.model_dump_json()) == r


def test_a_shadow_is_recorded_and_decides_nothing():
    alone, beside = (
        records(small(rounds=3, shadow_policy=shadow)) for shadow in (None, [{"test": "evidence", "step": 1}])
    )
    for a, b in zip(alone, beside, strict=True):
        assert a.shadow is None and b.shadow.policy == "tests"
        assert timeless(a) == timeless(b.model_copy(update={"shadow": None}))
    assert any(r.shadow.ballots != r.judgement.ballots for r in beside)
    mine = records(small(rounds=3, policy=[{"test": "evidence", "step": 1}]))
    assert mine[0].judgement == beside[0].shadow


def test_what_is_not_finite_is_null_in_a_record():
    found = Finding((), {0: Reason("evidence", float("inf"), 0.02), 2: Reason("admissible")})
    told = judgement("evidence", [7], [found]).model_dump(mode="json")["refused"]
    assert told == {
        "7": {
            "0": {"test": "evidence", "found": None, "limit": 0.02},
            "2": {"test": "admissible", "found": None, "limit": None},
        }
    }


def test_included_and_excluded_are_the_proposals_by_bit(finished_run):
    for r in finished_run:
        by_bit = {bool(r.included >> i & 1): set() for i in range(2)} | {True: set(), False: set()}
        for position, client in enumerate(r.proposers):
            by_bit[bool(r.included >> position & 1)].add(client)
        assert (set(r.included_clients), set(r.excluded_clients)) == (by_bit[True], by_bit[False])
        assert set(r.updates) == set(r.proposers) - set(r.unable)


def test_with_all_excluded_the_model_stays():
    played = records(small(malicious_voters=1.0, malicious=0.0, attack="none", rounds=3))
    assert {r.included for r in played} == {0}
    assert len({r.parameters for r in played}) == 1
    assert len({r.model for r in played}) == 1


def test_malicious_voters_invert_every_bit():
    honest = records(small(rounds=1))[0]
    settings = small(rounds=1, malicious_voters=0.5)
    flipped = records(settings)[0]
    published = 0b111
    for voter, ballot in flipped.ballots.items():
        expected = (
            honest.ballots[voter] ^ published if voter in Cast.of(settings).voters else honest.ballots[voter]
        )
        assert ballot == expected


def test_without_attack_and_with_all_included_a_run_is_its_baseline():
    run = simulation(small(attack="none", tolerance=0.9))
    record = run.play_round()
    assert record.baselines.keys() == {WITHOUT_ATTACK}
    assert record.scores == record.baselines[WITHOUT_ATTACK]
    assert np.array_equal(run.state.parameters, run.state.baselines[WITHOUT_ATTACK])


def test_baselines_differ_by_the_attack_alone(finished_run):
    assert finished_run[0].baselines.keys() == {WITHOUT_DEFENCE, WITHOUT_ATTACK}
    assert finished_run[-1].baselines[WITHOUT_DEFENCE] != finished_run[-1].baselines[WITHOUT_ATTACK]


def test_a_run_ends_when_too_few_members_are_left():
    settings = small(
        clients=4, malicious=1.0, malicious_voters=0.5, proposer_stake=64, voter_stake=64, rounds=50
    )
    run = simulation(settings)
    played = 0
    while not run.is_over:
        run.play_round()
        played += 1
    assert 0 < played < settings.rounds


def test_training_that_diverges_is_said_so():
    with pytest.raises(
        SimulationError, match=r"client \d+'s training in round 1 diverged .* lower learning_rate"
    ):
        simulation(small(learning_rate=1e9)).play_round()


def test_records_that_are_not_this_run_are_refused(finished_run):
    with pytest.raises(SimulationError, match="round 1 does not play again"):
        simulation(small(seed=1)).restore(finished_run, simulation(small()).state)


def test_a_round_that_ends_otherwise_than_recorded_is_refused(finished_run):
    changed = finished_run[0].model_copy(update={"ballots": dict.fromkeys(finished_run[0].ballots, 0)})
    run = simulation(small())
    with pytest.raises(SimulationError, match="round 1 does not play again"):
        run.restore([changed], run.state)


def test_a_client_shuffles_its_rows_anew_each_round():
    federation = simulation(small(batch=32))._federation
    first, second = (federation.train(federation.genesis, [3], round_)[3] for round_ in (1, 2))
    assert not np.array_equal(first, second)


def test_a_saved_model_that_is_not_the_last_rounds_is_refused(finished_run):
    run = simulation(small())
    with pytest.raises(SimulationError, match="is not that of round 6"):
        run.restore(finished_run, run.state)


def test_the_cast_is_the_same_share_of_one_order():
    few, many = Cast.of(small(malicious=0.2, malicious_voters=0.5)), Cast.of(small(malicious=0.4))
    assert len(few.proposers) == 2 and len(few.voters) == 5
    assert few.proposers < few.voters == few.malicious
    assert few.proposers < many.proposers


def test_bytes_other_than_claimed_are_as_good_as_none():
    run = simulation(small())
    data = to_bytes(run.state.parameters)
    run._store.put(b"\1" * 32, data)
    run._store.put(b"\2" * 32, b"short")
    root = digest(data, run._federation.schema)
    run._store.put(root, data)
    assert set(run._fetch({0: b"\1" * 32, 1: b"\2" * 32, 2: b"\3" * 32, 3: root})) == {3}


def test_scores_are_of_the_first_test_rows_that_the_settings_allow():
    # Ten rows: accuracies are tenths, which those of all 400 would not be in each of six rounds.
    assert all(round(r.scores["accuracy"] * 10, 9) % 1 == 0 for r in records(small(test_rows=10)))


def test_a_network_computes_with_the_threads_of_its_settings():
    before = torch.get_num_threads()
    try:
        simulation(digits(threads=2))
        assert torch.get_num_threads() == 2
        simulation(digits())
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_oracle_learns_from_the_proposers_rows_without_averaging():
    settings = small(oracle=True, baselines=False, rounds=3)
    run = simulation(settings)
    played = [run.play_round() for _ in range(settings.rounds)]
    assert [set(r.baselines) for r in played] == [{ORACLE}] * 3

    federation, start = run._federation, run._federation.genesis
    seated = everyones_proposers(Deployment.of(settings, federation.rules), 1)
    after = federation.train_centrally(start, seated, 1)
    assert federation.quality(after)["accuracy"] == played[0].baselines[ORACLE]["accuracy"]
    alone = federation.train(start, seated, 1)
    assert not np.array_equal(after, federation.average(list(alone.values()), start))
    assert np.abs(after - start).sum() > max(np.abs(u - start).sum() for u in alone.values())


class Contrary(ReferenceEngine):
    """Decides against what the ballots say, as no contract does."""

    def close_round(self):
        return replace(super().close_round(), included=0)


def test_the_next_model_is_what_the_engine_decided_not_what_the_ballots_let_expect():
    (record,) = records(small(rounds=1), Contrary)
    assert majority(record.ballots.values(), range(16)) != 0
    assert record.included_clients == ()
    genesis = simulation(small()).state.parameters
    assert record.parameters == digest(to_bytes(genesis), simulation(small())._federation.schema).hex()
