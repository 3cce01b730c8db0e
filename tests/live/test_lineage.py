"""The lineage replayed from a simulation's events and artefacts, and from events that were tampered with."""

from dataclasses import replace

import numpy as np
import pytest
from lineage_parts import played
from long_history import LongHistory

from offchain.errors import LineageError
from offchain.live.errors import LogsError
from offchain.live.verifying.lineage import RECENT_MODELS, Lineage
from offchain.live.watching.decisions import check_decision
from offchain.live.watching.rounds import Outcome, Publication, RoundLog, rounds_of
from offchain.reference import tally


@pytest.fixture(scope="module")
def past():
    return played(rounds=5)


def lineage(past, fetch=None):
    return Lineage(lambda: past.genesis, past.parameters, past.schema, fetch or past.artefacts.get)


def round_with(past, test):
    return next(log.number for log in rounds_of(past.events) if test(log))


def tampered(past, name, number, **changes):
    """The rounds, after the first event `name` of round `number` was changed."""
    events = list(past.events)
    place = next(
        i for i, event in enumerate(events) if event.name == name and event.values.get("round") == number
    )
    events[place] = replace(events[place], values={**events[place].values, **changes})
    return rounds_of(events)


def test_the_model_is_the_simulations_bit_for_bit(past):
    replay = lineage(past)
    checked = replay.advance(rounds_of(past.events))
    assert [each.number for each in checked] == [1, 2, 3, 4, 5]
    assert np.array_equal(replay.latest.parameters, past.final)
    assert replay.latest.id == past.model
    assert any(each.included for each in checked) and any(len(e.included) < e.published for e in checked)


def test_any_round_can_be_had(past):
    one, whole = lineage(past), lineage(past)
    one.advance(rounds_of(past.events), until=2)
    assert one.latest.round == 2
    whole.advance(rounds_of(past.events))
    one.advance(rounds_of(past.events))
    assert one.latest.id == whole.latest.id


def test_what_a_reorganisation_took_back_is_computed_again(past):
    replay, rounds = lineage(past), rounds_of(past.events)
    replay.advance(rounds)
    replay.advance(rounds[:2])
    assert replay.latest.round == 2
    other = tampered(past, "RoundFinalised", 2, model=b"\1" * 32)
    with pytest.raises(LineageError, match="round 2: the included updates lead to model"):
        replay.advance(other)
    assert replay.latest.round == 1


def test_a_newcomer_of_a_thousand_rounds_asks_for_the_last_inclusions_updates_only():
    long = LongHistory([() if number % 10 == 0 else (0, 1, 2, 3, 4) for number in range(1, 1001)])
    newcomer = long.lineage()
    assert len(newcomer.advance(rounds_of(long.events))) == 1000 and long.fetched == []
    assert newcomer.head.id == long.model
    assert np.array_equal(newcomer.latest.parameters, long.average(999, range(5)))
    assert newcomer.latest.round == 1000 and long.fetched == long.roots(999)
    assert len(newcomer._models) == 1


def test_who_asks_for_every_model_fetches_all_and_holds_two():
    long = LongHistory([(0, 2)] * 30)
    whole, rounds = long.lineage(), rounds_of(long.events)
    for log in rounds:
        whole.advance(rounds, until=log.number)
        assert np.array_equal(whole.latest.parameters, long.average(log.number, (0, 2)))
        assert len(whole._models) <= RECENT_MODELS
    assert len(long.fetched) == 60


def test_a_round_that_includes_nothing_keeps_the_model():
    long = LongHistory([(), (1,), (), ()])
    replay, rounds = long.lineage(), rounds_of(long.events)
    replay.advance(rounds, until=1)
    assert not replay.latest.parameters.any() and long.fetched == []
    replay.advance(rounds)
    assert (replay.head.round, replay.head.inclusion.round) == (4, 2)
    assert np.array_equal(replay.latest.parameters, long.updates[2, 1])


def test_a_reorganisation_that_moves_an_update_into_another_round_changes_the_model_and_its_id():
    before, after = LongHistory([(0, 1), (2,)]), LongHistory([])
    after.updates[2, 0] = before.updates[1, 1]
    after.play(1, (0,))
    after.play(2, (0, 2))
    assert before.model != after.model
    replay = before.lineage()
    replay.advance(rounds_of(before.events))
    assert np.array_equal(replay.latest.parameters, before.updates[2, 2])
    assert len(replay.advance(rounds_of(after.events))) == 2
    assert np.array_equal(replay.latest.parameters, after.average(2, (0, 2)))


