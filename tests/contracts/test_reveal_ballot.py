import pytest
from deployment import IDLE, SILENT
from expectations import emitted, expected, reverts

from offchain.reference import tally
from offchain.reference.state import Phase, Seat


@pytest.fixture
def committed(game):
    """Two proposals; three voters committed to ballots 0b01, 0b10 and 0b11, the others were absent."""
    game.open_round()
    game.submit_updates()
    game.commit_ballots([1, 2, 3, IDLE, IDLE])
    game.skip_to(Phase.REVEAL)
    return game


def test_a_voter_opens_its_ballot(committed, manager):
    game = committed
    voter = game.voters[0]
    tx = manager.revealBallot(1, game.salt(voter), sender=voter)

    assert emitted(tx) == expected(manager.BallotRevealed(round=1, client=voter.address, ballot=1))
    assert manager.tally() == tally.running([1, 0], 1)
    state = manager.clientOf(voter)
    assert (state.round, state.seat, int.from_bytes(state.content)) == (1, Seat.REVEALED, 1)
    assert manager.escrowOf(voter) == game.voterStake


def test_each_bit_counts_for_its_proposal(committed, manager):
    game = committed
    for voter, ballot in zip(game.voters, [1, 2, 3], strict=False):
        game.reveal_ballot(voter, ballot)
    assert manager.tally() == tally.running([2, 2], 3)


def test_the_last_one_ends_the_phase(committed):
    game = committed
    for voter, ballot in zip(game.voters, [1, 2, 3], strict=False):
        assert game.phase == Phase.REVEAL
        game.reveal_ballot(voter, ballot)
    assert game.phase == Phase.CLOSE


@pytest.mark.parametrize("published", [[1, SILENT], [IDLE, 1]])
def test_bits_of_what_is_not_published_are_ignored(game, manager, published):
    game.open_round()
    game.submit_updates(published)
    game.commit_ballots([0xFFFF])
    game.skip_to(Phase.REVEAL)
    voter, mask = game.voters[0], 0b01 if published[0] == 1 else 0b10
    tx = manager.revealBallot(0xFFFF, game.salt(voter), sender=voter)

    assert emitted(tx) == expected(manager.BallotRevealed(round=1, client=voter.address, ballot=mask))
    assert manager.tally() == tally.running([mask & 1, mask >> 1], 1)


def test_an_empty_ballot_counts_as_revealed(game, manager):
    game.open_round()
    game.submit_updates()
    game.commit_ballots([0])
    game.skip_to(Phase.REVEAL)
    game.reveal_ballot(game.voters[0], 0)
    assert manager.tally() == tally.running([0], 1)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_in_time_is_before_the_deadline(committed, manager, late):
    game = committed
    voter = game.voters[2]
    game.next_block_at(game.deadline(Phase.REVEAL) + late)

    if late < 0:
        manager.revealBallot(3, game.salt(voter), sender=voter)
    else:
        with reverts(manager.WrongPhase, round=1, actual=Phase.CLOSE, expected=Phase.REVEAL):
            manager.revealBallot(3, game.salt(voter), sender=voter)


@pytest.mark.parametrize("late", [-1, 0])
def test_while_others_can_vote_none_is_revealed(game, manager, late):
    game.open_round()
    game.submit_updates()
    voter = game.voters[0]
    game.commit_ballot(voter, 3)
    game.next_block_at(game.deadline(Phase.VOTE) + late)

    if late < 0:
        with reverts(manager.WrongPhase, round=1, actual=Phase.VOTE, expected=Phase.REVEAL):
            manager.revealBallot(3, game.salt(voter), sender=voter)
    else:
        manager.revealBallot(3, game.salt(voter), sender=voter)


def test_every_other_phase_is_refused(game, manager, member):
    for phase in game.walk():
        if phase != Phase.REVEAL:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=Phase.REVEAL):
                manager.revealBallot(1, bytes(32), sender=member)


@pytest.mark.parametrize("wrong", ["ballot", "salt"])
def test_a_false_opening_is_refused(committed, manager, wrong):
    game = committed
    voter = game.voters[0]
    opening = {"ballot": 1, "salt": game.salt(voter)}
    opening |= {wrong: 3 if wrong == "ballot" else bytes(32)}
    with reverts(
        manager.CommitmentMismatch,
        committed=game.ballot_commitment(voter, 1),
        opened=manager.ballotCommitment(voter, *opening.values()),
    ):
        manager.revealBallot(*opening.values(), sender=voter)


def test_a_copied_commitment_opens_nothing(game, manager):
    game.open_round()
    game.submit_updates()
    author, copier = game.voters[:2]
    game.commit_ballot(author, 3)
    game.send(copier, manager.commitBallot, game.ballot_commitment(author, 3))
    game.skip_to(Phase.REVEAL)
    game.reveal_ballot(author, 3)

    with reverts(
        manager.CommitmentMismatch,
        committed=game.ballot_commitment(author, 3),
        opened=manager.ballotCommitment(copier, 3, game.salt(author)),
    ):
        manager.revealBallot(3, game.salt(author), sender=copier)


def test_a_second_time_is_refused(committed, manager):
    game = committed
    voter = game.voters[0]
    game.reveal_ballot(voter, 1)
    with reverts(
        manager.UnexpectedSeat, round=1, client=voter.address, actual=Seat.REVEALED, expected=Seat.VOTED
    ):
        manager.revealBallot(1, game.salt(voter), sender=voter)
    assert manager.tally() == tally.running([1], 1)


def test_one_without_a_ballot_is_refused(committed, manager, outsider):
    game = committed
    for other in (game.voters[3], game.unseated[0], outsider):
        with reverts(
            manager.UnexpectedSeat,
            round=1,
            client=other.address,
            actual=Seat.NONE,
            expected=Seat.VOTED,
        ):
            manager.revealBallot(1, game.salt(other), sender=other)


def test_a_proposer_is_refused(committed, manager):
    game = committed
    proposer = game.proposers[0]
    with reverts(
        manager.UnexpectedSeat,
        round=1,
        client=proposer.address,
        actual=Seat.PUBLISHED,
        expected=Seat.VOTED,
    ):
        manager.revealBallot(1, game.salt(proposer), sender=proposer)


def test_a_ballot_left_from_an_earlier_round_is_refused(game, manager):
    game.play_round(ballots=[SILENT])
    earlier = game.voters[0]
    salt = game.salt(earlier)
    game.open_round_where(lambda: earlier not in game.proposers)
    game.submit_updates()
    game.commit_ballots([1 if voter != earlier else IDLE for voter in game.voters])
    game.skip_to(Phase.REVEAL)
    with reverts(
        manager.UnexpectedSeat,
        round=game.round,
        client=earlier.address,
        actual=Seat.NONE,
        expected=Seat.VOTED,
    ):
        manager.revealBallot(0, salt, sender=earlier)


def test_one_who_left_still_reveals(committed, manager):
    game = committed
    leaver = game.voters[0]
    game.send(leaver, manager.requestExit)
    tx = manager.revealBallot(1, game.salt(leaver), sender=leaver)
    assert manager.BallotRevealed(round=1, client=leaver.address, ballot=1) in tx.events
