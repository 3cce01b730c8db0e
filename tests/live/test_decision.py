"""What a client does next, for every situation that the chain can show."""

from dataclasses import replace

import pytest
from views import NEITHER, POOR, PROPOSER, RICH, VOTER, P, client, view

from offchain.live.access.chain import Block
from offchain.live.client.decision import (
    Deposit,
    Done,
    Draw,
    Join,
    Lack,
    Leave,
    Propose,
    Publish,
    Reveal,
    Vote,
    Wait,
    Wallet,
    Wish,
    Withdraw,
    decide,
    spendable,
)
from offchain.reference import Phase, Seat

OUT = dict(is_member=False)


def act(v, c, wallet=POOR, **wish):
    return decide(v, c, wallet, Wish(**wish))


@pytest.mark.parametrize(
    ("phase", "position", "seat", "expected"),
    [
        (Phase.PROPOSE, PROPOSER, Seat.NONE, Propose(patience=1050, until=1100)),
        (Phase.PROPOSE, PROPOSER, Seat.COMMITTED, Wait("for the round to go on")),
        (Phase.PROPOSE, VOTER, Seat.NONE, Wait("its seat's phase is vote")),
        (Phase.PROPOSE, NEITHER, Seat.NONE, Wait("no seat in this round")),
        (Phase.PUBLISH, PROPOSER, Seat.COMMITTED, Publish(patience=1150, until=1200)),
        (Phase.PUBLISH, PROPOSER, Seat.PUBLISHED, Wait("for the round to go on")),
        (Phase.PUBLISH, PROPOSER, Seat.NONE, Wait("for the round to go on")),
        (Phase.VOTE, VOTER, Seat.NONE, Vote(patience=1250, until=1300)),
        (Phase.VOTE, VOTER, Seat.VOTED, Wait("for the round to go on")),
        (Phase.VOTE, PROPOSER, Seat.PUBLISHED, Wait("for the round to go on")),
        (Phase.VOTE, PROPOSER, Seat.COMMITTED, Wait("for the round to go on")),
        (Phase.REVEAL, VOTER, Seat.VOTED, Reveal(1400)),
        (Phase.REVEAL, VOTER, Seat.NONE, Wait("for the round to go on")),
        (Phase.REVEAL, VOTER, Seat.REVEALED, Wait("for the round to go on")),
        (Phase.CLOSE, VOTER, Seat.REVEALED, Wait("for the round to go on")),
        (Phase.IDLE, VOTER, Seat.REVEALED, Wait("for the next round to open")),
        (Phase.DRAW, VOTER, Seat.NONE, Wait("for the seats to be drawn")),
    ],
)
def test_a_member_does_what_its_seat_asks_in_its_phase(phase, position, seat, expected):
    assert act(view(phase), client(position, seat)) == expected


def test_a_seat_of_an_earlier_round_is_none_in_this_one():
    settled = client(PROPOSER, Seat.PUBLISHED, round_=6)
    assert act(view(Phase.PROPOSE), settled) == Propose(patience=1050, until=1100)
    assert act(view(Phase.PUBLISH), client(PROPOSER, Seat.COMMITTED, round_=6)) == Wait(
        "for the round to go on"
    )


def test_with_nothing_published_nobody_votes():
    assert act(view(Phase.VOTE, published=0), client(VOTER)) == Wait("for the round to go on")


@pytest.mark.parametrize("position, phase, stake", [(PROPOSER, Phase.PROPOSE, 80), (VOTER, Phase.VOTE, 16)])
def test_who_cannot_stake_does_not_try(position, phase, stake):
    assert not isinstance(act(view(phase), client(position, free=stake)), Wait)
    assert act(view(phase), client(position, free=stake - 1)) == Wait("too few tokens for its seat")


