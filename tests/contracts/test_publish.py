import pytest
from deployment import IDLE, SILENT
from expectations import emitted, expected, reverts

from offchain.reference.state import Phase, Seat

ROOT = b"\x11" * 32


def test_a_proposer_opens_its_commitment(game, manager):
    game.enter(Phase.PUBLISH)
    proposer = game.proposers[1]
    free = manager.accountOf(proposer).free
    tx = manager.publish(game.root(proposer), 1, game.salt(proposer), sender=proposer)

    assert emitted(tx) == expected(
        manager.UpdatePublished(
            round=1, client=proposer.address, position=1, root=game.root(proposer), samples=1
        )
    )
    assert manager.head().published == 0b10
    update = manager.update(1)
    assert (update.root, update.samples) == (game.root(proposer), 1)
    state = manager.clientOf(proposer)
    assert (state.round, state.seat, int.from_bytes(state.content)) == (1, Seat.PUBLISHED, 1)
    assert manager.accountOf(proposer).free == free
    assert manager.escrowOf(proposer) == game.proposerStake


def test_the_last_one_ends_the_phase(game):
    game.enter(Phase.PUBLISH)
    for proposer in game.proposers:
        assert game.phase == Phase.PUBLISH
        game.publish(proposer)
    assert game.phase == Phase.VOTE


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_in_time_is_before_the_deadline(game, manager, late):
    game.enter(Phase.PUBLISH)
    first, second = game.proposers
    game.publish(first)
    game.next_block_at(game.deadline(Phase.PUBLISH) + late)

    if late < 0:
        manager.publish(game.root(second), 1, game.salt(second), sender=second)
        assert manager.head().published == 0b11
    else:
        with reverts(manager.WrongPhase, round=1, actual=Phase.VOTE, expected=Phase.PUBLISH):
            manager.publish(game.root(second), 1, game.salt(second), sender=second)


def test_when_nobody_was_in_time_the_round_is_over(game, manager):
    game.enter(Phase.PUBLISH)
    game.next_block_at(game.deadline(Phase.PUBLISH))
    proposer = game.proposers[0]
    with reverts(manager.WrongPhase, round=1, actual=Phase.CLOSE, expected=Phase.PUBLISH):
        manager.publish(game.root(proposer), 1, game.salt(proposer), sender=proposer)


def test_every_other_phase_is_refused(game, manager, member):
    for phase in game.walk():
        if phase != Phase.PUBLISH:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=Phase.PUBLISH):
                manager.publish(ROOT, 1, bytes(32), sender=member)


@pytest.mark.parametrize("samples", [1, 10])
def test_sample_counts_within_the_cap(game, manager, samples):
    game.open_round()
    proposer, other = game.proposers
    game.propose(proposer, samples)
    game.propose(other)
    game.send(proposer, manager.publish, game.root(proposer), samples, game.salt(proposer))
    assert manager.update(0).samples == samples


@pytest.mark.parametrize("samples", [0, 11, 2**16 + 1, 2**256 - 1])
def test_other_sample_counts_are_refused(game, manager, samples):
    game.open_round()
    proposer, other = game.proposers
    game.propose(proposer, samples)  # the commitment itself is true
    game.propose(other)
    with reverts(manager.SamplesOutOfRange, actual=samples, maxSamples=10):
        manager.publish(game.root(proposer), samples, game.salt(proposer), sender=proposer)


def test_sample_counts_of_all_positions_are_kept_apart(deploy):
    game = deploy(members=16, proposerBps=5000, maxSamples=65_535)
    game.open_round()
    counts = [65_535, 1, 2, 65_534, 65_535, 3, 4, 5]
    game.submit_updates(counts)
    assert [game.manager.update(position).samples for position in range(8)] == counts
    assert [game.manager.update(p).root for p in range(8)] == [game.root(c) for c in game.proposers]


@pytest.mark.parametrize("wrong", ["root", "samples", "salt"])
def test_a_false_opening_is_refused(game, manager, wrong):
    game.enter(Phase.PUBLISH)
    proposer = game.proposers[0]
    opening = {"root": game.root(proposer), "samples": 1, "salt": game.salt(proposer)}
    opening |= {wrong: 2 if wrong == "samples" else ROOT}
    with reverts(
        manager.CommitmentMismatch,
        committed=game.update_commitment(proposer),
        opened=manager.updateCommitment(proposer, *opening.values()),
    ):
        manager.publish(*opening.values(), sender=proposer)


def test_a_copied_commitment_opens_nothing(game, manager):
    game.open_round()
    author, copier = game.proposers
    game.propose(author)
    game.send(copier, manager.propose, game.update_commitment(author))
    game.publish(author)  # now everybody knows what opens it

    with reverts(
        manager.CommitmentMismatch,
        committed=game.update_commitment(author),
        opened=manager.updateCommitment(copier, game.root(author), 1, game.salt(author)),
    ):
        manager.publish(game.root(author), 1, game.salt(author), sender=copier)


def test_a_commitment_of_another_round_opens_nothing(game, manager):
    game.play_round([SILENT, IDLE])
    proposer = game.proposers[0]
    old, root, salt = game.update_commitment(proposer), game.root(proposer), game.salt(proposer)
    game.open_round_where(lambda: proposer in game.proposers)
    game.send(proposer, manager.propose, old)
    game.skip_to(Phase.PUBLISH)
    with reverts(
        manager.CommitmentMismatch,
        committed=old,
        opened=manager.updateCommitment(proposer, root, 1, salt),
    ):
        manager.publish(root, 1, salt, sender=proposer)


def test_a_second_time_is_refused(game, manager):
    game.enter(Phase.PUBLISH)
    proposer = game.proposers[0]
    game.publish(proposer)
    with reverts(
        manager.UnexpectedSeat,
        round=1,
        client=proposer.address,
        actual=Seat.PUBLISHED,
        expected=Seat.COMMITTED,
    ):
        manager.publish(game.root(proposer), 1, game.salt(proposer), sender=proposer)


def test_one_without_a_commitment_is_refused(game, manager, outsider):
    game.open_round()
    first, second = game.proposers
    game.propose(first)
    game.skip_to(Phase.PUBLISH)
    for other in (second, game.voters[0], game.unseated[0], outsider):
        with reverts(
            manager.UnexpectedSeat,
            round=1,
            client=other.address,
            actual=Seat.NONE,
            expected=Seat.COMMITTED,
        ):
            manager.publish(game.root(first), 1, game.salt(first), sender=other)


def test_a_commitment_left_from_an_earlier_round_is_refused(game, manager):
    game.play_round([SILENT, IDLE])
    earlier = game.proposers[0]
    assert manager.clientOf(earlier).seat == Seat.COMMITTED
    game.open_round_where(lambda: earlier in game.unseated or earlier in game.voters)
    game.submit_updates([SILENT, SILENT])
    number = game.round
    with reverts(
        manager.UnexpectedSeat,
        round=number,
        client=earlier.address,
        actual=Seat.NONE,
        expected=Seat.COMMITTED,
    ):
        manager.publish(ROOT, 1, bytes(32), sender=earlier)


def test_one_who_left_still_publishes(game, manager):
    game.enter(Phase.PUBLISH)
    leaver = game.proposers[0]
    game.send(leaver, manager.requestExit)
    tx = manager.publish(game.root(leaver), 1, game.salt(leaver), sender=leaver)
    assert manager.UpdatePublished(round=1, client=leaver.address, position=0) in tx.events