@pytest.mark.parametrize(
    ("event", "changes", "told"),
    [
        ("RoundOpened", {"model": b"\1" * 32}, "builds on model 0101"),
        ("RoundFinalised", {"model": b"\1" * 32}, "lead to model .* the contract has 0101"),
        (
            "RoundFinalised",
            {"included": 0},
            r"a majority accepts positions \[.+\], the contract includes \[\]",
        ),
        ("RoundFinalised", {"tally": 0}, "the revealed ballots make the tally .* the contract has 0x0"),
        ("UpdatePublished", {"samples": 2}, "counts for 2 samples, allowed are 1 to 1"),
        ("UpdatePublished", {"samples": 0}, "counts for 0 samples"),
        ("UpdatePublished", {"position": 15}, "the revealed ballots make the tally"),
        ("BallotRevealed", {"ballot": 0b1000000}, "the revealed ballots make the tally"),
    ],
)
def test_the_first_thing_that_does_not_fit_is_named(past, event, changes, told):
    number = round_with(past, lambda log: log.outcome.included)
    with pytest.raises(LineageError, match=f"round {number}.*{told}"):
        lineage(past).advance(tampered(past, event, number, **changes))


def test_another_root_of_an_included_update_is_found_out(past):
    log = next(log for log in rounds_of(past.events) if log.outcome.included)
    other = next(
        p.root for r in rounds_of(past.events) for p in r.published.values() if r.number != log.number
    )
    events = [
        replace(e, values={**e.values, "root": other})
        if e.name == "UpdatePublished"
        and e.values["round"] == log.number
        and log.outcome.included >> e.values["position"] & 1
        else e
        for e in past.events
    ]
    with pytest.raises(LineageError, match=f"round {log.number}: the included updates lead to model"):
        lineage(past).advance(rounds_of(events))


def test_a_ballot_left_out_is_found_out(past):
    dropped = next(e for e in past.events if e.name == "BallotRevealed")
    with pytest.raises(LineageError, match="round 1: the revealed ballots make the tally"):
        lineage(past).advance(rounds_of([e for e in past.events if e is not dropped]))


def test_a_round_left_out_is_found_out(past):
    events = [e for e in past.events if e.values.get("round") != 2]
    with pytest.raises(LogsError, match="round 3 opens after round 1, where 2 would be the next"):
        rounds_of(events)
    with pytest.raises(LineageError, match="round 2 is missing in the logs, the next is 3"):
        lineage(past).advance([log for log in rounds_of(past.events) if log.number != 2])


def test_an_included_update_that_no_store_has_is_named(past):
    last = [log.number for log in rounds_of(past.events) if log.outcome.included][-1]
    bare = lineage(past, lambda root: None)
    bare.advance(rounds_of(past.events))
    with pytest.raises(LineageError, match=f"round {last}: no store has the included update .* of 0x"):
        assert bare.latest


def test_other_rules_are_another_lineage(past):
    parameters = replace(past.parameters, rules=b"\1" * 32)
    replay = Lineage(lambda: past.genesis, parameters, past.schema, past.artefacts.get)
    with pytest.raises(LineageError, match="round 1 builds on model"):
        replay.advance(rounds_of(past.events))


def test_a_round_below_its_quorum_includes_nothing():
    past = played(rounds=1, quorum_bps=5000, silent=4)
    (checked,) = lineage(past).advance(rounds_of(past.events))
    assert checked.void and checked.included == () and checked.published > 0
    assert checked.model == past.parameters.rules


@pytest.mark.parametrize(("accepting", "included"), [(2, (0,)), (1, ())])
def test_a_tie_includes_nothing(past, accepting, included):
    publication = Publication("0x" + "11" * 20, b"\1" * 32, 1)
    ballots = {f"0x{number}": int(number < accepting) for number in range(2)}
    voters = dict.fromkeys(ballots)
    log = RoundLog(1, 10, past.parameters.rules, 5, {}, {0: publication}, voters, ballots)
    sealed = tally.sealed([accepting] + [0] * 15, 2, 2, 0b1, False)
    outcome = Outcome(sealed, sum(1 << j for j in included), b"")
    assert check_decision(log, outcome, past.parameters).included == included