def test_the_payout_of_an_earlier_seat_can_be_staked_for_its_settlement_comes_first():
    waiting = client(PROPOSER, Seat.REVEALED, round_=6, free=10, escrow=70)
    assert act(view(Phase.PROPOSE), waiting) == Propose(patience=1050, until=1100)
    assert spendable(view(Phase.IDLE), client(VOTER, Seat.REVEALED, escrow=70)) == 170
    assert spendable(view(Phase.CLOSE), client(VOTER, Seat.REVEALED, escrow=70)) == 100


@pytest.mark.parametrize(
    ("free", "escrow", "wallet", "expected"),
    [
        (100, 0, POOR, Join()),
        (40, 60, POOR, Join()),
        (0, 0, RICH, Deposit(100)),
        (30, 0, Wallet(70, 69), Deposit(70)),
        (30, 0, Wallet(70, 70), Deposit(70)),
        (30, 0, Wallet(69, 70), Lack(70, 69)),
    ],
)
def test_an_outsider_brings_the_bond_and_joins(free, escrow, wallet, expected):
    outsider = client(free=free, escrow=escrow, **OUT)
    assert act(view(Phase.IDLE), outsider, wallet) == expected


def test_a_member_is_topped_up_only_when_its_owner_wants():
    poor = client(free=20)
    assert act(view(Phase.IDLE), poor, RICH) == Wait("for the next round to open")
    assert act(view(Phase.IDLE), poor, RICH, keep=60) == Deposit(40)
    assert act(view(Phase.IDLE), poor, Wallet(40, 40), keep=60) == Deposit(40)


def test_a_seat_comes_before_a_top_up():
    assert act(view(Phase.VOTE), client(VOTER, free=20), RICH, keep=60) == Vote(1250, 1300)


def test_whoever_was_removed_is_done():
    assert isinstance(act(view(Phase.IDLE), client(is_removed=True, **OUT), RICH), Done)


def test_whoever_was_removed_takes_the_rest_out_on_request():
    removed = client(is_removed=True, free=30, release_at=1000, **OUT)
    assert act(view(Phase.IDLE), removed, leave=True) == Withdraw(30)


def test_after_the_last_round_there_is_nothing_to_do():
    over = view(Phase.IDLE, round_=9, parameters=replace(P, max_rounds=9))
    assert isinstance(act(over, client()), Done)
    assert act(over, client(), leave=True) == Leave()
    assert act(over, client(release_at=10**10, **OUT), leave=True) == Withdraw(100)


@pytest.mark.parametrize(
    ("phase", "position", "seat", "expected"),
    [
        (Phase.IDLE, NEITHER, Seat.NONE, Leave()),
        (Phase.DRAW, NEITHER, Seat.NONE, Wait("leaves when its seat of this round is played")),
        (Phase.PROPOSE, PROPOSER, Seat.NONE, Propose(patience=1050, until=1100)),
        (Phase.PROPOSE, NEITHER, Seat.NONE, Leave()),
        (Phase.PROPOSE, VOTER, Seat.NONE, Wait("leaves when its seat of this round is played")),
        (Phase.PUBLISH, VOTER, Seat.NONE, Wait("leaves when its seat of this round is played")),
        (Phase.PUBLISH, PROPOSER, Seat.COMMITTED, Publish(patience=1150, until=1200)),
        (Phase.VOTE, PROPOSER, Seat.PUBLISHED, Leave()),
        (Phase.VOTE, VOTER, Seat.NONE, Vote(1250, 1300)),
        (Phase.VOTE, VOTER, Seat.VOTED, Leave()),
        (Phase.REVEAL, VOTER, Seat.VOTED, Reveal(1400)),
        (Phase.REVEAL, VOTER, Seat.NONE, Leave()),
        (Phase.CLOSE, VOTER, Seat.REVEALED, Leave()),
    ],
)
def test_who_leaves_plays_its_seat_first_so_that_no_penalty_is_due(phase, position, seat, expected):
    assert act(view(phase), client(position, seat), leave=True) == expected


