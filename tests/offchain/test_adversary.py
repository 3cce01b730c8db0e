"""A coalition in a run: what it proposes, withholds and votes, and rules without votes beside it."""

import random

import numpy as np
import pytest
import torch
from small_runs import records, simulation, small, timeless

from ml.errors import MLError
from ml.updates.canonical import digest, to_bytes
from offchain.engines.chain_engine import ChainEngine
from offchain.reproduction.kept_runs import run_digest
from offchain.settings import TOKEN
from offchain.simulation.baselines import HONEST_ONLY
from offchain.simulation.cast import Cast

ATTACKED = dict(rounds=4, baselines=False, policy="evidence")
CAST = Cast.of(small())


def roots(played):
    return [record.updates for record in played]


def by_malicious(played):
    """Malicious proposals included and excluded."""
    included = sum(len(CAST.proposers & set(r.included_clients)) for r in played)
    return included, sum(len(CAST.proposers & set(r.excluded_clients)) for r in played)


def test_an_attack_on_updates_is_the_coalitions_alone_and_votes_see_it():
    honest, attacked = (
        records(small(attack="none", **ATTACKED)),
        records(small(attack="sign-flip", **ATTACKED)),
    )
    first, second = honest[0].updates, attacked[0].updates
    assert {c for c in first if first[c] != second[c]} == CAST.proposers & set(first) != set()
    assert by_malicious(attacked)[0] == 0 < by_malicious(attacked)[1]


def test_a_users_attack_that_fails_ends_its_run_in_a_sentence(tmp_path):
    file = tmp_path / "own.py"
    file.write_text("def attack(coalition):\n    return coalition.nothing\n")
    with pytest.raises(MLError, match=r"attack .*own.py:attack failed in .*line 2: AttributeError"):
        records(small(attack=f"{file}:attack", **ATTACKED))


def test_an_aimed_attack_passes_where_the_same_unaimed_is_refused():
    plain = records(small(attack="anti", attack_options={"divergence_weight": 0}, **ATTACKED, local_epochs=8))
    aimed = records(small(attack="anti", aimed=0.5, **ATTACKED, local_epochs=8))
    assert by_malicious(plain)[0] < by_malicious(aimed)[0]


def test_only_where_commitments_are_broken_does_a_coalition_send_others_updates():
    kept, broken = (
        records(small(attack="copy", commitments_broken=seen, **ATTACKED)) for seen in (False, True)
    )

    def stolen(played):
        return [
            bool(
                {root for client, root in updates.items() if client in CAST.proposers}
                & {root for client, root in updates.items() if client not in CAST.proposers}
            )
            for updates in roots(played)
        ]

    assert not any(stolen(kept)) and any(stolen(broken))


def test_withheld_bytes_are_excluded_by_everyone_honest():
    played = records(small(withhold_bytes=True, **ATTACKED))
    assert by_malicious(played)[0] == 0 < by_malicious(played)[1]
    for record in played:
        places = [j for j, client in enumerate(record.proposers) if client in CAST.proposers]
        assert not any(ballot >> j & 1 for ballot in record.ballots.values() for j in places)


@pytest.mark.parametrize("policy", ["verdict", "evidence"])
def test_where_all_bytes_are_withheld_voters_say_no_to_all_or_lie(policy):
    hidden = {**ATTACKED, "policy": policy, "malicious": 1, "withhold_bytes": True}
    for record in records(small(**hidden)):
        assert set(record.ballots.values()) == {0} and record.included == 0
    assert records(small(coalition_votes="own", **hidden))[0].included > 0


def test_who_sleeps_until_rich_is_honest_before():
    asleep = records(small(sleep_until=1000, initial_balance=64, **ATTACKED))
    honest = records(small(attack="none", **ATTACKED))
    assert roots(asleep) == roots(honest)
    assert roots(records(small(sleep_until=64, **ATTACKED)))[0] == roots(records(small(**ATTACKED)))[0]


