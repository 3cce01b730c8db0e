import pytest
from eth_utils import keccak
from expectations import emitted, expected, reverts

from offchain.reference import commitments


def header(game, number: int) -> bytes:
    """RLP of a block's header."""
    encoded = game.node.header(number)
    assert keccak(encoded) == game.node.block(number).hash
    return encoded


def prevrandao(game, number: int) -> bytes:
    return game.node.block(number).prevrandao


def deployed(deploy, project, owner):
    game = deploy(members=4, seed_source=owner.deploy(project.PrevrandaoSeed))
    game.proof = lambda: header(game, game.manager.record(game.round).anchor)
    return game


@pytest.fixture
def game(deploy, project, owner, no_kept_hashes):
    """Four members and the source of public networks; its draw needs the anchor's header."""
    return deployed(deploy, project, owner)


@pytest.fixture
def anchor(game):
    """Number of the anchor of an open round; the next block is the first that can draw."""
    game.send(game.owner, game.manager.openRound)
    anchor = game.manager.record(1).anchor
    game.mine_to(anchor)
    return anchor


def test_the_seed_is_the_value_of_the_anchor(game, anchor):
    game.mine(3)
    tx = game.manager.draw(header(game, anchor), sender=game.owner)

    value = prevrandao(game, anchor)
    seed = commitments.round_seed(game.chain_id, game.manager.address, 1, value)
    assert emitted(tx) == expected(game.manager.SeedDrawn(round=1, seed=seed))
    assert value != prevrandao(game, tx.block_number)


def test_every_caller_gets_the_same(game, anchor, outsider):
    game.mine(1)
    proof = header(game, anchor)
    first = game.source.seed(1, anchor, proof, sender=outsider)
    game.mine(5)
    assert game.source.seed(1, anchor, proof, sender=game.owner) == first == prevrandao(game, anchor)


def test_the_header_of_another_block_is_refused(game, anchor):
    with reverts(game.source.InvalidSeedProof, anchor=anchor):
        game.manager.draw(header(game, anchor - 1), sender=game.owner)


def test_a_header_with_another_value_is_refused(game, anchor):
    true = header(game, anchor)
    forged = true.replace(prevrandao(game, anchor), b"\x01" * 32)
    assert forged != true
    with reverts(game.source.InvalidSeedProof, anchor=anchor):
        game.manager.draw(forged, sender=game.owner)


@pytest.mark.parametrize("proof", [b"", b"\xc0", bytes(600)])
def test_what_is_no_header_is_refused(game, anchor, proof):
    with reverts(game.source.InvalidSeedProof, anchor=anchor):
        game.manager.draw(proof, sender=game.owner)


def test_a_refused_proof_leaves_the_draw_open(game, anchor):
    with reverts(game.source.InvalidSeedProof, anchor=anchor):
        game.manager.draw(b"", sender=game.owner)
    game.manager.draw(header(game, anchor), sender=game.owner)
    assert game.manager.head().seed


def test_a_block_too_old_is_refused(game, anchor):
    proof = header(game, anchor)
    game.mine_to(anchor + game.source.WINDOW())
    with reverts(game.source.InvalidSeedProof, anchor=anchor):
        game.source.seed.transact(1, anchor, proof, sender=game.owner)


def test_the_last_block_of_the_window_serves(game, anchor):
    proof = header(game, anchor)
    game.mine_to(anchor + game.source.WINDOW() - 1)
    game.manager.draw(proof, sender=game.owner)
    assert game.manager.head().seed


def test_a_block_that_only_the_chain_keeps_serves(deploy, project, owner):
    """On anvil, which has EIP-2935; py-evm's window ends with the EVM's."""
    game = deployed(deploy, project, owner)
    game.send(owner, game.manager.openRound)
    anchor = game.manager.record(1).anchor
    game.mine_to(anchor + 300)
    if game.source.WINDOW() == 256:
        with reverts(game.manager.AnchorNotUsable, blockNumber=anchor + 301, anchor=anchor):
            game.manager.draw(header(game, anchor), sender=owner)
        return
    with reverts(game.source.InvalidSeedProof, anchor=anchor):
        game.manager.draw(header(game, anchor + 1), sender=owner)
    game.manager.draw(header(game, anchor), sender=owner)
    assert game.manager.head().seed
