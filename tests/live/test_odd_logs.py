"""Logs that no contract can have made, through what status, statements and pages tell: one sentence."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from lineage_parts import played

from offchain.errors import LineageError
from offchain.live.access.chain import Block
from offchain.live.deploying.amounts import Unit
from offchain.live.errors import LogsError
from offchain.live.watching.books import Books
from offchain.live.watching.decisions import Decisions
from offchain.live.watching.history import History, LoggedEvent
from offchain.live.watching.roster import Roster
from offchain.live.watching.rounds import rounds_of
from offchain.page.from_chain import chain_story
from offchain.page.write import page_data
from offchain.reference import Phase

STRANGER = "0x" + "99" * 20


class Told:
    """A deployment whose contract says what its whole logs make."""

    def __init__(self):
        game = played(3)
        self.parameters, self.model = game.parameters, game.model
        self.events = [
            LoggedEvent(event.name, dict(event.values), "0x" + "11" * 20, number, "", f"{number:064x}", 0)
            for number, event in enumerate(game.events)
        ]
        books = Books(self.parameters)
        books.enter(self.events)
        self.accounts = {
            client: SimpleNamespace(
                is_member=True, free=sum(c.free for c in told), escrow=sum(c.escrow for c in told)
            )
            for client, told in books.told.items()
        }
        self.whole = self.tell(self.events)

    def tell(self, events):
        """What a page tells of them, as `Watch` compares and a page shows it."""
        nothing = SimpleNamespace(is_member=False, free=0, escrow=0)
        roster, books, decisions = Roster(), Books(self.parameters), Decisions(self.parameters)
        roster.follow(events)
        roster.require(3, 10)
        logs = tuple(rounds_of(events))
        decisions.advance(logs)
        decisions.require_model(self.model)
        accounts = {client: self.accounts.get(client, nothing) for client in books.enter(events)}
        roster.require_members(accounts)
        books.require(accounts)
        view = SimpleNamespace(
            deadline=lambda phase: None, phase=Phase.IDLE, round=3, now=1, block=SimpleNamespace(number=1),
            member_count=10, reward_pool=0, budget=0, model=self.model,
        )  # fmt: skip
        status = SimpleNamespace(
            name="x", chain_id=1, unit=Unit(18, "T"), view=view, rounds=logs, waits_for="", spent=None,
            told=books.told,
        )  # fmt: skip
        return page_data(chain_story(status, events, 0.0))

    def refuses(self, events):
        with pytest.raises((LogsError, LineageError)) as refused:
            self.tell(events)
        assert "\n" not in str(refused.value)
        return True


@pytest.fixture(scope="module")
def network_told():
    return Told()


def test_no_log_can_be_left_out(network_told):
    events = network_told.events
    for place, event in enumerate(events):
        left = events[:place] + events[place + 1 :]
        if event.values.get("payout") == 0:  # Which moved nothing.
            assert network_told.tell(left) == network_told.whole
        else:
            assert network_told.refuses(left), event
        assert network_told.refuses(events[:place] + events[place + 9 :]), event


def test_no_log_can_be_told_twice(network_told):
    events = network_told.events
    for place, event in enumerate(events):
        assert network_told.refuses(events[:place] + [event] + events[place:])
        assert network_told.refuses(events + [event])


def test_another_order_is_refused_or_tells_the_same(network_told):
    events = network_told.events
    refused = 0
    for place in range(len(events) - 1):
        swapped = [*events[:place], events[place + 1], events[place], *events[place + 2 :]]
        try:
            told = network_told.tell(swapped)
        except (LogsError, LineageError):
            refused += 1
            continue
        names = {events[place].name, events[place + 1].name}
        # Whose number is which follows from who came first; a ballot's place in a table from when it came.
        assert told == network_told.whole or names in ({"Deposited"}, {"BallotCommitted"}), names
    assert refused > 20
    assert network_told.refuses(events[::-1])


@pytest.mark.parametrize(
    ("name", "value", "others"),
    [
        ("RoundOpened", "round", (0, 7, 2**64 - 1)),
        ("RoundOpened", "members", (0, 9, 2**32 - 1)),
        ("RoundOpened", "model", (b"\0" * 32,)),
        ("UpdateCommitted", "client", (STRANGER,)),
        ("UpdateCommitted", "round", (0, 7)),
        ("UpdatePublished", "client", (STRANGER,)),
        ("UpdatePublished", "position", (15, 16, 255)),
        ("UpdatePublished", "samples", (0, 65_535)),
        ("BallotCommitted", "client", (STRANGER,)),
        ("BallotRevealed", "client", (STRANGER,)),
        ("RoundFinalised", "included", (0xFFFF,)),
        ("RoundFinalised", "tally", (0, 1, 2**256 - 1)),
        ("RoundFinalised", "model", (b"\0" * 32,)),
        ("Settled", "payout", (0, 2**256 - 1)),
        ("Settled", "client", (STRANGER,)),
        ("Deposited", "amount", (0, 1, 2**256 - 1)),
        ("Deposited", "client", (STRANGER,)),
        ("Joined", "client", (STRANGER,)),
    ],
)
def test_no_value_can_be_another(network_told, name, value, others):
    events = network_told.events
    for place, event in enumerate(events):
        for other in others if event.name == name else ():
            if event.values[value] != other:
                changed = replace(event, values={**event.values, value: other})
                assert network_told.refuses([*events[:place], changed, *events[place + 1 :]])


class Quiet:
    """A chain of one block, on which nothing was logged."""

    log_range = None

    def __init__(self, latest):
        self.latest = latest

    def head(self):
        return self.latest

    def block(self, number):
        return self.latest

    def logs(self, *asked):
        return []


def test_a_chain_that_is_another_from_its_first_block_on_is_told_by_that_block(caplog):
    first, other = (Block(0, digest * 32, "", 1, 1) for digest in ("0a", "0b"))
    chain = Quiet(first)
    history = History(chain, [], 0)
    history.advance()
    chain.latest = other
    assert history.advance().head == other
    (said,) = [record.getMessage() for record in caplog.records]
    assert said == "the chain reorganised from block 0 on: 0 events are read again"
