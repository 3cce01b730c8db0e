from itertools import permutations

import pytest
from deployment import DEPOSIT, IDLE, SILENT
from expectations import emitted, expected, reverts

from offchain.reference.state import Phase, Seat

# ⌊1000003 / 2⌋ = 500001 for each of two bits, one unit over.
PART, REST = 500_001, 1


def test_anyone_settles_for_anyone(game, manager, outsider):
    game.play_round(ballots=[1, 1, 1, 0, 0])
    proposer = game.proposers[0]
    tx = manager.settle(1, proposer, sender=outsider)

    assert emitted(tx) == expected(
        manager.Settled(round=1, client=proposer.address, payout=game.proposerStake)
    )
    assert manager.accountOf(proposer).free == DEPOSIT
    assert manager.escrowOf(proposer) == 0
    state = manager.clientOf(proposer)
    assert (state.isMember, state.round, state.seat) == (True, 1, Seat.NONE)


def test_each_role_gets_what_the_round_decided(game, manager):
    # First included by 3 of 4, second excluded by 3 of 4; one ballot stays closed.
    game.play_round(ballots=[0b01, 0b01, 0b01, 0b10, SILENT])
    included, excluded = game.proposers
    majority = REST + 2 * (4 * PART // 3)
    payouts = {included: game.proposerStake, excluded: 0}
    payouts |= dict(zip(game.voters, [majority, majority, majority, REST, 0], strict=True))

    for client, payout in payouts.items():
        assert manager.escrowOf(client) == payout
        tx = manager.settle(1, client, sender=game.owner)
        assert emitted(tx) == expected(manager.Settled(round=1, client=client.address, payout=payout))
    assert (
        sum(manager.accountOf(client).free for client in game.clients) + manager.rewardPool() == 8 * DEPOSIT
    )


def test_a_second_time_is_refused(game, manager):
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    game.send(game.owner, manager.settle, 1, proposer)
    with reverts(manager.NothingToSettle, round=1, client=proposer.address):
        manager.settle(1, proposer, sender=proposer)


@pytest.mark.parametrize("phase", [Phase.PUBLISH, Phase.VOTE, Phase.REVEAL, Phase.CLOSE])
def test_before_the_outcome_it_is_refused(game, manager, phase):
    game.enter(phase)
    proposer = game.proposers[0]
    with reverts(manager.WrongPhase, round=1, actual=phase, expected=Phase.IDLE):
        manager.settle(1, proposer, sender=proposer)


def test_those_without_a_stake_have_nothing_to_settle(game, manager, outsider):
    game.play_round([1, IDLE], [1] * 4)
    for other in (game.proposers[1], game.voters[4], game.unseated[0], outsider):
        with reverts(manager.NothingToSettle, round=1, client=other.address):
            manager.settle(1, other, sender=other)


def test_one_marked_absent_has_nothing_to_settle(game, manager):
    game.play_to_close([1, IDLE], [1] * 5)
    absent = game.proposers[1]
    game.send(game.owner, manager.markAbsent, absent)
    game.close_round()
    with reverts(manager.NothingToSettle, round=1, client=absent.address):
        manager.settle(1, absent, sender=absent)


@pytest.mark.parametrize("number", [0, 2, 2**256 - 1])
def test_another_round_is_refused(game, manager, number):
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    with reverts(manager.NothingToSettle, round=number, client=proposer.address):
        manager.settle(number, proposer, sender=proposer)


def test_many_rounds_later(game, manager):
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    for _ in range(3):
        game.play_idle_round()
    game.send(game.owner, manager.openRound)

    tx = manager.settle(1, proposer, sender=game.owner)
    assert emitted(tx) == expected(
        manager.Settled(round=1, client=proposer.address, payout=game.proposerStake)
    )
    assert manager.accountOf(proposer).free == DEPOSIT


def test_one_who_left_is_settled_too(game, manager):
    game.play_to_close(ballots=[3] * 5)
    leaver = game.voters[0]
    game.send(leaver, manager.requestExit)
    game.close_round()
    game.send(game.owner, manager.settle, 1, leaver)
    assert manager.accountOf(leaver).free == DEPOSIT


def test_the_order_does_not_matter(game, chain, manager):
    game.play_round(ballots=[0b01, 0b01, 0b10, SILENT, IDLE])
    seated = [*game.proposers, *game.voters[:2]]
    results = set()
    for order in list(permutations(seated))[::5]:
        with chain.isolate():
            for client in order:
                game.send(game.owner, manager.settle, 1, client)
            results.add(tuple(manager.accountOf(client).free for client in seated))
    assert len(results) == 1
