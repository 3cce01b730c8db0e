import pytest
from deployment import DEPOSIT, SILENT
from expectations import emitted, expected, reverts

OURS, THEIRS = 300_007, 20_011  # A proposer's and a voter's reward.
WHOLE = 2 * OURS + 5 * THEIRS
INTERVAL = 10_700  # A round and its marking.


@pytest.fixture
def game(deploy):
    return deploy(proposerReward=OURS, voterReward=THEIRS, interval=INTERVAL)


def fund(game, amount):
    game.send(game.owner, game.token.approve, game.pool, amount)
    return game.pool.fund(amount, sender=game.owner)


def play(game, ballots, updates=None):
    """Play a round; the event of its outcome."""
    game.play_to_close(updates, ballots)
    game.warp(game.ends_at + game.markFor)
    return next(iter(game.manager.finalise(sender=game.owner).events))


def test_anyone_funds_the_budget(game, outsider):
    game.send(game.owner, game.token.transfer, outsider, 50)
    game.send(outsider, game.token.approve, game.pool, 50)
    tx = game.pool.fund(50, sender=outsider)
    transfer = {"from": outsider.address, "to": game.pool.address, "value": 50}
    assert emitted(tx) == expected(
        game.token.Transfer(**transfer), game.pool.Funded(funder=outsider.address, amount=50)
    )
    fund(game, 7)
    assert (game.manager.budget(), game.manager.accountOf(outsider).free) == (57, 0)
    assert (game.manager.rewardPool(), game.token.balanceOf(game.pool)) == (0, 8 * DEPOSIT + 57)


def test_without_an_allowance_it_is_refused(game, outsider):
    with reverts(
        game.token.ERC20InsufficientAllowance, spender=game.pool.address, allowance=0, needed=1
    ):
        game.pool.fund(1, sender=outsider)
    assert game.manager.budget() == 0


def test_a_token_with_fees_is_refused(project, owner):
    pool = owner.deploy(project.StakePool, owner.deploy(project.FeeToken))
    with reverts(pool.UnexpectedTransfer, received=99, expected=100):
        pool.fund(100, sender=owner)


def test_a_token_that_calls_back_is_refused(project, owner):
    pool = owner.deploy(project.StakePool, owner.deploy(project.ReentrantToken))
    with reverts(pool.ReentrancyGuardReentrantCall):
        pool.fund(1, sender=owner)


def test_included_proposers_and_all_who_revealed_are_rewarded(game):
    # The first is included by three of four, the second excluded; one ballot stays closed.
    fund(game, WHOLE)
    event = play(game, [0b01, 0b01, 0b01, 0b10, SILENT])
    due = OURS + 4 * THEIRS
    assert (event.included, event.rewarded) == (0b01, due)
    assert game.manager.record(1).rewarded
    assert game.manager.budget() == WHOLE - due

    included, excluded = game.proposers
    right, wrong = 1 + 2 * (4 * 500_001 // 3), 1
    payouts = {included: game.proposerStake + OURS, excluded: 0}
    payouts |= dict(
        zip(game.voters, [*[right + THEIRS] * 3, wrong + THEIRS, 0], strict=True)
    )
    for client, payout in payouts.items():
        assert game.manager.escrowOf(client) == payout
        tx = game.manager.settle(1, client, sender=game.owner)
        assert emitted(tx) == expected(
            game.manager.Settled(round=1, client=client.address, payout=payout)
        )


def test_the_last_unit_of_the_budget_counts(game):
    fund(game, WHOLE)
    assert play(game, [0b11] * 5).rewarded == WHOLE
    assert game.manager.budget() == 0
    for client in (*game.proposers, *game.voters):
        stake, reward = (
            (game.proposerStake, OURS) if client in game.proposers else (game.voterStake, THEIRS)
        )
        assert game.manager.escrowOf(client) == stake + reward


def test_nobody_is_rewarded_and_the_budget_stays(game):
    fund(game, WHOLE - 1)
    assert play(game, [0b11] * 5).rewarded == 0
    assert not game.manager.record(1).rewarded
    assert game.manager.budget() == WHOLE - 1
    assert game.manager.escrowOf(game.proposers[0]) == game.proposerStake
    assert game.manager.escrowOf(game.voters[0]) == game.voterStake


def test_nobody_is_rewarded_in_a_void_round(game):
    fund(game, WHOLE)
    event = play(game, [0b11, 0b11, SILENT, SILENT, SILENT])
    assert (event.included, event.rewarded, game.manager.budget()) == (0, 0, WHOLE)
    assert game.manager.escrowOf(game.voters[0]) == game.voterStake


def test_it_is_what_the_round_of_the_seat_was_paid(game):
    """A round that was rewarded, then one that was not: whose seat is of the first still gets its reward."""
    fund(game, WHOLE)
    play(game, [0b11] * 5)
    first = {client: game.manager.escrowOf(client) for client in (*game.proposers, *game.voters)}
    assert play(game, [0b11] * 5).rewarded == 0
    rested = [client for client in first if game.manager.clientOf(client).round == 1]
    assert rested
    for client in rested:
        assert game.manager.escrowOf(client) == first[client]
        game.send(game.owner, game.manager.settle, 1, client)
        assert game.manager.escrowOf(client) == 0


def test_the_budget_is_swept_with_the_pool(deploy, outsider):
    game = deploy(
        proposerReward=OURS, voterReward=THEIRS, interval=INTERVAL, maxRounds=1, treasury=outsider.address
    )
    fund(game, WHOLE - 1)
    play(game, [0b11] * 5, [SILENT, 1])
    pool = game.manager.rewardPool()
    assert pool == game.proposerStake
    rewarded = OURS + 5 * THEIRS
    tx = game.manager.sweep(sender=outsider)
    amount = pool + WHOLE - 1 - rewarded
    assert game.manager.Swept(treasury=outsider.address, amount=amount) in tx.events
    assert (game.manager.rewardPool(), game.manager.budget()) == (0, 0)
