import pytest
from deployment import DEPOSIT, IDLE, SILENT

from offchain.reference import seats, tally
from offchain.reference.state import REMOVED, Phase, Seat


def test_the_phase_follows_the_clock(game):
    # One of two proposers, one of two updates, three of five ballots: no phase ends early.
    game.open_round()
    times = [(game.deadline(phase), phase) for phase in (Phase.PROPOSE, Phase.PUBLISH, Phase.VOTE)]
    game.propose(game.proposers[0])
    assert phases_around(game, times[0][0]) == [Phase.PROPOSE, Phase.PUBLISH, Phase.PUBLISH]
    game.publish(game.proposers[0])
    game.commit_ballots([1, 1, SILENT])
    assert phases_around(game, times[2][0]) == [Phase.VOTE, Phase.REVEAL, Phase.REVEAL]
    game.reveal_ballots([1, 1])
    assert phases_around(game, game.ends_at) == [Phase.REVEAL, Phase.CLOSE, Phase.CLOSE]
    game.warp(game.ends_at + 10**7)
    assert game.phase == Phase.CLOSE


def test_the_publish_phase_follows_the_clock(game):
    game.open_round()
    for proposer in game.proposers:
        game.propose(proposer)
    game.publish(game.proposers[0])
    assert phases_around(game, game.deadline(Phase.PUBLISH)) == [Phase.PUBLISH, Phase.VOTE, Phase.VOTE]


def phases_around(game, time) -> list[Phase]:
    """Phases one second before a time, at it and one second after."""
    phases = []
    for moment in (time - 1, time, time + 1):
        game.warp(moment)
        assert game.now == moment
        phases.append(game.phase)
    return phases


def test_the_phase_follows_the_counters(game):
    assert [game.phase for _ in game.walk()] == [*Phase, Phase.IDLE]


def test_all_phases_are_over_when_there_is_nothing_to_wait_for(game):
    game.open_round()
    for proposer in game.proposers:
        game.send(proposer, game.manager.requestExit)
    assert game.phase == Phase.CLOSE


def test_the_head_counts(game, manager):
    game.play_to_close([1, SILENT], [1, 0, SILENT, IDLE, IDLE])
    absent = game.voters[3]
    game.warp(game.deadline(Phase.VOTE))
    game.send(game.owner, manager.markAbsent, absent)

    head = manager.head()
    assert (head.round, head.members, head.updates, head.published) == (1, 8, 2, 0b01)
    assert (head.ballots, head.absentProposers, head.absentVoters) == (3, 0, 1)
    assert (head.shuffled, head.finalised) == (False, False)


@pytest.mark.parametrize(
    ("members", "bps", "voters", "counts"),
    [(4, 1, 5, (1, 3)), (4, 5000, 1, (2, 1)), (5, 1000, 16_382, (1, 4)), (8, 1875, 3, (2, 3))],
)
def test_seats_are_counted(deploy, members, bps, voters, counts):
    game = deploy(members=members, proposerBps=bps, voterSeats=voters)
    game.open_round()
    assert game.manager.seats() == counts == seats.counts(members, bps, voters)


def test_positions_are_a_permutation_that_the_reference_computes(game, manager):
    for _ in range(3):
        game.open_round()
        seed = manager.head().seed
        positions = [manager.positionOf(manager.memberAt(index)) for index in range(8)]
        assert positions == [seats.position(seed, index, 8) for index in range(8)]
        assert sorted(positions) == list(range(8))
        game.submit_updates([IDLE] * 2)
        game.close_round()


def test_who_was_no_member_has_no_position(game, manager, outsider):
    game.open_round()
    assert manager.positionOf(outsider) == seats.NO_POSITION


def test_a_client_is_shown_as_stored(game, manager, member, outsider):
    state = manager.clientOf(outsider)
    assert (state.isMember, state.place, state.strikes, state.round, state.seat) == (False, 0, 0, 0, 0)
    state = manager.clientOf(member)
    assert (state.isMember, state.place, state.seat) == (True, 1, Seat.NONE)

    game.open_round()
    voter = game.voters[0]
    game.submit_updates()
    game.commit_ballot(voter, 3)
    state = manager.clientOf(voter)
    assert (state.round, state.seat, state.content) == (1, Seat.VOTED, game.ballot_commitment(voter, 3))


def test_one_removed_is_shown_at_no_place(deploy):
    game = deploy(maxStrikes=1)
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, game.manager.markAbsent, absent)
    state = game.manager.clientOf(absent)
    assert (state.isMember, state.place) == (False, REMOVED)


def test_what_is_in_escrow_follows_the_round(game, manager, outsider):
    first, second = (game.open_round(), game.proposers)[1]
    voter = game.voters[0]
    assert [manager.escrowOf(client) for client in (first, voter, outsider)] == [0, 0, 0]

    game.submit_updates()
    game.commit_ballots([0b01] * 5)
    assert [manager.escrowOf(client) for client in (first, second)] == [game.proposerStake] * 2
    assert manager.escrowOf(voter) == game.voterStake

    game.reveal_ballots([0b01] * 5)
    game.close_round()
    assert [manager.escrowOf(client) for client in (first, second)] == [game.proposerStake, 0]
    assert manager.escrowOf(voter) == game.voterStake

    for client in (first, second, voter):
        game.send(client, manager.settle, 1, client)
    assert [manager.escrowOf(client) for client in (first, second, voter)] == [0, 0, 0]


def test_the_record_is_kept(game, manager):
    game.play_round(ballots=[1, 1, 1, 0, IDLE])
    record = manager.record(1)
    game.play_idle_round()

    assert manager.record(1) == record
    assert record.tally == tally.sealed([3, 0] + [0] * 14, 4, 4, 0b11, False)
    assert manager.record(2).tally == tally.sealed([0] * 16, 0, 0, 0, True)
    assert manager.record(3) == (0, 0, 0, False)


def test_commitments_are_those_of_the_reference(game, manager, member):
    game.open_round()
    opening = (game.root(member), 3, game.salt(member))
    assert manager.updateCommitment(member, *opening) == game.update_commitment(member, 3)
    assert manager.ballotCommitment(member, 0xABCD, game.salt(member)) == game.ballot_commitment(
        member, 0xABCD
    )


def test_commitments_bind_everything(game, deploy, manager, member, outsider):
    root, salt, other = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
    twin = deploy(members=0).manager
    updates = [
        manager.updateCommitment(member, root, 1, salt),
        manager.updateCommitment(outsider, root, 1, salt),
        manager.updateCommitment(member, other, 1, salt),
        manager.updateCommitment(member, root, 2, salt),
        manager.updateCommitment(member, root, 1, other),
        twin.updateCommitment(member, root, 1, salt),
    ]
    ballots = [
        manager.ballotCommitment(member, 1, salt),
        manager.ballotCommitment(outsider, 1, salt),
        manager.ballotCommitment(member, 2, salt),
        manager.ballotCommitment(member, 1, other),
        twin.ballotCommitment(member, 1, salt),
    ]
    game.send(game.owner, manager.openRound)  # another round
    updates.append(manager.updateCommitment(member, root, 1, salt))
    ballots.append(manager.ballotCommitment(member, 1, salt))
    assert len(set(updates + ballots)) == 13


def test_members_are_listed(game, manager):
    assert manager.memberCount() == 8
    assert [manager.memberAt(index) for index in range(8)] == game.clients
    assert int(manager.memberAt(8), 16) == 0


def test_accounts_are_shown(game, manager, member):
    assert manager.accountOf(member).free == DEPOSIT
    assert tuple(manager.accountOf(member)) == (DEPOSIT, 0)