@pytest.mark.parametrize(
    ("phase", "position", "seat", "expected"),
    [
        (Phase.DRAW, NEITHER, Seat.NONE, Leave()),
        (Phase.PROPOSE, PROPOSER, Seat.NONE, Leave()),
        (Phase.PROPOSE, VOTER, Seat.NONE, Leave()),
        (Phase.PUBLISH, PROPOSER, Seat.COMMITTED, Publish(patience=1150, until=1200)),
        (Phase.VOTE, VOTER, Seat.NONE, Leave()),
        (Phase.REVEAL, VOTER, Seat.VOTED, Reveal(1400)),
    ],
)
def test_who_leaves_without_rows_or_stores_opens_and_gives_up_the_rest(phase, position, seat, expected):
    assert act(view(phase), client(position, seat), leave=True, plays=False) == expected


def undrawn(block):
    return replace(view(Phase.DRAW), block=Block(block, "0x", "0x", 10**6, 1))


@pytest.mark.parametrize("leave", [False, True])
@pytest.mark.parametrize(("block", "draws"), [(61, False), (62, True), (40 + 256, True), (40 + 257, False)])
def test_a_member_draws_when_its_turn_comes_after_the_keepers(block, draws, leave):
    """Twenty blocks are the keepers'; the next twenty are turns, by address."""
    member = client(address="0x" + "00" * 19 + "29")  # 41: the second turn.
    assert isinstance(act(undrawn(block), member, leave=leave), Draw) == draws


def test_a_stranger_draws_nothing():
    assert not isinstance(act(undrawn(200), client(**OUT), RICH), Draw)


@pytest.mark.parametrize(("block", "leaves"), [(50, False), (40 + 257, True)])
def test_who_leaves_does_not_wait_for_a_draw_that_cannot_come(block, leaves):
    waiting = undrawn(block)
    action = act(waiting, client(), leave=True)
    assert isinstance(action, Leave) == leaves
    assert not leaves or "costs the deployment's absence_penalty" in action.cost
    assert isinstance(act(waiting, client()), Wait), "who stays waits"


@pytest.mark.parametrize(
    ("phase", "changes", "expected"),
    [
        (Phase.REVEAL, dict(seat=Seat.VOTED, position=VOTER, escrow=16), Reveal(1400)),
        (Phase.CLOSE, dict(seat=Seat.REVEALED, escrow=16), Wait("its stake is in the open round")),
        (Phase.IDLE, dict(seat=Seat.REVEALED, escrow=16, release_at=1010), Withdraw(116)),
        (Phase.IDLE, dict(release_at=1011), Wait("its tokens are released at 1970-01-01 00:16:51 UTC")),
        (Phase.IDLE, dict(free=0), Done(f"nothing of {client().address} is left in the pool")),
    ],
)
def test_who_left_opens_waits_and_takes_its_tokens(phase, changes, expected):
    assert act(view(phase), client(**{**changes, **OUT}), leave=True) == expected


def test_who_is_no_member_locks_nothing():
    assert not isinstance(act(view(Phase.PROPOSE), client(PROPOSER, **OUT), leave=True), Propose)


def test_an_operator_plays_seats_and_neither_joins_nor_pays():
    out = client(NEITHER, is_member=False, free=0)
    waits = Wait("for the client's own key to join")
    assert act(view(Phase.IDLE), out, RICH, operates=True) == waits
    assert act(view(Phase.PROPOSE), client(PROPOSER), RICH, operates=True) == Propose(1050, 1100)
    assert act(view(Phase.IDLE), client(VOTER), RICH, operates=True) == Wait("for the next round to open")
    removed = client(NEITHER, is_member=False, is_removed=True)
    assert isinstance(act(view(Phase.IDLE), removed, RICH, operates=True), Done)


def test_who_joins_and_no_more_ends_as_a_member():
    out = client(NEITHER, is_member=False, free=100)
    assert act(view(Phase.IDLE), out, RICH, join=True, plays=False) == Join()
    assert act(view(Phase.PROPOSE), client(PROPOSER), join=True, plays=False) == Done("it is a member")
