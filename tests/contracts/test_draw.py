import pytest
from expectations import emitted, expected, reverts

from offchain.reference import commitments
from offchain.reference.state import Phase

WINDOW = 256


def test_anyone_draws(game, manager, outsider):
    game.enter(Phase.DRAW)
    game.mine_to(manager.record(1).anchor)
    time = game.now + 77
    game.next_block_at(time)
    tx = manager.draw(b"", sender=outsider)

    value = commitments.simulated_seed(b"\x2a" * 32, 1)
    seed = commitments.round_seed(game.provider.chain_id, manager.address, 1, value)
    assert emitted(tx) == expected(manager.SeedDrawn(round=1, seed=seed))
    assert (manager.head().seed, manager.head().drawnAt) == (seed, time)
    assert game.phase == Phase.PROPOSE


@pytest.mark.parametrize("block", [1, 2, WINDOW])
def test_from_the_block_after_the_anchor_for_256_blocks(game, manager, block):
    game.enter(Phase.DRAW)
    game.mine_to(manager.record(1).anchor + block - 1)
    manager.draw(b"", sender=game.owner)
    assert game.phase == Phase.PROPOSE


@pytest.mark.parametrize("block", [-1, 0, WINDOW + 1])
def test_other_blocks_are_refused(game, manager, block):
    game.enter(Phase.DRAW)
    anchor = manager.record(1).anchor
    game.mine_to(anchor + block - 1)
    with reverts(manager.AnchorNotUsable, blockNumber=anchor + block, anchor=anchor):
        manager.draw(b"", sender=game.owner)


def test_rounds_have_seeds_of_their_own(game, manager):
    game.play_idle_round()
    first = manager.head().seed
    game.open_round()
    assert manager.head().seed != first


def test_deployments_have_seeds_of_their_own(game, deploy):
    other = deploy()
    game.open_round()
    other.open_round()
    assert game.manager.head().seed != other.manager.head().seed


def test_every_other_phase_is_refused(game, manager, outsider):
    for phase in game.walk():
        if phase != Phase.DRAW:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=Phase.DRAW):
                manager.draw(b"", sender=outsider)
