"""Who knows the salt may open a commitment for its client: the commitment binds all the rest."""

import pytest
from deployment import IDLE, SILENT
from expectations import emitted, expected, reverts

from offchain.reference.state import Phase, Seat


@pytest.fixture
def proposed(game):
    """Two updates, committed."""
    game.open_round()
    game.submit_updates([SILENT, SILENT])
    return game


@pytest.fixture
def voted(game):
    """Two proposals and two ballots, committed; the other voters were absent."""
    game.open_round()
    game.submit_updates()
    game.commit_ballots([1, 2, IDLE, IDLE, IDLE])
    game.skip_to(Phase.REVEAL)
    return game


def opened_update(game, client, **changed):
    values = {"client": client, "root": game.root(client), "samples": 1, "salt": game.salt(client)} | changed
    return list(values.values())


def opened_ballot(game, client, **changed):
    return list(({"client": client, "ballot": 1, "salt": game.salt(client)} | changed).values())


def test_an_update_is_published_for_its_proposer(proposed, manager, outsider):
    game, proposer = proposed, proposed.proposers[1]
    tx = manager.publishFor(*opened_update(game, proposer), sender=outsider)

    assert emitted(tx) == expected(
        manager.UpdatePublished(
            round=1, client=proposer.address, position=1, root=game.root(proposer), samples=1
        )
    )
    assert manager.head().published == 0b10
    assert manager.clientOf(proposer).seat == Seat.PUBLISHED
    assert manager.update(1).root == game.root(proposer)


def test_a_ballot_is_revealed_for_its_voter(voted, manager, outsider):
    game, voter = voted, voted.voters[0]
    tx = manager.revealBallotFor(*opened_ballot(game, voter), sender=outsider)

    assert emitted(tx) == expected(manager.BallotRevealed(round=1, client=voter.address, ballot=1))
    assert manager.clientOf(voter).seat == Seat.REVEALED


@pytest.mark.parametrize("changed", [{"root": b"\1" * 32}, {"samples": 2}, {"salt": b"\1" * 32}], ids=str)
def test_no_other_update_can_be_published(proposed, manager, outsider, changed):
    game, proposer = proposed, proposed.proposers[0]
    values = opened_update(game, proposer, **changed)
    digest = manager.updateCommitment(*values)
    with reverts(manager.CommitmentMismatch, committed=game.update_commitment(proposer), opened=digest):
        manager.publishFor(*values, sender=outsider)


@pytest.mark.parametrize("changed", [{"ballot": 3}, {"salt": b"\1" * 32}], ids=str)
def test_no_other_ballot_can_be_revealed(voted, manager, outsider, changed):
    game, voter = voted, voted.voters[0]
    values = opened_ballot(game, voter, **changed)
    digest = manager.ballotCommitment(*values)
    with reverts(manager.CommitmentMismatch, committed=game.ballot_commitment(voter, 1), opened=digest):
        manager.revealBallotFor(*values, sender=outsider)


def test_an_update_is_not_published_for_another_client(proposed, manager):
    game, (first, second) = proposed, proposed.proposers
    values = opened_update(game, second, root=game.root(first), salt=game.salt(first))
    with reverts(
        manager.CommitmentMismatch,
        committed=game.update_commitment(second),
        opened=manager.updateCommitment(*values),
    ):
        manager.publishFor(*values, sender=first)


def test_one_without_a_commitment_is_refused(voted, manager, outsider):
    game, idle = voted, voted.voters[2]
    with reverts(manager.UnexpectedSeat, round=1, client=idle.address, actual=Seat.NONE, expected=Seat.VOTED):
        manager.revealBallotFor(*opened_ballot(game, idle), sender=outsider)


def test_an_update_is_opened_once(proposed, manager, outsider):
    game, proposer = proposed, proposed.proposers[0]
    game.publish(proposer)
    with reverts(
        manager.UnexpectedSeat,
        round=1,
        client=proposer.address,
        actual=Seat.PUBLISHED,
        expected=Seat.COMMITTED,
    ):
        manager.publishFor(*opened_update(game, proposer), sender=outsider)


def test_a_ballot_is_opened_once(voted, manager, outsider):
    game, voter = voted, voted.voters[0]
    game.reveal_ballot(voter, 1)
    with reverts(
        manager.UnexpectedSeat, round=1, client=voter.address, actual=Seat.REVEALED, expected=Seat.VOTED
    ):
        manager.revealBallotFor(*opened_ballot(game, voter), sender=outsider)


def test_a_salt_handed_over_early_opens_nothing_early(game, manager, outsider):
    """While others can vote nobody's ballot is opened, whoever knows it."""
    game.open_round()
    game.submit_updates()
    game.commit_ballots([1, IDLE, IDLE, IDLE, IDLE])
    with reverts(manager.WrongPhase, round=1, actual=Phase.VOTE, expected=Phase.REVEAL):
        manager.revealBallotFor(*opened_ballot(game, game.voters[0]), sender=outsider)


def test_no_update_is_published_in_another_phase(game, manager, outsider):
    game.open_round()
    game.propose(game.proposers[0])
    with reverts(manager.WrongPhase, round=1, actual=Phase.PROPOSE, expected=Phase.PUBLISH):
        manager.publishFor(*opened_update(game, game.proposers[0]), sender=outsider)
