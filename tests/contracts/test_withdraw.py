import pytest
from deployment import DEPOSIT, SILENT
from expectations import emitted, expected, reverts

from offchain.reference.state import Phase

ABOVE_BOND = DEPOSIT - 64 * 10**6


def test_a_member_takes_what_is_above_the_bond(game, manager, pool, token, member):
    tx = manager.withdraw(ABOVE_BOND, sender=member)

    assert emitted(tx) == expected(
        pool.Withdrawn(client=member.address, amount=ABOVE_BOND),
        token.Transfer(**{"from": pool.address, "to": member.address, "value": ABOVE_BOND}),
    )
    assert manager.accountOf(member).free == game.bond
    assert token.balanceOf(member) == ABOVE_BOND


def test_a_member_takes_not_a_unit_of_its_bond(manager, member):
    with reverts(manager.NotWithdrawable, client=member.address, amount=ABOVE_BOND + 1, available=ABOVE_BOND):
        manager.withdraw(ABOVE_BOND + 1, sender=member)


def test_a_member_below_its_bond_takes_nothing(deploy):
    game = deploy(amount=64 * 10**6)
    game.open_round()
    proposer = game.proposers[0]
    game.propose(proposer)

    with reverts(game.manager.NotWithdrawable, client=proposer.address, amount=1, available=0):
        game.manager.withdraw(1, sender=proposer)


def test_a_member_takes_in_every_phase(game, manager, pool, member):
    for _ in game.walk():
        tx = manager.withdraw(1, sender=member)
        assert pool.Withdrawn(client=member.address, amount=1) in tx.events


def test_what_is_due_is_settled_first(game, manager, pool, token):
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    tx = manager.withdraw(ABOVE_BOND, sender=proposer)

    assert emitted(tx) == expected(
        manager.Settled(round=1, client=proposer.address, payout=game.proposerStake),
        pool.Withdrawn(client=proposer.address, amount=ABOVE_BOND),
        token.Transfer(**{"from": pool.address, "to": proposer.address, "value": ABOVE_BOND}),
    )
    assert manager.accountOf(proposer).free == game.bond


def test_what_is_due_is_not_paid_twice(game, manager):
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    game.send(proposer, manager.withdraw, ABOVE_BOND)

    with reverts(manager.NotWithdrawable, client=proposer.address, amount=1, available=0):
        manager.withdraw(1, sender=proposer)
    with reverts(manager.NothingToSettle, round=1, client=proposer.address):
        manager.settle(1, proposer, sender=proposer)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_one_who_left_waits_for_its_release(game, manager, member, late):
    game.send(member, manager.requestExit)
    release = manager.accountOf(member).releaseAt
    game.next_block_at(release + late)

    if late < 0:
        with reverts(manager.TooEarly, actual=release - 1, required=release):
            manager.withdraw(DEPOSIT, sender=member)
    else:
        manager.withdraw(DEPOSIT, sender=member)
        assert manager.accountOf(member).free == 0


def test_one_who_left_takes_all_and_no_more(game, manager, member):
    game.send(member, manager.requestExit)
    game.warp(manager.accountOf(member).releaseAt)

    with reverts(manager.NotWithdrawable, client=member.address, amount=DEPOSIT + 1, available=DEPOSIT):
        manager.withdraw(DEPOSIT + 1, sender=member)
    manager.withdraw(DEPOSIT, sender=member)
    assert game.token.balanceOf(member) == DEPOSIT


def test_a_deposit_while_unbonding_waits_too(game, manager, member):
    game.send(member, manager.requestExit)
    release = manager.accountOf(member).releaseAt
    game.deposit(member, 5)
    assert manager.accountOf(member).releaseAt == release

    game.next_block_at(release - 1)
    with reverts(manager.TooEarly, actual=release - 1, required=release):
        manager.withdraw(5, sender=member)


