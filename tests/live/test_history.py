"""Logs in ranges, right again after a reorganisation; and the state of a deployment at one block."""

import pytest
from live import FAST, signer

from offchain.live.access.chain import Invocation
from offchain.live.access.sender import Sender
from offchain.live.deploying.deployment import require_deployed
from offchain.live.errors import DeploymentError, NodeRefusedError, NodeUnavailableError
from offchain.live.watching.history import History
from offchain.live.watching.roster import Roster
from offchain.live.watching.view import read_view
from offchain.reference import Phase, Seat

pytestmark = pytest.mark.usefixtures("snapshot")


@pytest.fixture
def history(founded):
    deployment, chain = founded
    return History(chain, [deployment.manager, deployment.pool], deployment.first_block)


@pytest.fixture
def keeper(founded):
    return Sender(founded[1], signer(1), FAST)


def unanswered(*asked):
    raise NodeUnavailableError("no node answered")


def names(events):
    return [event.name for event in events]


def test_events_come_in_the_order_of_the_chain(history, members):
    news = history.advance()
    assert names(news.events) == ["Deposited", "Joined"] * len(members)
    assert [event.values["client"] for event in news.events[1::2]] == [key.address for key in members]
    assert not news.rewound
    assert history.advance().events == []


def test_ranges_shrink_until_the_node_takes_them(history, founded, monkeypatch, members):
    chain, asked = founded[1], []
    original = chain.logs

    def logs(addresses, first, last):
        asked.append(last - first + 1)
        if last - first >= 7:
            raise NodeRefusedError("eth_getLogs", "query returned more than 10000 results")
        return original(addresses, first, last)

    monkeypatch.setattr(chain, "logs", logs)
    assert len(history.advance().events) == 2 * len(members)
    assert asked[0] > 7 and max(asked[-3:]) <= 7


def test_a_reorganisation_takes_events_back(history, founded, keeper, anvil_node):
    deployment, _ = founded
    history.advance()
    before = list(history.events)
    keeper.send(Invocation(deployment.manager, "openRound"))
    first = history.advance()
    assert names(first.events) == ["RoundOpened"]
    anvil_node.mine(2)
    history.advance()

    anvil_node.reorganise(first.head.number - 1)
    assert history.advance().rewound
    assert history.events == before

    keeper.refresh()
    keeper.send(Invocation(deployment.manager, "openRound"))
    again = history.advance()
    assert names(again.events) == ["RoundOpened"] and not again.rewound
    assert again.events[0].block > first.events[0].block


def test_what_was_taken_back_is_told_though_the_node_failed_at_that_moment(
    history, founded, keeper, anvil_node, monkeypatch
):
    deployment, chain = founded
    roster = Roster()
    roster.keep_up(history)
    keeper.send(Invocation(deployment.manager, "openRound"))
    opened = roster.keep_up(history).head.number
    anvil_node.mine(1)
    anvil_node.reorganise(opened - 1)
    with monkeypatch.context() as failing:
        failing.setattr(chain, "logs", unanswered)
        with pytest.raises(NodeUnavailableError):
            roster.keep_up(history)
    assert roster.keep_up(history).rewound and roster.round == 0
    assert not roster.keep_up(history).rewound


def test_a_node_that_lags_takes_nothing_back(history, founded, keeper, monkeypatch):
    deployment, chain = founded
    keeper.send(Invocation(deployment.manager, "openRound"))
    known = list(history.advance().events)
    lagging = chain.block(history.head.number - 1)
    monkeypatch.setattr(chain, "head", lambda: lagging)
    news = history.advance()
    assert not news.rewound and list(history.events) == known


def test_blocks_exchanged_while_they_are_read_are_read_again(history, founded, monkeypatch):
    chain = founded[1]
    real, answers = chain.block, ["another"]
    monkeypatch.setattr(chain, "block", lambda number: answers.pop() if answers else real(number))
    assert history.advance().events and not answers
    monkeypatch.setattr(chain, "block", lambda number: "another")
    fresh = History(chain, [founded[0].manager], 0)
    with pytest.raises(NodeUnavailableError, match="keep changing"):
        fresh.advance()


def test_the_state_is_read_at_one_block(founded, keeper, members, anvil_node):
    deployment, chain = founded
    keeper.send(Invocation(deployment.manager, "openRound"))
    view = read_view(chain, deployment, [key.address for key in members])
    assert (view.phase, view.round, view.members, view.member_count) == (Phase.DRAW, 1, 6, 6)
    assert (view.proposer_seats, view.voter_seats) == (2, 4)
    assert view.anchor == view.block.number + 2
    assert view.time_left is None and view.deadline(Phase.VOTE) is None
    client = view.clients[members[0].address]
    assert client.is_member and client.free == 2 * deployment.parameters.bond and client.escrow == 0
    assert view.seat_of(client) == Seat.NONE


def test_what_is_no_deployment_is_said_so(founded, anvil_node):
    from dataclasses import replace

    deployment, chain = founded
    require_deployed(chain, deployment)
    nowhere = replace(deployment.manager, address="0x" + "12" * 20)
    with pytest.raises(DeploymentError, match="there is no contract at 0x1212"):
        require_deployed(chain, replace(deployment, manager=nowhere))
    token = replace(deployment.manager, address=deployment.token.address)
    with pytest.raises(DeploymentError, match="is no RoundManager"):
        require_deployed(chain, replace(deployment, manager=token))
    other = replace(deployment.parameters, vote_for=599)
    with pytest.raises(DeploymentError, match="the deployed vote_for is 600, expected 599"):
        require_deployed(chain, replace(deployment, parameters=other))
    elsewhere = deployment.book.model_copy(update={"chain_id": 1})
    with pytest.raises(DeploymentError, match="this is chain 11155111, deployment net is on chain 1"):
        require_deployed(chain, replace(deployment, book=elsewhere))
