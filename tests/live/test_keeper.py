"""The keeper on a real chain: every duty, two at once, a reorganisation across the outcome, a late block."""

import pytest
from live import FAST, signer
from players import Players

from offchain.live.access.chain import Invocation
from offchain.live.access.sender import Sender
from offchain.live.client.client import look as client_look
from offchain.live.client.decision import Done, Leave, Wait, Wish, Withdraw, decide
from offchain.live.keeping.duties import Duty, duties
from offchain.live.keeping.keeper import Keeper
from offchain.live.watching.view import read_view
from offchain.reference import Phase

pytestmark = pytest.mark.usefixtures("snapshot")


@pytest.fixture
def keeper(founded):
    deployment, chain = founded
    return Keeper(chain, deployment, Sender(chain, signer(1), FAST))


@pytest.fixture
def players(founded, members):
    return Players(*founded, members)


def look(founded):
    return read_view(founded[1], founded[0])


def keep(keeper, node, times=1):
    """Steps that do something, with a block between them where the keeper waits for one."""
    done = 0
    for _ in range(20 * times):
        done += keeper.step()
        if done == times:
            return
        node.mine()
    raise AssertionError(f"{done} of {times} things done")


def test_it_opens_and_draws_with_a_proof_of_the_header(keeper, founded, anvil_node):
    keep(keeper, anvil_node)
    opened = look(founded)
    assert (opened.phase, opened.round) == (Phase.DRAW, 1)
    keep(keeper, anvil_node)
    drawn = look(founded)
    assert drawn.phase == Phase.PROPOSE and drawn.seed
    assert drawn.block.number > opened.anchor
    assert not keeper.step()


def test_a_missed_anchor_is_replaced(keeper, founded, anvil_node):
    keep(keeper, anvil_node)
    before = look(founded)
    anvil_node.mine(before.anchor_window + 10)
    keep(keeper, anvil_node)
    assert look(founded).anchor > before.anchor + before.anchor_window
    keep(keeper, anvil_node)
    assert look(founded).phase == Phase.PROPOSE


def test_members_get_out_of_a_round_that_nobody_draws_with_all_their_tokens(
    keeper, founded, anvil_node, players, members
):
    deployment, chain = founded
    keep(keeper, anvil_node)
    leaver = members[2]

    def action():
        outlook = client_look(chain, deployment, leaver.address)
        return decide(outlook.view, outlook.me, outlook.wallet, Wish(leave=True))

    assert isinstance(action(), Wait)
    anvil_node.mine(look(founded).anchor_window + 10)
    assert isinstance(action(), Leave)
    players.send(leaver, Invocation(deployment.manager, "requestExit"))
    assert isinstance(action(), Wait), "its tokens are not released yet"
    anvil_node.warp(deployment.parameters.unbonding)
    assert action() == Withdraw(2 * deployment.parameters.bond)
    players.send(leaver, Invocation(deployment.manager, "withdraw", (2 * deployment.parameters.bond,)))
    assert isinstance(action(), Done)


def test_it_marks_the_absent_and_finalises(keeper, founded, anvil_node, players):
    keep(keeper, anvil_node, 2)
    proposers, voters = players.seated()
    players.propose(proposers[:1])
    assert not keeper.step()
    anvil_node.warp(600)
    keep(keeper, anvil_node)
    assert look(founded).absent_proposers == 1
    players.publish(proposers[:1])
    players.commit(voters[:3], 1)
    anvil_node.warp(1200)
    keep(keeper, anvil_node)
    view = look(founded)
    assert (view.absent_voters, view.phase) == (1, Phase.REVEAL)
    players.reveal(voters[:3], 1)
    keep(keeper, anvil_node)
    assert look(founded).finalised
    strikes = {address: client.strikes for address, client in players.views().items()}
    assert {key for key, count in strikes.items() if count} == {proposers[1].address, voters[3].address}


def test_a_round_in_which_nobody_moves_ends_void(keeper, founded, anvil_node):
    keep(keeper, anvil_node, 2)
    anvil_node.warp(2400)
    keep(keeper, anvil_node, 2)
    view = look(founded)
    assert (view.finalised, view.absent_proposers, view.absent_voters) == (True, 2, 0)


def test_it_settles_when_asked_to(founded, anvil_node, players):
    deployment, chain = founded
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST), every=10**6, settles=True)
    keep(keeper, anvil_node, 2)
    players.play()
    keep(keeper, anvil_node)
    fork = look(founded).block.number
    keep(keeper, anvil_node)
    assert all(client.escrow == 0 for client in players.views().values())
    assert not keeper.step() and not keeper.step()
    assert look(founded).phase == Phase.IDLE

    anvil_node.reorganise(fork)
    assert any(client.escrow for client in players.views().values())
    keep(keeper, anvil_node)
    assert all(client.escrow == 0 for client in players.views().values())


def test_two_at_once_do_everything_once(founded, anvil_node, players):
    deployment, chain = founded
    anvil_node.give(signer(2).address)
    both = [Keeper(chain, deployment, Sender(chain, signer(number), FAST)) for number in (1, 2)]
    decided = [each._look()[0] for each in both]
    assert decided == [[Duty("openRound")]] * 2
    view = look(founded)
    assert both[0]._do(view, decided[0])
    nonce = chain.nonce(signer(2).address)
    assert not both[1]._do(view, decided[1])
    assert chain.nonce(signer(2).address) == nonce
    assert look(founded).round == 1