def test_one_who_left_waits_for_its_last_seat(deploy):
    # A schedule as long as unbonding, and a stake still away when it ends: nobody finalised.
    game = deploy()
    game.open_round()
    leaver = game.proposers[0]
    game.submit_updates()
    game.send(leaver, game.manager.requestExit)
    game.warp(game.manager.accountOf(leaver).releaseAt)

    with reverts(game.manager.SeatUnsettled, round=1, client=leaver.address):
        game.manager.withdraw(1, sender=leaver)
    game.send(game.owner, game.manager.finalise)
    game.manager.withdraw(DEPOSIT, sender=leaver)  # void: its stake came back whole


def test_a_seat_kept_from_before_the_draw_holds_its_owner(deploy):
    # Unbonding as long as the schedule, and a draw so late that it ends before voters can be marked.
    game = deploy(unbonding=10_700, voterSeats=6)
    manager, leaver = game.manager, game.clients[3]
    game.send(game.owner, manager.openRound)
    game.send(leaver, manager.requestExit)
    game.warp(game.manager.accountOf(leaver).releaseAt)
    game.mine(game.seedDelay)
    game.send(game.owner, manager.draw, game.proof())
    assert leaver in game.voters
    game.submit_updates()

    with reverts(manager.SeatUnsettled, round=1, client=leaver.address):
        manager.withdraw(1, sender=leaver)
    game.warp(game.deadline(Phase.VOTE))
    game.send(game.owner, manager.markAbsent, leaver)
    assert game.manager.rewardPool() == game.absencePenalty
    manager.withdraw(DEPOSIT - game.absencePenalty, sender=leaver)


def test_the_unsettled_seat_is_said_before_the_time(game, manager):
    game.open_round()
    leaver = game.proposers[0]
    game.propose(leaver)
    game.send(leaver, manager.requestExit)

    with reverts(manager.SeatUnsettled, round=1, client=leaver.address):
        manager.withdraw(1, sender=leaver)


def test_a_lost_stake_holds_nobody_back(game, manager):
    game.play_round([SILENT, SILENT])
    leaver = game.proposers[0]
    game.send(leaver, manager.requestExit)
    game.warp(manager.accountOf(leaver).releaseAt)

    with reverts(
        manager.NotWithdrawable,
        client=leaver.address,
        amount=DEPOSIT,
        available=DEPOSIT - game.proposerStake,
    ):
        manager.withdraw(DEPOSIT, sender=leaver)
    manager.withdraw(DEPOSIT - game.proposerStake, sender=leaver)


def test_one_removed_for_good_takes_all(deploy):
    game = deploy(maxStrikes=1)
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, game.manager.markAbsent, absent)
    release = game.manager.accountOf(absent).releaseAt
    assert release == game.now + game.unbonding

    rest = DEPOSIT - game.absencePenalty
    game.next_block_at(release - 1)
    with reverts(game.manager.TooEarly, actual=release - 1, required=release):
        game.manager.withdraw(rest, sender=absent)
    game.next_block_at(release)
    game.manager.withdraw(rest, sender=absent)
    assert game.token.balanceOf(absent) == rest


def test_one_who_never_joined_takes_all_at_once(game, manager, pool, token, outsider):
    game.deposit(outsider, 7)
    tx = manager.withdraw(7, sender=outsider)

    assert emitted(tx) == expected(
        pool.Withdrawn(client=outsider.address, amount=7),
        token.Transfer(**{"from": pool.address, "to": outsider.address, "value": 7}),
    )


def test_one_without_tokens_takes_none(manager, outsider):
    with reverts(manager.NotWithdrawable, client=outsider.address, amount=1, available=0):
        manager.withdraw(1, sender=outsider)


def test_after_the_last_round_nobody_waits(deploy):
    game = deploy(maxRounds=1)
    manager = game.manager
    game.open_round()
    early = game.unseated[0]
    game.send(early, manager.requestExit)
    release = game.manager.accountOf(early).releaseAt
    game.submit_updates()
    game.commit_ballots([3] * 5)
    game.reveal_ballots([3] * 5)
    time = game.now + 1
    game.next_block_at(time)
    with reverts(manager.TooEarly, actual=time, required=release):
        manager.withdraw(DEPOSIT, sender=early)

    game.close_round()
    assert game.now < release
    manager.withdraw(DEPOSIT, sender=early)
