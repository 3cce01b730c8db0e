import pytest
from deployment import DEPOSIT, IDLE
from expectations import emitted, expected, reverts

from offchain.reference.state import REMOVED, Phase, Seat


def test_one_who_is_no_member_is_refused(manager, outsider):
    with reverts(manager.NotMember, client=outsider.address):
        manager.requestExit(sender=outsider)


def test_one_who_left_is_refused(game, manager, member):
    game.send(member, manager.requestExit)
    with reverts(manager.NotMember, client=member.address):
        manager.requestExit(sender=member)


def test_one_removed_for_good_is_refused(deploy):
    game = deploy(maxStrikes=1)
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, game.manager.markAbsent, absent)

    assert game.manager.clientOf(absent).place == REMOVED
    with reverts(game.manager.NotMember, client=absent.address):
        game.manager.requestExit(sender=absent)


def test_a_member_leaves(game, manager, member):
    time = game.now + 100
    game.next_block_at(time)
    tx = manager.requestExit(sender=member)

    assert emitted(tx) == expected(manager.Left(client=member.address))
    assert not manager.clientOf(member).isMember
    assert manager.clientOf(member).place == 0
    assert manager.memberCount() == 7
    account = manager.accountOf(member)
    assert (account.free, account.releaseAt) == (DEPOSIT, time + game.unbonding)


def test_the_last_member_takes_its_place(game, manager):
    leaver, last = game.clients[2], game.clients[-1]
    game.send(leaver, manager.requestExit)

    assert manager.memberAt(2) == last
    assert manager.clientOf(last).place == 3
    assert int(manager.memberAt(7), 16) == 0


def test_the_last_member_itself_leaves(game, manager):
    game.send(game.clients[-1], manager.requestExit)

    assert manager.memberCount() == 7
    assert [manager.memberAt(i) for i in range(7)] == game.clients[:-1]


def test_what_is_due_is_settled_first(game, manager):
    game.play_round(ballots=[3] * 5)
    leaver = game.proposers[0]
    tx = manager.requestExit(sender=leaver)

    assert emitted(tx) == expected(
        manager.Settled(round=1, client=leaver.address, payout=game.proposerStake),
        manager.Left(client=leaver.address),
    )
    assert manager.accountOf(leaver).free == DEPOSIT
    assert manager.clientOf(leaver).seat == Seat.NONE


def test_a_proposer_gives_up_its_seat(game, manager):
    game.open_round()
    leaver, other = game.proposers
    tx = manager.requestExit(sender=leaver)

    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=leaver.address, penalty=game.absencePenalty),
        manager.Left(client=leaver.address),
    )
    assert manager.accountOf(leaver).free == DEPOSIT - game.absencePenalty
    assert manager.rewardPool() == game.absencePenalty
    assert (manager.head().absentProposers, manager.head().absentVoters) == (1, 0)
    state = manager.clientOf(leaver)
    assert (state.round, state.seat, state.strikes) == (1, Seat.ABSENT, 1)
    # No open seat is left to wait for, once the other proposer is ready.
    game.propose(other)
    assert game.phase == Phase.PUBLISH


@pytest.mark.parametrize("phase", [Phase.PROPOSE, Phase.PUBLISH, Phase.VOTE])
def test_a_voter_gives_up_its_seat(game, manager, phase):
    game.enter(phase)
    leaver = game.voters[0]
    tx = manager.requestExit(sender=leaver)

    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=leaver.address, penalty=game.absencePenalty),
        manager.Left(client=leaver.address),
    )
    assert (manager.head().absentProposers, manager.head().absentVoters) == (0, 1)


def test_a_voter_that_missed_its_vote_still_pays(game, manager):
    game.play_to_close(ballots=[1, 1, 1, 1, IDLE])
    assert game.phase == Phase.CLOSE
    leaver = game.voters[4]

    tx = manager.requestExit(sender=leaver)
    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=leaver.address, penalty=game.absencePenalty),
        manager.Left(client=leaver.address),
    )


def test_a_proposer_that_missed_its_turn_still_pays(game, manager):
    game.play_to_close([1, IDLE], [1] * 5)
    leaver = game.proposers[1]

    tx = manager.requestExit(sender=leaver)
    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=leaver.address, penalty=game.absencePenalty),
        manager.Left(client=leaver.address),
    )


def test_one_marked_absent_pays_no_second_time(game, manager):
    game.play_to_close([1, IDLE], [1] * 5)
    leaver = game.proposers[1]
    game.send(game.owner, manager.markAbsent, leaver)

    tx = manager.requestExit(sender=leaver)
    assert emitted(tx) == expected(manager.Left(client=leaver.address))
    assert manager.head().absentProposers == 1


def test_a_voter_without_a_duty_pays_nothing(game, manager):
    game.open_round()
    leaver = game.voters[0]
    game.warp(game.deadline(Phase.PROPOSE))  # nobody proposed, so there will be nothing to vote on

    tx = manager.requestExit(sender=leaver)
    assert emitted(tx) == expected(manager.Left(client=leaver.address))
    assert manager.head().absentVoters == 0


