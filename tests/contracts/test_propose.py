import pytest
from deployment import DEPOSIT, IDLE, SILENT
from expectations import emitted, expected, reverts

from offchain.reference import seats
from offchain.reference.state import Phase, Seat

COMMITMENT = b"\x5c" * 24


def test_a_proposer_locks_its_stake_and_commits(game, manager):
    game.open_round()
    proposer = game.proposers[0]
    tx = manager.propose(COMMITMENT, sender=proposer)

    assert emitted(tx) == expected(
        manager.UpdateCommitted(round=1, client=proposer.address, commitment=COMMITMENT)
    )
    assert manager.accountOf(proposer).free == DEPOSIT - game.proposerStake
    assert manager.escrowOf(proposer) == game.proposerStake
    assert manager.head().updates == 1
    state = manager.clientOf(proposer)
    assert (state.round, state.seat, state.content) == (1, Seat.COMMITTED, COMMITMENT)
    assert game.phase == Phase.PROPOSE


def test_the_last_one_ends_the_phase(game):
    game.open_round()
    for proposer in game.proposers:
        assert game.phase == Phase.PROPOSE
        game.propose(proposer)
    assert game.phase == Phase.PUBLISH


def test_two_may_hold_the_same_commitment(game, manager):
    game.open_round()
    for proposer in game.proposers:
        manager.propose(COMMITMENT, sender=proposer)
    assert manager.head().updates == 2


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_in_time_is_before_the_deadline(game, manager, late):
    game.open_round()
    first, second = game.proposers
    game.propose(first)
    game.next_block_at(game.deadline(Phase.PROPOSE) + late)

    if late < 0:
        manager.propose(COMMITMENT, sender=second)
    else:
        with reverts(manager.WrongPhase, round=1, actual=Phase.PUBLISH, expected=Phase.PROPOSE):
            manager.propose(COMMITMENT, sender=second)


def test_when_nobody_was_in_time_the_round_is_over(game, manager):
    game.open_round()
    game.next_block_at(game.deadline(Phase.PROPOSE))
    with reverts(manager.WrongPhase, round=1, actual=Phase.CLOSE, expected=Phase.PROPOSE):
        manager.propose(COMMITMENT, sender=game.proposers[0])


def test_every_other_phase_is_refused(game, manager, member):
    for phase in game.walk():
        if phase != Phase.PROPOSE:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=Phase.PROPOSE):
                manager.propose(COMMITMENT, sender=member)


def test_one_who_is_no_member_is_refused(game, manager, outsider):
    game.open_round()
    with reverts(manager.NotMember, client=outsider.address):
        manager.propose(COMMITMENT, sender=outsider)


def test_one_who_left_is_refused(game, manager):
    game.open_round()
    leaver = game.proposers[0]
    game.send(leaver, manager.requestExit)
    with reverts(manager.NotMember, client=leaver.address):
        manager.propose(COMMITMENT, sender=leaver)


def test_one_who_left_and_joined_again_has_given_up_its_seat(game, manager):
    game.open_round()
    leaver = game.proposers[0]
    game.send(leaver, manager.requestExit)
    game.send(leaver, manager.join, [])
    with reverts(
        manager.UnexpectedSeat, round=1, client=leaver.address, actual=Seat.ABSENT, expected=Seat.NONE
    ):
        manager.propose(COMMITMENT, sender=leaver)


def test_a_second_time_is_refused(game, manager):
    game.open_round()
    proposer = game.proposers[0]
    game.propose(proposer)
    with reverts(
        manager.UnexpectedSeat, round=1, client=proposer.address, actual=Seat.COMMITTED, expected=Seat.NONE
    ):
        manager.propose(COMMITMENT, sender=proposer)


@pytest.mark.parametrize("position", range(2, 8))
def test_other_seats_are_refused(game, manager, position):
    game.open_round()
    other = [*game.proposers, *game.voters, *game.unseated][position]
    with reverts(manager.NotSeated, round=1, client=other.address, position=position, first=0, end=2):
        manager.propose(COMMITMENT, sender=other)


def test_one_who_joined_since_is_refused(game, manager, newcomer):
    game.open_round()
    game.admit([newcomer])
    with reverts(
        manager.NotSeated, round=1, client=newcomer.address, position=seats.NO_POSITION, first=0, end=2
    ):
        manager.propose(COMMITMENT, sender=newcomer)


@pytest.mark.parametrize("missing", [1, 0])
def test_the_whole_stake_must_be_free(broke, missing):
    game, losers = broke
    game.open_round_where(lambda: set(losers) & set(game.proposers))
    proposer = next(client for client in game.proposers if client in losers)
    free = game.proposerStake - missing
    game.deposit(proposer, free - game.manager.accountOf(proposer).free)

    if missing:
        with reverts(
            game.manager.InsufficientFree, client=proposer.address, free=free, required=game.proposerStake
        ):
            game.manager.propose(COMMITMENT, sender=proposer)
    else:
        game.manager.propose(COMMITMENT, sender=proposer)
        assert game.manager.accountOf(proposer).free == 0


def test_what_is_due_is_settled_first(game, manager):
    game.play_round(ballots=[3] * 5)
    earlier = game.proposers
    game.open_round_where(lambda: earlier[0] in game.proposers)
    proposer, number = earlier[0], game.round
    assert manager.accountOf(proposer).free == DEPOSIT - game.proposerStake

    tx = manager.propose(COMMITMENT, sender=proposer)
    assert emitted(tx) == expected(
        manager.Settled(round=1, client=proposer.address, payout=game.proposerStake),
        manager.UpdateCommitted(round=number, client=proposer.address, commitment=COMMITMENT),
    )
    assert manager.accountOf(proposer).free == DEPOSIT - game.proposerStake
    assert manager.escrowOf(proposer) == game.proposerStake


def test_what_is_due_can_pay_the_stake(deploy):
    # Not a unit is free beyond what round one owes.
    game = deploy(amount=8_500_018, bond=8_500_018)
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    game.open_round_where(lambda: proposer in game.proposers)
    assert game.manager.accountOf(proposer).free == game.absencePenalty

    tx = game.manager.propose(COMMITMENT, sender=proposer)
    assert game.manager.Settled(round=1, payout=game.proposerStake) in tx.events
    assert game.manager.accountOf(proposer).free == game.absencePenalty


def test_acting_ends_strikes(game, manager):
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, manager.markAbsent, absent)
    game.warp(game.ends_at + game.markFor)
    game.send(game.owner, manager.finalise)
    assert manager.clientOf(absent).strikes == 1

    game.open_round_where(lambda: absent in game.proposers)
    manager.propose(COMMITMENT, sender=absent)
    assert manager.clientOf(absent).strikes == 0


def test_a_lost_stake_of_an_earlier_round_is_settled_to_nothing(game, manager):
    game.play_round([SILENT, IDLE])
    proposer = game.proposers[0]
    game.open_round_where(lambda: proposer in game.proposers)
    tx = manager.propose(COMMITMENT, sender=proposer)
    assert manager.Settled(round=1, client=proposer.address, payout=0) in tx.events
