import pytest
from deployment import IDLE, SILENT
from expectations import emitted, expected, reverts

from offchain.reference import commitments, tally
from offchain.reference.state import Phase


def test_anyone_finalises(game, manager, outsider):
    # Three of five accept the first update, two the second.
    game.play_to_close([1, 7], [0b01, 0b01, 0b11, 0b10, 0b00])
    first, second = game.proposers
    tx = manager.finalise(sender=outsider)

    word = tally.sealed([3, 2] + [0] * 14, 5, 5, 0b11, False)
    model = commitments.extend(game.rules, 1, {0: (game.root(first), 1)})
    # A voter's part is ⌊1000003 / 2⌋ = 500001; 5 · 500001 is divisible by the three of each majority.
    slashed = game.proposerStake
    assert emitted(tx) == expected(
        manager.RoundFinalised(round=1, tally=word, included=0b01, slashed=slashed, awarded=0, rewarded=0, model=model)
    )
    assert game.phase == Phase.IDLE
    assert manager.model() == model
    assert manager.record(1).tally == word
    assert manager.tally() == tally.EMPTY
    assert manager.rewardPool() == slashed
    assert manager.head().finalised


def test_a_second_time_is_refused(game, manager):
    game.play_round(ballots=[3] * 5)
    with reverts(manager.WrongPhase, round=1, actual=Phase.IDLE, expected=Phase.CLOSE):
        manager.finalise(sender=game.owner)


def test_every_other_phase_is_refused(game, manager, outsider):
    for phase in game.walk():
        if phase != Phase.CLOSE:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=Phase.CLOSE):
                manager.finalise(sender=outsider)


def test_as_soon_as_all_acted(game, manager):
    game.play_to_close(ballots=[3] * 5)
    assert game.now < game.deadline(Phase.PROPOSE)
    manager.finalise(sender=game.owner)
    assert game.phase == Phase.IDLE


@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize(
    ("updates", "ballots", "open_seats"),
    [
        ([IDLE, IDLE], [], (2, 0, 0)),
        ([1, IDLE], [1] * 5, (1, 0, 0)),
        ([1, SILENT], [1] * 5, (0, 1, 0)),
        ([SILENT, SILENT], [], (0, 2, 0)),
        ([1, 1], [3, 3, 3, IDLE, IDLE], (0, 0, 2)),
        ([1, SILENT], [1, 1, IDLE, IDLE, IDLE], (0, 1, 3)),
    ],
)
def test_open_seats_hold_the_round_until_they_could_be_marked(game, manager, late, updates, ballots, open_seats):
    game.play_to_close(updates, ballots)
    assert game.phase == Phase.CLOSE
    # An update that is not published is nothing to mark.
    ends_at = game.ends_at + (game.markFor if open_seats[0] or open_seats[2] else 0)
    game.next_block_at(ends_at + late)

    if late < 0:
        proposers, unpublished, voters = open_seats
        with reverts(
            manager.SeatsOpen,
            round=1,
            proposers=proposers,
            unpublished=unpublished,
            voters=voters,
            endsAt=ends_at,
        ):
            manager.finalise(sender=game.owner)
    else:
        manager.finalise(sender=game.owner)
        assert game.phase == Phase.IDLE


@pytest.mark.parametrize("late", [-1, 0])
def test_silent_voters_hold_the_round_until_its_schedule_ends(game, manager, late):
    game.play_to_close(ballots=[3, 3, 3, 3, SILENT])
    ends_at = game.ends_at
    game.next_block_at(ends_at + late)

    if late < 0:
        with reverts(manager.WrongPhase, round=1, actual=Phase.REVEAL, expected=Phase.CLOSE):
            manager.finalise(sender=game.owner)
    else:
        manager.finalise(sender=game.owner)
        assert game.phase == Phase.IDLE


def test_seats_given_up_hold_nothing(game, manager):
    game.open_round()
    game.send(game.proposers[0], manager.requestExit)
    game.submit_updates([IDLE, 1])
    for voter in game.voters[1:]:
        game.send(voter, manager.requestExit)
    game.commit_ballot(game.voters[0], 2)
    game.reveal_ballot(game.voters[0], 2)
    game.send(game.owner, manager.finalise)
    assert game.phase == Phase.IDLE


def test_the_lineage_takes_included_updates_in_the_order_of_seats(deploy):
    game = deploy(members=10, proposerBps=4000, voterSeats=3)
    manager = game.manager
    game.open_round()
    for proposer, samples in reversed(list(zip(game.proposers, [2, 3, 4, 5], strict=True))):
        game.propose(proposer, samples)
    for proposer, samples in reversed(list(zip(game.proposers, [2, 3, 4, 5], strict=True))):
        game.publish(proposer, samples)
    game.commit_ballots([0b1011] * 3)
    game.reveal_ballots([0b1011] * 3)
    game.send(game.owner, manager.finalise)

    included = {j: (game.root(game.proposers[j]), samples) for j, samples in ((0, 2), (1, 3), (3, 5))}
    assert manager.model() == commitments.extend(game.rules, 1, included)


def test_the_lineage_grows_from_round_to_round(game, manager):
    game.play_round(ballots=[1] * 5)
    first = manager.model()
    game.play_round(ballots=[2] * 5)
    assert manager.model() == commitments.extend(first, 2, {1: (game.root(game.proposers[1]), 1)})


@pytest.mark.parametrize(("updates", "ballots"), [([1, 1], [0] * 5), ([1, 1], []), ([IDLE, IDLE], [])])
def test_a_round_that_includes_nothing_leaves_the_model(game, manager, updates, ballots):
    game.play_round(updates, ballots)
    assert manager.model() == game.rules


def test_an_update_of_an_earlier_round_is_never_included(game, manager):
    # The old root stays in its slot at position 1; nothing is published there now.
    game.play_round(ballots=[0] * 5)
    old = game.root(game.proposers[1])
    game.play_round([1, IDLE], [0b11] * 5)

    assert manager.update(1).root == old
    assert manager.model() == commitments.extend(
        game.rules, 2, {0: (game.root(game.proposers[0]), 1)}
    )


def test_included_proposers_share_the_pot(game, manager):
    game.play_round([SILENT, SILENT])
    pot = 2 * game.proposerStake
    game.play_to_close(ballots=[3] * 5)
    tx = manager.finalise(sender=game.owner)

    [event] = tx.events
    assert (event.slashed, event.awarded) == (0, pot)
    assert manager.rewardPool() == 0


def test_the_odd_unit_of_the_pot_stays_in_the_pool(deploy):
    game = deploy(members=10, proposerBps=3000, voterSeats=3)
    game.play_round([SILENT, IDLE, IDLE])
    pot = game.proposerStake
    game.play_to_close([1, 1, 1], [7, 7, 7])
    tx = game.manager.finalise(sender=game.owner)

    [event] = tx.events
    assert pot % 3 == 2
    assert event.awarded == pot - 2
    assert game.manager.rewardPool() == 2 + event.slashed