@pytest.mark.parametrize("late", [-1, 0])
def test_a_voter_pays_until_it_is_clear_that_nothing_is_published(game, manager, late):
    game.open_round()
    leaver = game.voters[0]
    game.propose(game.proposers[0])
    game.next_block_at(game.deadline(Phase.PUBLISH) + late)

    tx = manager.requestExit(sender=leaver)
    marked = manager.MarkedAbsent(round=1, client=leaver.address, penalty=game.absencePenalty)
    assert emitted(tx) == expected(*[marked] * (late < 0), manager.Left(client=leaver.address))


def test_one_without_a_seat_pays_nothing(game, manager):
    game.open_round()
    leaver = game.unseated[0]

    tx = manager.requestExit(sender=leaver)
    assert emitted(tx) == expected(manager.Left(client=leaver.address))


def test_before_the_draw_nobody_pays(game, manager, member):
    game.enter(Phase.DRAW)
    tx = manager.requestExit(sender=member)

    assert emitted(tx) == expected(manager.Left(client=member.address))
    assert manager.clientOf(member).seat == Seat.NONE


def test_after_the_outcome_nobody_pays(game, manager):
    game.play_round([1, IDLE], [1] * 5)
    leaver = game.proposers[1]

    tx = manager.requestExit(sender=leaver)
    assert emitted(tx) == expected(manager.Left(client=leaver.address))


def test_the_penalty_is_no_more_than_what_is_free(poor):
    game, client = poor
    free = game.manager.accountOf(client).free + game.manager.escrowOf(client)
    assert 0 < free < game.absencePenalty
    game.open_round_where(lambda: client in game.voters)

    tx = game.manager.requestExit(sender=client)
    assert [event.penalty for event in tx.events if event.event_name == "MarkedAbsent"] == [free]
    assert game.manager.accountOf(client).free == 0


@pytest.mark.parametrize("moment", [Phase.PROPOSE, Phase.CLOSE])
def test_one_that_cannot_stake_leaves_for_good(broke, moment):
    game, losers = broke
    manager, client = game.manager, losers[0]
    game.open_round_where(lambda: client in game.proposers)
    if moment == Phase.CLOSE:
        game.warp(game.ends_at)
    tx = manager.requestExit(sender=client)

    assert emitted(tx) == expected(
        manager.Removed(client=client.address),
        manager.MarkedAbsent(round=game.round, client=client.address, penalty=0),
    )
    assert manager.clientOf(client).place == REMOVED
    game.deposit(client, game.bond)
    with reverts(manager.RemovedForGood, client=client.address):
        manager.join(b"", sender=client)


def test_leaving_and_joining_again_washes_no_strike_away(game, manager):
    dodger = game.clients[0]
    for strikes in (1, 2):
        game.open_round_where(lambda: dodger in game.proposers)
        tx = manager.requestExit(sender=dodger)
        assert manager.clientOf(dodger).strikes == strikes
        if strikes < game.maxStrikes:
            game.send(dodger, manager.join, b"")
            game.warp(game.ends_at + game.markFor)
            game.send(game.owner, manager.finalise)

    assert emitted(tx) == expected(
        manager.Removed(client=dodger.address),
        manager.MarkedAbsent(round=game.round, client=dodger.address, penalty=game.absencePenalty),
    )


def test_one_without_a_duty_is_never_removed(broke):
    game, losers = broke
    client = losers[0]
    game.open_round_where(lambda: client in game.unseated)
    tx = game.manager.requestExit(sender=client)
    assert emitted(tx) == expected(game.manager.Left(client=client.address))


def test_one_that_locked_plays_on(game, manager):
    game.open_round()
    proposer, voter = game.proposers[0], game.voters[0]
    game.propose(proposer)
    game.propose(game.proposers[1])
    tx = manager.requestExit(sender=proposer)
    assert emitted(tx) == expected(manager.Left(client=proposer.address))
    game.publish(proposer)
    game.publish(game.proposers[1])

    game.commit_ballot(voter, 3)
    tx = manager.requestExit(sender=voter)
    assert emitted(tx) == expected(manager.Left(client=voter.address))
    game.warp(game.deadline(Phase.VOTE))
    game.reveal_ballot(voter, 3)

    assert manager.head().published == 3
    assert manager.head().ballots == 1
    assert (manager.escrowOf(proposer), manager.escrowOf(voter)) == (game.proposerStake, game.voterStake)


def test_after_the_last_round_nobody_waits(deploy):
    game = deploy(maxRounds=1)
    game.play_round(ballots=[3] * 5)
    leaver = game.clients[0]
    game.next_block_at(game.now + 5)
    game.manager.requestExit(sender=leaver)

    assert game.manager.accountOf(leaver).releaseAt == game.now
    game.manager.withdraw(DEPOSIT, sender=leaver)
