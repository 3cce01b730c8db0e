import pytest
from expectations import reverts

from offchain.reference import commitments


@pytest.fixture
def game(deploy, project, owner, no_kept_hashes):
    return deploy(members=4, seed_source=owner.deploy(project.BlockhashSeed))


def test_the_seed_is_the_hash_of_the_anchor(game):
    game.send(game.owner, game.manager.openRound)
    anchor = game.manager.record(1).anchor
    game.mine_to(anchor + 7)
    game.manager.draw(b"", sender=game.owner)

    value = game.node.block(anchor).hash
    assert game.manager.head().seed == commitments.round_seed(game.chain_id, game.manager.address, 1, value)


def test_every_caller_gets_the_same(game, outsider):
    game.mine(3)
    anchor = game.block - 2
    first = game.source.seed(1, anchor, b"", sender=outsider)
    game.mine(5)
    assert game.source.seed(1, anchor, b"proof", sender=game.owner) == first


@pytest.mark.parametrize("beyond", [None, -1, 0])
def test_a_block_without_a_known_hash_is_refused(game, beyond):
    game.mine(window := game.source.WINDOW())
    age = window + 1 if beyond is None else beyond
    anchor = game.block + 1 - age  # in the transaction's block
    with reverts(game.source.InvalidSeedProof, anchor=anchor):
        game.source.seed.transact(1, anchor, b"", sender=game.owner)


def test_the_last_block_of_the_window_serves(game):
    game.send(game.owner, game.manager.openRound)
    anchor = game.manager.record(1).anchor
    window = game.source.WINDOW()
    game.mine_to(anchor + window - 1)
    assert (window, game.block) == (256, anchor + 255)
    game.manager.draw(b"", sender=game.owner)
    assert game.manager.head().seed