def test_a_coalition_that_sleeps_again_is_the_same_after_a_resume():
    # 63 tokens: it wakes rich, loses a stake, sleeps on what is left.
    settings = small(sleep_until=63, **{**ATTACKED, "rounds": 6})
    run = simulation(settings)
    played = [run.play_round() for _ in range(3)]
    state = run.state
    rest = [run.play_round() for _ in range(3)]
    again = simulation(settings)
    again.restore(played, state)
    assert [timeless(again.play_round()) for _ in range(3)] == [timeless(record) for record in rest]
    assert by_malicious([*played, *rest])[1] < by_malicious(records(small(**{**ATTACKED, "rounds": 6})))[1]


def test_coalition_votes_are_cast_by_its_voters_and_by_nobody_else():
    honest, own = (records(small(coalition_votes=way, **ATTACKED))[0] for way in ("honest", "own"))
    places = [j for j, client in enumerate(own.proposers) if client in CAST.proposers]
    for voter, ballot in own.ballots.items():
        if voter in CAST.proposers:
            assert ballot == sum(1 << j for j in places)
        else:
            assert ballot == honest.ballots[voter]
    assert any(voter in CAST.proposers for voter in own.ballots)


def test_flipping_is_what_malicious_voters_do():
    one = records(small(coalition_votes="flip", **ATTACKED))
    other = records(small(malicious_voters=0.4, **ATTACKED))
    assert [timeless(record) for record in one] == [timeless(record) for record in other]


def test_abstaining_costs_what_silence_costs_on_either_engine(gateway, contracts):
    settings = small(coalition_votes="abstain", **ATTACKED)
    in_memory = records(settings)
    on_chain = records(settings, lambda deployment: ChainEngine(gateway, contracts, deployment))
    assert [timeless(record) for record in on_chain] == [timeless(record) for record in in_memory]
    assert not any(voter in CAST.proposers for record in in_memory for voter in record.ballots)


def test_the_honest_only_run_averages_the_honest_updates_of_the_runs_seats():
    settings = small(attack="sign-flip", honest_only=True, **ATTACKED)
    run = simulation(settings)
    record = run.play_round()
    federation = run._federation
    honest = [client for client in record.proposers if client not in CAST.proposers]
    assert 0 < len(honest) < len(record.proposers)
    updates = federation.train(federation.genesis, honest, 1)
    expected = federation.average(list(updates.values()), federation.genesis)
    assert record.baselines[HONEST_ONLY] == federation.quality(expected)


def test_a_rule_without_votes_makes_the_model_and_costs_nobody_a_stake():
    settings = small(attack="nan", defence="median", proposer_bps=5000, malicious=0.2, rounds=3)
    run = simulation(settings)
    parent = run.state.parameters
    record = run.play_round()
    updates = run._adversary.proposals([parent], record.proposers, 1)
    middle = np.median(np.array(list(updates.values())), axis=0)
    assert (
        record.parameters == digest(to_bytes(np.rint(middle).astype(np.int32)), run._federation.schema).hex()
    )
    assert record.excluded_clients == () and set(record.balances) == {64 * TOKEN}


def test_an_average_is_the_mean_and_no_vote():
    played = records(small(defence="mean", **{**ATTACKED, "baselines": True}))
    for record in played:
        for name, value in record.baselines["without_defence"].items():
            assert np.isclose(record.scores[name], value, atol=1e-2)


def test_what_is_kept_of_a_run_knows_the_adversary(tmp_path):
    own = tmp_path / "own.py"
    own.write_text("def attack(coalition):\n    return coalition.trained\n")
    named = small(attack=f"{own}:attack")
    digests = [run_digest(small(**one)) for one in ({}, {"aimed": 0.5}, {"coalition_votes": "own"})]
    digests += [run_digest(small(defence="median")), run_digest(small(honest_only=True)), run_digest(named)]
    own.write_text("def attack(coalition):\n    return coalition.trained[:1]\n")
    digests.append(_fresh(named))
    assert len(set(digests)) == len(digests)


