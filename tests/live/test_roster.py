"""Logs that a node left out, or made up: said, asked for again, and never believed."""

import pytest
from live import FAST, signer
from live_client import only_when_asked_again

from offchain.live.access.sender import Sender
from offchain.live.errors import LogsError
from offchain.live.keeping.keeper import Keeper
from offchain.live.watching.history import LoggedEvent
from offchain.live.watching.roster import Roster
from offchain.live.watching.status import Watch, status_json
from offchain.live.watching.view import read_view


def event(name, **values):
    return LoggedEvent(name, values, "0x", 7, "0x", "0x", 0)


def joined(*clients):
    return [event("Joined", client=client) for client in clients]


def roster_of(*events):
    roster = Roster()
    roster.follow(events)
    return roster


def test_a_round_seats_the_members_of_its_opening():
    roster = roster_of(*joined("a", "b", "c"), event("RoundOpened", round=1, members=3), *joined("d"))
    assert sorted(roster.seated(5, range(3))) == ["a", "b", "c"]


def test_the_last_takes_the_place_of_who_leaves_as_in_the_contract():
    roster = roster_of(*joined(*"abcd"), event("Left", client="b"), event("Removed", client="d"))
    assert roster.members == ["a", "c"]


def test_one_removed_after_leaving_is_no_contradiction():
    roster = roster_of(*joined("a", "b"), event("Left", client="b"), event("Removed", client="b"))
    assert roster.members == ["a"]


def test_a_round_with_other_members_than_joined_is_refused():
    with pytest.raises(LogsError, match="round 4 opened with 3 members, the logs before block 7 make 2"):
        roster_of(*joined("a", "b"), event("RoundOpened", round=4, members=3))


def test_one_that_leaves_without_having_joined_is_refused():
    with pytest.raises(LogsError, match="b left in block 7, but never joined"):
        roster_of(*joined("a"), event("Left", client="b"))


def test_an_act_of_one_that_joined_after_the_opening_is_refused():
    opened = [*joined("a", "b"), event("RoundOpened", round=1, members=2), *joined("c")]
    assert roster_of(*opened, event("UpdateCommitted", round=1, client="b")).used == {"b"}
    for act in ("UpdateCommitted", "BallotCommitted", "MarkedAbsent"):
        with pytest.raises(LogsError, match=f"{act} in round 1 of c, no member at its opening"):
            roster_of(*opened, event(act, round=1, client="c"))


def test_more_seats_than_members_are_refused():
    roster = roster_of(*joined("a", "b"), event("RoundOpened", round=1, members=2))
    with pytest.raises(LogsError, match="round 1 has 3 seats, by its logs only 2 members"):
        roster.seated(5, range(3))


@pytest.fixture
def keeper(founded):
    return Keeper(founded[1], founded[0], Sender(founded[1], signer(1), FAST))


@pytest.fixture
def opened(founded, keeper, snapshot, anvil_node):
    """A round whose members have seats."""
    done = 0
    while done < 2:
        done += keeper.step()
        anvil_node.mine()


@pytest.fixture
def forgetful(founded, opened, monkeypatch):
    """The chain by a node that tells of no log before it is asked again."""
    chain = founded[1]
    honest = type(chain).logs
    monkeypatch.setattr(type(chain), "logs", only_when_asked_again(honest))
    return chain


def test_status_asks_again(founded, opened, forgetful, monkeypatch):
    watch = Watch(forgetful, founded[0])
    with pytest.raises(LogsError, match="in round 1 with 6 members, the logs make it round 0 with 0"):
        watch.look()
    status = status_json(watch.look())
    monkeypatch.undo()
    assert status == status_json(Watch(forgetful, founded[0]).look()) and len(status["seats"]) == 6


def test_the_keeper_asks_again(founded, forgetful, anvil_node):
    keeper = Keeper(forgetful, founded[0], Sender(forgetful, signer(1), FAST))
    with pytest.raises(LogsError, match="in round 1 with 6 members, the logs make it round 0 with 0"):
        keeper.step()
    anvil_node.warp(600)
    assert keeper.step()
    assert read_view(founded[1], founded[0]).absent_proposers == 2
