from deployment import IDLE, SILENT
from expectations import emitted, expected, reverts

from offchain.reference.state import Phase

LAST_NUMBER = 2**24 - 1


def test_anyone_opens(game, manager, outsider):
    block = game.block
    tx = manager.openRound(sender=outsider)
    anchor = block + 1 + game.seedDelay

    assert emitted(tx) == expected(
        manager.RoundOpened(round=1, members=8, model=game.rules, pot=0, anchor=anchor)
    )
    assert game.phase == Phase.DRAW
    head = manager.head()
    assert (head.round, head.members, head.drawnAt, head.seed, head.finalised) == (1, 8, 0, 0, False)
    assert (head.updates, head.published, head.ballots, head.shuffled) == (0, 0, 0, False)
    record = manager.record(1)
    assert (record.tally, record.pot, record.anchor) == (0, 0, anchor)


def test_every_other_phase_is_refused(game, manager, outsider):
    for phase in game.walk():
        if phase != Phase.IDLE:
            with reverts(manager.WrongPhase, round=1, actual=phase, expected=Phase.IDLE):
                manager.openRound(sender=outsider)


def test_three_members_are_too_few(deploy):
    game = deploy(members=3)
    with reverts(game.manager.TooFewMembers, actual=3, required=4):
        game.manager.openRound(sender=game.owner)


def test_four_members_are_enough(deploy):
    game = deploy(members=4)
    tx = game.manager.openRound(sender=game.owner)
    assert game.manager.RoundOpened(round=1, members=4) in tx.events


def test_one_member_below_min_members_is_too_few(deploy):
    game = deploy(members=6, minMembers=7)
    with reverts(game.manager.TooFewMembers, actual=6, required=7):
        game.manager.openRound(sender=game.owner)


def test_min_members_are_enough(deploy):
    game = deploy(members=7, minMembers=7)
    tx = game.manager.openRound(sender=game.owner)
    assert game.manager.RoundOpened(round=1, members=7) in tx.events


def test_a_stranger_opens_no_round_within_the_interval(deploy, outsider):
    game = deploy(interval=50_000)
    game.play_idle_round()
    opens_at = game.manager.head().drawnAt + 50_000
    game.next_block_at(opens_at - 1)
    with reverts(game.manager.TooEarly, actual=opens_at - 1, required=opens_at):
        game.manager.openRound(sender=outsider)


def test_the_interval_ends_to_the_second(deploy, outsider):
    game = deploy(interval=50_000)
    game.play_idle_round()
    game.next_block_at(game.manager.head().drawnAt + 50_000)
    tx = game.manager.openRound(sender=outsider)
    assert game.manager.RoundOpened(round=2) in tx.events


def test_the_first_round_waits_for_no_interval(deploy):
    game = deploy(interval=365 * 86_400)
    tx = game.manager.openRound(sender=game.owner)
    assert game.manager.RoundOpened(round=1) in tx.events


def test_members_are_counted_at_the_opening(game, manager):
    game.play_idle_round()
    for leaver in game.clients[:4]:
        game.send(leaver, manager.requestExit)
    tx = manager.openRound(sender=game.owner)
    assert manager.RoundOpened(round=2, members=4) in tx.events


def test_the_next_round_starts_anew(game, manager):
    game.play_round([1, SILENT], [1, 1, 0, SILENT, IDLE])
    game.send(game.owner, manager.openRound)

    head = manager.head()
    assert (head.round, head.drawnAt, head.seed) == (2, 0, 0)
    assert (head.updates, head.published, head.absentProposers) == (0, 0, 0)
    assert (head.ballots, head.absentVoters, head.shuffled, head.finalised) == (0, 0, False, False)
    assert manager.tally() == 2**255


def test_the_pot_is_the_pool_at_the_opening(game, manager):
    game.play_round([SILENT, SILENT])
    slashed = 2 * game.proposerStake
    assert manager.rewardPool() == slashed
    tx = manager.openRound(sender=game.owner)
    assert manager.RoundOpened(round=2, pot=slashed) in tx.events
    game.mine(game.seedDelay)
    game.send(game.owner, manager.draw, b"")

    # What comes in later is for later rounds.
    game.send(game.proposers[0], manager.requestExit)
    assert manager.rewardPool() == slashed + game.absencePenalty
    assert manager.record(2).pot == slashed


def test_the_parent_model_is_named(game, manager):
    game.play_round(ballots=[3] * 5)
    model = manager.model()
    assert model != game.rules
    tx = manager.openRound(sender=game.owner)
    assert manager.RoundOpened(round=2, model=model) in tx.events


def test_after_the_last_round_none_opens(deploy):
    game = deploy(maxRounds=2)
    game.play_idle_round()
    game.play_idle_round()
    with reverts(game.manager.RoundsExhausted, maxRounds=2):
        game.manager.openRound(sender=game.owner)


def test_round_numbers_end(game, manager):
    # Sixteen million rounds are out of reach: the head is written, round in bits 32 to 55, finalised bit 94.
    def write_round(number: int) -> None:
        game.write(manager, 1, number << 32 | 1 << 94)

    write_round(LAST_NUMBER)
    with reverts(manager.RoundsExhausted, maxRounds=LAST_NUMBER):
        manager.openRound(sender=game.owner)
    write_round(LAST_NUMBER - 1)
    tx = manager.openRound(sender=game.owner)
    assert manager.RoundOpened(round=LAST_NUMBER) in tx.events