def _fresh(settings):
    from offchain.runs.data_digest import data_digest

    data_digest.cache_clear()
    return run_digest(settings)


OWN = """
import random
import numpy as np
import torch


def with_care(coalition):
    return coalition.taught(lambda shard: (shard.inputs * 0, 1 - shard.targets))


def in_place(coalition):
    def poison(shard):
        shard.inputs[:] = 0
        shard.targets[:] = 1 - shard.targets
        return shard.inputs, shard.targets

    return coalition.taught(poison)


def at_random(coalition):
    far = np.random.normal() + random.random() + torch.rand(()).item()
    return coalition.all_send(coalition.parent + far * coalition.changes.mean(axis=0))


def median_at_random(updates, knowledge):
    return updates[np.random.randint(len(updates))]


def votes_at_random(found):
    return {voter: random.getrandbits(9) & found.published for voter in found.honest}


def votes_for_others(found):
    found.honest[999] = 0
    return dict.fromkeys(found.honest, 0)
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    return f"{tmp_path / 'own.py'}:"


def test_an_attack_that_writes_into_its_rows_changes_no_later_round(own):
    careful, careless = (records(small(attack=own + name, **ATTACKED)) for name in ("with_care", "in_place"))
    assert roots(careful) == roots(careless)
    assert [each.ballots for each in careful] == [each.ballots for each in careless]


@pytest.mark.parametrize(
    "option, name",
    [("attack", "at_random"), ("defence", "median_at_random"), ("coalition_votes", "votes_at_random")],
)
def test_what_own_functions_draw_from_the_process_follows_from_the_seed(own, option, name):
    played = []
    for start in (1, 2):
        random.seed(start)
        np.random.seed(start)
        torch.manual_seed(start)
        played.append(records(small(**{**ATTACKED, "attack": "sign-flip", option: own + name})))
        drawn = random.random(), np.random.random(), torch.rand(()).item()
        random.seed(start)
        np.random.seed(start)
        torch.manual_seed(start)
        assert drawn == (random.random(), np.random.random(), torch.rand(()).item())  # As nobody had drawn.
    one, other = ([timeless(each) for each in run] for run in played)
    assert one == other
    assert len({tuple(record.ballots.items()) for record in played[0]}) > 1 or option != "coalition_votes"


def test_nobody_joins_a_coalition_by_being_voted_for(own):
    with pytest.raises(MLError, match="casts for 999, who is no voter of the coalition"):
        records(small(attack="sign-flip", coalition_votes=own + "votes_for_others", **ATTACKED))


@pytest.mark.parametrize(
    "asked, told",
    [
        (
            "accepts(coalition.parent)",
            r"accepts was asked of float64 \[\d+\]; expected numbers \[\d, \d+\], a row",
        ),
        ("harm(coalition.parent[:3])", r"harm was asked of float64 \[3\]; expected numbers \[\d+\], a model"),
        ("harm(coalition.parent * float('nan'))", "harm was asked of what is not finite"),
        ("teach(None, 0.0, 99)", "99 members are to be taught; expected a whole number from 1 to 4"),
        ("teach(None, 0.0, 0)", "0 members are to be taught; expected a whole number from 1 to 4"),
        (
            "taught(lambda of: (of.inputs, of.targets), -1.0)",
            "the divergence term has weight -1.0; expected a",
        ),
        ("taught(lambda of: None)", "a poison returned NoneType; expected inputs and targets"),
    ],
)
def test_what_a_coalition_cannot_answer_is_told_with_the_line_that_asks(tmp_path, asked, told):
    (tmp_path / "own.py").write_text(f"def attack(coalition):\n    return coalition.{asked}\n")
    name = f"{tmp_path / 'own.py'}:attack"
    with pytest.raises(MLError, match=rf"^attack .*own.py:attack failed in .*own.py, line 2: {told}"):
        records(small(attack=name, **{**ATTACKED, "rounds": 1}))
