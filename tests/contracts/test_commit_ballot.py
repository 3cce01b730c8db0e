import pytest
from deployment import DEPOSIT, IDLE
from expectations import emitted, expected, reverts

from offchain.reference import seats
from offchain.reference.state import Phase, Seat

COMMITMENT = b"\x5c" * 24


def test_a_voter_locks_its_stake_and_commits(game, manager):
    game.enter(Phase.VOTE)
    voter = game.voters[0]
    tx = manager.commitBallot(COMMITMENT, sender=voter)

    assert emitted(tx) == expected(
        manager.BallotCommitted(round=1, client=voter.address, commitment=COMMITMENT)
    )
    assert manager.accountOf(voter).free == DEPOSIT - game.voterStake
    assert manager.escrowOf(voter) == game.voterStake
    assert manager.head().ballots == 1
    state = manager.clientOf(voter)
    assert (state.round, state.seat, state.content) == (1, Seat.VOTED, COMMITMENT)


def test_the_last_one_ends_the_phase(game):
    game.enter(Phase.VOTE)
    for voter in game.voters:
        assert game.phase == Phase.VOTE
        game.commit_ballot(voter, 3)
    assert game.phase == Phase.REVEAL


def test_two_may_hold_the_same_commitment(game, manager):
    game.enter(Phase.VOTE)
    for voter in game.voters[:2]:
        manager.commitBallot(COMMITMENT, sender=voter)
    assert manager.head().ballots == 2


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_in_time_is_before_the_deadline(game, manager, late):
    # The deadline counts from the draw, though propose and publish ended early.
    game.enter(Phase.VOTE)
    game.commit_ballot(game.voters[0], 3)
    deadline = game.manager.head().drawnAt + game.proposeFor + game.publishFor + game.voteFor
    game.next_block_at(deadline + late)

    if late < 0:
        manager.commitBallot(COMMITMENT, sender=game.voters[1])
    else:
        with reverts(manager.WrongPhase, round=1, actual=Phase.REVEAL, expected=Phase.VOTE):
            manager.commitBallot(COMMITMENT, sender=game.voters[1])


def test_when_nobody_was_in_time_the_round_is_over(game, manager):
    game.enter(Phase.VOTE)
    game.next_block_at(game.deadline(Phase.VOTE))
    with reverts(manager.WrongPhase, round=1, actual=Phase.CLOSE, expected=Phase.VOTE):
        manager.commitBallot(COMMITMENT, sender=game.voters[0])


def test_without_a_proposal_there_is_no_vote(game, manager):
    game.open_round()
    game.warp(game.deadline(Phase.PUBLISH))
    with reverts(manager.WrongPhase, round=1, actual=Phase.CLOSE, expected=Phase.VOTE):
        manager.commitBallot(COMMITMENT, sender=game.voters[0])


def test_every_other_phase_is_refused(game, manager, member):
    for phase in game.walk():
        if phase != Phase.VOTE:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=Phase.VOTE):
                manager.commitBallot(COMMITMENT, sender=member)


def test_one_who_is_no_member_is_refused(game, manager, outsider):
    game.enter(Phase.VOTE)
    with reverts(manager.NotMember, client=outsider.address):
        manager.commitBallot(COMMITMENT, sender=outsider)


def test_one_who_left_is_refused(game, manager):
    game.enter(Phase.VOTE)
    leaver = game.voters[0]
    game.send(leaver, manager.requestExit)
    with reverts(manager.NotMember, client=leaver.address):
        manager.commitBallot(COMMITMENT, sender=leaver)


def test_one_who_left_and_joined_again_has_given_up_its_seat(game, manager):
    game.enter(Phase.VOTE)
    leaver = game.voters[0]
    game.send(leaver, manager.requestExit)
    game.send(leaver, manager.join, [])
    with reverts(
        manager.UnexpectedSeat, round=1, client=leaver.address, actual=Seat.ABSENT, expected=Seat.NONE
    ):
        manager.commitBallot(COMMITMENT, sender=leaver)


def test_a_second_time_is_refused(game, manager):
    game.enter(Phase.VOTE)
    voter = game.voters[0]
    game.commit_ballot(voter, 3)
    with reverts(
        manager.UnexpectedSeat, round=1, client=voter.address, actual=Seat.VOTED, expected=Seat.NONE
    ):
        manager.commitBallot(COMMITMENT, sender=voter)


def test_a_proposer_is_refused(game, manager):
    game.enter(Phase.VOTE)
    proposer = game.proposers[0]
    with reverts(
        manager.UnexpectedSeat, round=1, client=proposer.address, actual=Seat.PUBLISHED, expected=Seat.NONE
    ):
        manager.commitBallot(COMMITMENT, sender=proposer)


def test_a_proposer_that_did_nothing_is_refused(game, manager):
    game.open_round()
    game.submit_updates([IDLE, 1])
    proposer = game.proposers[0]
    with reverts(manager.NotSeated, round=1, client=proposer.address, position=0, first=2, end=7):
        manager.commitBallot(COMMITMENT, sender=proposer)


def test_one_without_a_seat_is_refused(game, manager):
    game.enter(Phase.VOTE)
    other = game.unseated[0]
    with reverts(manager.NotSeated, round=1, client=other.address, position=7, first=2, end=7):
        manager.commitBallot(COMMITMENT, sender=other)


def test_one_who_joined_since_is_refused(game, manager, newcomer):
    game.enter(Phase.VOTE)
    game.admit([newcomer])
    with reverts(
        manager.NotSeated, round=1, client=newcomer.address, position=seats.NO_POSITION, first=2, end=7
    ):
        manager.commitBallot(COMMITMENT, sender=newcomer)


def test_where_all_others_vote_the_last_position_does(deploy):
    game = deploy(voterSeats=16_382)
    game.open_round()
    game.submit_updates()
    assert game.manager.seats() == (2, 6)
    game.commit_ballot(game.voters[5], 3)
    assert game.manager.head().ballots == 1


@pytest.mark.parametrize("missing", [1, 0])
def test_the_whole_stake_must_be_free(broke, missing):
    game, losers = broke
    game.open_round_where(lambda: losers[0] in game.voters)
    voter = losers[0]
    game.submit_updates([1 if client not in losers else IDLE for client in game.proposers])
    free = game.voterStake - missing
    game.deposit(voter, free - game.manager.accountOf(voter).free)

    if missing:
        with reverts(
            game.manager.InsufficientFree, client=voter.address, free=free, required=game.voterStake
        ):
            game.manager.commitBallot(COMMITMENT, sender=voter)
    else:
        game.manager.commitBallot(COMMITMENT, sender=voter)
        assert game.manager.accountOf(voter).free == 0


def test_what_is_due_is_settled_first(game, manager):
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    game.open_round_where(lambda: proposer in game.voters)
    game.submit_updates()
    tx = manager.commitBallot(COMMITMENT, sender=proposer)

    assert emitted(tx) == expected(
        manager.Settled(round=1, client=proposer.address, payout=game.proposerStake),
        manager.BallotCommitted(round=game.round, client=proposer.address, commitment=COMMITMENT),
    )
    assert manager.accountOf(proposer).free == DEPOSIT - game.voterStake


def test_acting_ends_strikes(game, manager):
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, manager.markAbsent, absent)
    game.warp(game.ends_at + game.markFor)
    game.send(game.owner, manager.finalise)
    game.open_round_where(lambda: absent in game.voters)
    game.submit_updates()
    assert manager.clientOf(absent).strikes == 1

    manager.commitBallot(COMMITMENT, sender=absent)
    assert manager.clientOf(absent).strikes == 0
