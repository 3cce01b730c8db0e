import pytest
from expectations import emitted, expected, reverts

from offchain.reference.state import Phase

WINDOW = 256


def test_anyone_replaces_a_missed_anchor(game, manager, outsider):
    game.send(game.owner, manager.openRound)
    missed = manager.record(1).anchor
    game.mine_to(missed + WINDOW)
    tx = manager.reanchor(sender=outsider)

    anchor = missed + WINDOW + 1 + game.seedDelay
    assert emitted(tx) == expected(manager.Reanchored(round=1, anchor=anchor))
    assert manager.record(1).anchor == anchor
    assert game.phase == Phase.DRAW


@pytest.mark.parametrize("block", [1, WINDOW - 1, WINDOW])
def test_an_anchor_that_serves_is_kept(game, manager, block):
    game.send(game.owner, manager.openRound)
    anchor = manager.record(1).anchor
    game.mine_to(anchor + block - 1)
    with reverts(manager.AnchorUsable, blockNumber=anchor + block, anchor=anchor):
        manager.reanchor(sender=game.owner)


def test_an_anchor_still_ahead_is_kept(game, manager):
    game.send(game.owner, manager.openRound)
    anchor = manager.record(1).anchor
    with reverts(manager.AnchorUsable, blockNumber=anchor - 1, anchor=anchor):
        manager.reanchor(sender=game.owner)


def test_the_new_anchor_serves_the_draw(game, manager):
    game.send(game.owner, manager.openRound)
    game.mine_to(manager.record(1).anchor + WINDOW)
    game.send(game.owner, manager.reanchor)
    game.mine_to(manager.record(1).anchor)
    manager.draw(b"", sender=game.owner)
    assert game.phase == Phase.PROPOSE


def test_it_can_be_missed_again(game, manager):
    game.send(game.owner, manager.openRound)
    for _ in range(2):
        game.mine_to(manager.record(1).anchor + WINDOW)
        game.send(game.owner, manager.reanchor)
    assert game.phase == Phase.DRAW


def test_every_other_phase_is_refused(game, manager, outsider):
    for phase in game.walk():
        if phase != Phase.DRAW:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=Phase.DRAW):
                manager.reanchor(sender=outsider)