def test_a_reorganisation_across_the_outcome_is_caught_up(keeper, founded, anvil_node, players):
    keep(keeper, anvil_node, 2)
    players.play()
    fork = look(founded).block.number
    keep(keeper, anvil_node)
    model = look(founded).model
    keep(keeper, anvil_node)
    assert look(founded).round == 2
    anvil_node.reorganise(fork)
    assert look(founded).phase == Phase.CLOSE
    keep(keeper, anvil_node)
    view = look(founded)
    assert (view.round, view.finalised, view.model) == (1, True, model)


def test_a_commitment_that_a_reorganisation_took_is_made_again(keeper, founded, anvil_node, players):
    keep(keeper, anvil_node, 2)
    proposers, _ = players.seated()
    fork = look(founded).block.number
    players.propose(proposers)
    assert not keeper.step()
    assert look(founded).updates == 2
    anvil_node.reorganise(fork)
    assert look(founded).updates == 0
    players.refresh()
    players.propose(proposers)
    assert not keeper.step()
    assert look(founded).updates == 2


def test_members_that_leave_and_join_are_followed(keeper, founded, anvil_node, players, members):
    deployment, chain = founded
    keep(keeper, anvil_node)
    leaver = members[1]
    players.send(leaver, Invocation(deployment.manager, "requestExit"))
    keep(keeper, anvil_node)
    anvil_node.warp(2400)
    keep(keeper, anvil_node, 2)
    players.send(leaver, Invocation(deployment.manager, "join", (b"",)))
    keeper.step()
    order = chain.read([Invocation(deployment.manager, "memberAt", (index,)) for index in range(6)])
    assert keeper._roster.members == [address.lower() for address in order]


class Idle:
    """Stands in for a roster: `clients` never used their seats, by position."""

    def __init__(self, *clients):
        self.clients = clients

    def __call__(self, places):
        return [self.clients[place] for place in places if place < len(self.clients) and self.clients[place]]


@pytest.mark.parametrize(
    ("changes", "idle", "expected"),
    [
        ({"phase": Phase.IDLE}, (), ["openRound"]),
        ({"phase": Phase.IDLE, "member_count": 3}, (), []),
        ({"phase": Phase.IDLE, "drawn_at": 2}, (), []),
        ({"phase": Phase.DRAW, "anchor": 100}, (), []),
        ({"phase": Phase.DRAW, "anchor": 99}, (), ["draw"]),
        ({"phase": Phase.PROPOSE, "drawn_at": 500}, ("a", ""), []),
        ({"phase": Phase.VOTE, "drawn_at": 400}, ("a", ""), ["markAbsent a"]),
        ({"phase": Phase.REVEAL, "drawn_at": -800, "published": 1}, ("", "", "c"), ["markAbsent c"]),
        ({"phase": Phase.REVEAL, "drawn_at": -800, "published": 0}, ("", "", "c"), []),
        ({"phase": Phase.CLOSE, "drawn_at": 900}, (), ["finalise"]),
        ({"phase": Phase.CLOSE, "drawn_at": -800, "published": 1}, ("", "", "c"), ["markAbsent c"]),
        (
            {"phase": Phase.CLOSE, "drawn_at": -1400, "published": 1},
            ("a", "", "c"),
            ["markAbsent a", "markAbsent c", "finalise"],
        ),
    ],
)
def test_what_is_due(founded, changes, idle, expected):
    from dataclasses import replace

    view = look(founded)
    state = {"block": replace(view.block, number=100, time=1000), "drawn_at": 1, "proposer_seats": 2}
    state |= {"voter_seats": 4, "round": 1, "members": 6} | changes
    due = duties(replace(view, **state), Idle(*idle), every=999)
    assert [f"{duty.act} {duty.client}".strip() for duty in due] == expected


@pytest.mark.parametrize(("now", "finalises"), [(1400, False), (1429, False), (1430, True)])
def test_the_absent_are_marked_before_anybody_finalises(founded, now, finalises):
    from dataclasses import replace

    view = look(founded)
    parameters = replace(
        view.parameters, propose_for=100, publish_for=100, vote_for=100, reveal_for=100, mark_for=30
    )
    view = replace(
        view,
        phase=Phase.CLOSE,
        block=replace(view.block, time=now),
        drawn_at=1000,
        proposer_seats=1,
        voter_seats=3,
        published=1,
        parameters=parameters,
    )
    assert duties(view, Idle("", "b")) == [Duty("markAbsent", "b"), Duty("finalise")][: 1 + finalises]
    assert duties(view, Idle()) == [Duty("finalise")]


@pytest.mark.parametrize(
    ("parameters", "drawn_at", "joined", "opens"),
    [
        ({"interval": 999}, 1, 6, True),
        ({"interval": 1000}, 1, 6, False),
        ({"interval": 1000}, 0, 6, True),
        ({"min_members": 6}, 1, 6, True),
        ({"min_members": 7}, 1, 6, False),
    ],
)
def test_a_round_is_opened_when_the_contract_takes_it(founded, parameters, drawn_at, joined, opens):
    from dataclasses import replace

    view = look(founded)
    view = replace(
        view,
        phase=Phase.IDLE,
        block=replace(view.block, time=1000),
        drawn_at=drawn_at,
        member_count=joined,
        parameters=replace(view.parameters, **parameters),
    )
    assert duties(view, Idle()) == [Duty("openRound")] * opens
