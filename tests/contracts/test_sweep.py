import pytest
from deployment import DEPOSIT, SILENT
from expectations import emitted, expected, reverts

from offchain.reference.state import Phase

YEAR = 365 * 86_400
TREASURY = "0x7eEE000000000000000000000000000000000000"


@pytest.fixture
def swept(deploy):
    """Deploy a game that has a treasury."""

    def deploy_with(**overrides):
        return deploy(treasury=TREASURY, **overrides)

    return deploy_with


def slash(game) -> int:
    """Play a round whose first proposer does not publish; what the pool holds then."""
    game.play_round([SILENT, 1], [0b10] * 5)
    pool = game.manager.rewardPool()
    assert pool == game.proposerStake
    return pool


def sweep(game):
    return game.manager.sweep(sender=game.owner)


def requires(game, time: int) -> None:
    """A second before `time` the pool stays, and at `time` it goes."""
    pool = game.manager.rewardPool()
    game.next_block_at(time - 1)
    with reverts(game.manager.TooEarly, actual=time - 1, required=time):
        sweep(game)
    game.next_block_at(time)
    sweep(game)
    assert (game.manager.rewardPool(), game.token.balanceOf(TREASURY)) == (0, pool)


def test_nothing_is_ever_swept(deploy):
    game = deploy(maxRounds=1)
    slash(game)
    with reverts(game.manager.NoTreasury):
        sweep(game)


def test_the_pool_leaves_at_once(swept):
    game = swept(maxRounds=1)
    pool = slash(game)
    tx = sweep(game)
    transfer = game.token.Transfer(**{"from": game.pool.address, "to": TREASURY, "value": pool})
    assert emitted(tx) == expected(
        game.manager.Swept(treasury=TREASURY, amount=pool),
        game.pool.Withdrawn(client=TREASURY, amount=pool),
        transfer,
    )
    assert (game.manager.rewardPool(), game.token.balanceOf(TREASURY)) == (0, pool)
    assert game.token.balanceOf(game.pool) == 8 * DEPOSIT - pool


def test_what_seats_are_owed_stays_theirs(swept):
    game = swept(maxRounds=1)
    slash(game)
    owed = {client: game.manager.escrowOf(client) for client in game.clients}
    assert sum(map(bool, owed.values())) == 6
    sweep(game)
    assert owed == {client: game.manager.escrowOf(client) for client in game.clients}
    game.drain()
    assert game.token.balanceOf(game.pool) == 0


def test_a_second_sweep_sends_nothing(swept):
    game = swept(maxRounds=1)
    slash(game)
    sweep(game)
    assert game.manager.Swept(treasury=TREASURY, amount=0) in sweep(game).events


@pytest.mark.parametrize("phase", [Phase.DRAW, Phase.PROPOSE, Phase.CLOSE])
def test_it_waits_however_long_ago_the_draw_was(swept, phase):
    game = swept()
    slash(game)
    game.send(game.owner, game.manager.openRound)
    if phase != Phase.DRAW:
        game.mine(game.seedDelay)
        game.send(game.owner, game.manager.draw, b"")
    if phase != Phase.PROPOSE:
        game.warp(game.now + 2 * YEAR)
    with reverts(game.manager.WrongPhase, round=2, actual=phase, expected=Phase.IDLE):
        sweep(game)


def test_it_is_swept_once_unbonding_is_over(swept):
    game = swept(interval=50_000)
    slash(game)
    drawn_at = game.manager.head().drawnAt
    *leavers, last = game.clients
    for client in leavers:
        game.send(client, game.manager.requestExit)
    with reverts(game.manager.TooEarly, actual=game.now + 1, required=drawn_at + 50_000 + YEAR):
        game.next_block_at(game.now + 1)
        sweep(game)
    game.send(last, game.manager.requestExit)
    requires(game, drawn_at + game.unbonding)


def test_before_the_first_round_the_deployment_counts(swept):
    game = swept(members=0)
    requires(game, game.manager.head().drawnAt + game.unbonding)


def test_it_is_swept_a_year_after_the_next_round_could_have_opened(swept):
    game = swept(interval=50_000)
    slash(game)
    requires(game, game.manager.head().drawnAt + 50_000 + YEAR)


def test_rounds_go_on_afterwards(swept):
    game = swept()
    slash(game)
    game.warp(game.now + YEAR)
    sweep(game)
    tx = game.manager.openRound(sender=game.owner)
    (event,) = tx.events
    assert (event.round, event.pot) == (2, 0)
