import pytest
from deployment import DEPOSIT, IDLE
from expectations import emitted, expected, reverts

from offchain.reference import seats
from offchain.reference.state import REMOVED, Phase, Seat


def test_a_proposer_gets_a_strike_and_pays(game, manager, outsider):
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.deadline(Phase.PROPOSE))
    tx = manager.markAbsent(absent, sender=outsider)

    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=absent.address, penalty=game.absencePenalty)
    )
    state = manager.clientOf(absent)
    assert (state.isMember, state.strikes, state.round, state.seat) == (True, 1, 1, Seat.ABSENT)
    assert manager.accountOf(absent).free == DEPOSIT - game.absencePenalty
    assert manager.rewardPool() == game.absencePenalty
    assert (manager.head().absentProposers, manager.head().absentVoters) == (1, 0)


def test_a_voter_gets_a_strike_and_pays(game, manager, outsider):
    game.play_to_close(ballots=[1])
    absent = game.voters[4]
    tx = manager.markAbsent(absent, sender=outsider)

    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=absent.address, penalty=game.absencePenalty)
    )
    assert manager.clientOf(absent).strikes == 1
    assert manager.accountOf(absent).free == DEPOSIT - game.absencePenalty
    assert (manager.head().absentProposers, manager.head().absentVoters) == (0, 1)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_proposer_has_until_its_deadline(game, manager, late):
    game.open_round()
    absent, deadline = game.proposers[0], game.deadline(Phase.PROPOSE)
    game.next_block_at(deadline + late)

    if late < 0:
        with reverts(manager.TooEarly, actual=deadline - 1, required=deadline):
            manager.markAbsent(absent, sender=game.owner)
    else:
        manager.markAbsent(absent, sender=game.owner)
        assert manager.clientOf(absent).seat == Seat.ABSENT


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_voter_has_until_its_deadline(game, manager, late):
    game.open_round()
    game.submit_updates()
    absent, deadline = game.voters[0], game.deadline(Phase.VOTE)
    game.next_block_at(deadline + late)

    if late < 0:
        with reverts(manager.TooEarly, actual=deadline - 1, required=deadline):
            manager.markAbsent(absent, sender=game.owner)
    else:
        manager.markAbsent(absent, sender=game.owner)
        assert manager.clientOf(absent).seat == Seat.ABSENT


def test_an_early_end_moves_no_deadline(game, manager):
    # The other proposer is gone, so the phase is over at once; the absent one still has its time.
    game.open_round()
    first, second = game.proposers
    game.send(first, manager.requestExit)
    game.propose(second)
    assert game.phase == Phase.PUBLISH
    game.warp(game.deadline(Phase.PROPOSE) - 1)
    game.publish(second)
    deadline = game.deadline(Phase.VOTE)
    time = game.now + 1
    game.next_block_at(time)
    with reverts(manager.TooEarly, actual=time, required=deadline):
        manager.markAbsent(game.voters[0], sender=game.owner)


@pytest.mark.parametrize("moment", ["last second", "after the schedule"])
def test_until_the_round_is_finalised(game, manager, moment):
    game.open_round()
    absent = game.proposers[0]
    game.next_block_at(game.ends_at - 1 if moment == "last second" else game.ends_at + 10**6)
    manager.markAbsent(absent, sender=game.owner)
    assert manager.clientOf(absent).strikes == 1


def test_once_it_is_finalised_it_is_refused(game, manager):
    game.play_idle_round()
    with reverts(manager.WrongPhase, round=1, actual=Phase.IDLE, expected=Phase.PROPOSE):
        manager.markAbsent(game.proposers[0], sender=game.owner)


def test_before_the_first_round_it_is_refused(game, manager, member):
    with reverts(manager.WrongPhase, round=0, actual=Phase.IDLE, expected=Phase.PROPOSE):
        manager.markAbsent(member, sender=game.owner)


def test_before_the_draw_it_is_refused(game, manager, member):
    game.enter(Phase.DRAW)
    with reverts(manager.WrongPhase, round=1, actual=Phase.DRAW, expected=Phase.PROPOSE):
        manager.markAbsent(member, sender=game.owner)


def test_one_without_a_seat_is_refused(game, manager):
    game.open_round()
    other = game.unseated[0]
    game.warp(game.ends_at)
    with reverts(manager.NotSeated, round=1, client=other.address, position=7, first=0, end=7):
        manager.markAbsent(other, sender=game.owner)


def test_outsiders_and_newcomers_are_refused(game, manager, newcomer, outsider):
    game.open_round()
    game.admit([newcomer])
    game.warp(game.ends_at)
    for other in (newcomer, outsider):
        with reverts(
            manager.NotSeated, round=1, client=other.address, position=seats.NO_POSITION, first=0, end=7
        ):
            manager.markAbsent(other, sender=game.owner)


@pytest.mark.parametrize(
    ("phase", "seat"),
    [
        (Phase.PUBLISH, Seat.COMMITTED),
        (Phase.VOTE, Seat.PUBLISHED),
        (Phase.REVEAL, Seat.VOTED),
        (Phase.CLOSE, Seat.REVEALED),
    ],
)
def test_one_that_locked_is_refused(game, manager, phase, seat):
    game.enter(phase)
    client = (game.proposers if phase <= Phase.VOTE else game.voters)[0]
    game.warp(game.ends_at)
    with reverts(manager.UnexpectedSeat, round=1, client=client.address, actual=seat, expected=Seat.NONE):
        manager.markAbsent(client, sender=game.owner)


def test_a_second_time_is_refused(game, manager):
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, manager.markAbsent, absent)
    with reverts(
        manager.UnexpectedSeat, round=1, client=absent.address, actual=Seat.ABSENT, expected=Seat.NONE
    ):
        manager.markAbsent(absent, sender=game.owner)
    assert manager.clientOf(absent).strikes == 1


def test_one_that_gave_up_its_seat_is_refused(game, manager):
    game.open_round()
    leaver = game.proposers[0]
    game.send(leaver, manager.requestExit)
    game.warp(game.ends_at)
    with reverts(
        manager.UnexpectedSeat, round=1, client=leaver.address, actual=Seat.ABSENT, expected=Seat.NONE
    ):
        manager.markAbsent(leaver, sender=game.owner)


@pytest.mark.parametrize("silent", [False, True])
def test_a_voter_without_a_duty_is_refused(game, manager, silent):
    game.open_round()
    if silent:
        game.propose(game.proposers[0])
    voter = game.voters[0]
    game.warp(game.ends_at)
    with reverts(manager.NoDuty, round=1, client=voter.address):
        manager.markAbsent(voter, sender=game.owner)


def test_marking_all_ends_the_round_early(game, manager):
    game.play_to_close([1, IDLE], [1, 1, 1, IDLE, IDLE])
    for absent in (game.proposers[1], *game.voters[3:]):
        game.send(game.owner, manager.markAbsent, absent)
    assert game.now < game.ends_at
    game.send(game.owner, manager.finalise)
    assert game.phase == Phase.IDLE


def test_what_is_due_is_settled_first(game, manager):
    game.play_round(ballots=[3] * 5)
    proposer = game.proposers[0]
    game.open_round_where(lambda: proposer in game.proposers)
    game.warp(game.ends_at)
    tx = manager.markAbsent(proposer, sender=game.owner)

    assert emitted(tx) == expected(
        manager.Settled(round=1, client=proposer.address, payout=game.proposerStake),
        manager.MarkedAbsent(round=game.round, client=proposer.address, penalty=game.absencePenalty),
    )
    assert manager.accountOf(proposer).free == DEPOSIT - game.absencePenalty


def test_strikes_in_a_row_remove_for_good(game, manager):
    absent = game.clients[0]
    for _ in range(2):
        game.open_round_where(lambda: absent in game.proposers)
        game.warp(game.ends_at)
        tx = manager.markAbsent(absent, sender=game.owner)
        removed = game.manager.clientOf(absent).place == REMOVED
        if not removed:
            game.warp(game.ends_at + game.markFor)
            game.send(game.owner, manager.finalise)

    assert emitted(tx) == expected(
        manager.Removed(client=absent.address),
        manager.MarkedAbsent(round=game.round, client=absent.address, penalty=game.absencePenalty),
    )
    state = manager.clientOf(absent)
    assert (state.isMember, state.place, state.strikes) == (False, REMOVED, 2)
    assert manager.memberCount() == 7
    assert manager.accountOf(absent).releaseAt == game.now + game.unbonding
    assert manager.accountOf(absent).free == DEPOSIT - 2 * game.absencePenalty


def test_without_a_limit_strikes_remove_nobody(deploy):
    game = deploy(maxStrikes=0, members=4)
    absent = game.clients[0]
    # Two hundred and fifty-five rounds are many: strikes are written, bits 8 to 15 of the client's word.
    for before, after in ((0, 1), (254, 255), (255, 255)):
        game.open_round_where(lambda: absent in game.proposers)
        game.warp(game.ends_at)
        game.write_client(absent, strikes=before)
        game.send(game.owner, game.manager.markAbsent, absent)
        state = game.manager.clientOf(absent)
        assert (state.isMember, state.strikes) == (True, after)
        game.send(game.owner, game.manager.finalise)


@pytest.mark.parametrize("missing", [1, 0])
def test_one_that_could_not_stake_as_a_proposer_is_removed(broke, missing):
    game, losers = broke
    manager = game.manager
    game.open_round_where(lambda: set(losers) & set(game.proposers))
    client = next(proposer for proposer in game.proposers if proposer in losers)
    free = game.proposerStake - missing
    game.deposit(client, free - manager.accountOf(client).free)
    game.warp(game.ends_at)
    before = manager.rewardPool()
    tx = manager.markAbsent(client, sender=game.owner)

    number, address = game.round, client.address
    if missing:
        assert emitted(tx) == expected(
            manager.Removed(client=address), manager.MarkedAbsent(round=number, client=address, penalty=0)
        )
        assert manager.clientOf(client).place == REMOVED
        assert (manager.accountOf(client).free, manager.rewardPool()) == (free, before)
    else:
        assert emitted(tx) == expected(
            manager.MarkedAbsent(round=number, client=address, penalty=game.absencePenalty)
        )
        assert manager.clientOf(client).isMember


@pytest.mark.parametrize("missing", [1, 0])
def test_one_that_could_not_stake_as_a_voter_is_removed(broke, missing):
    game, losers = broke
    client = losers[0]
    game.open_round_where(lambda: client in game.voters)
    game.submit_updates([1 if proposer not in losers else IDLE for proposer in game.proposers])
    game.deposit(client, game.voterStake - missing - game.manager.accountOf(client).free)
    game.warp(game.ends_at)
    game.send(game.owner, game.manager.markAbsent, client)

    assert game.manager.clientOf(client).isMember == (missing == 0)


def test_what_is_due_counts_towards_the_stake(deploy):
    # Not a unit is free beyond what round one owes, but that covers the stake.
    game = deploy(amount=8_500_018, bond=8_500_018)
    game.play_round(ballots=[3] * 5)
    client = game.proposers[0]
    game.open_round_where(lambda: client in game.proposers)
    assert game.manager.accountOf(client).free < game.proposerStake
    game.warp(game.ends_at)
    tx = game.manager.markAbsent(client, sender=game.owner)

    assert game.manager.Settled(round=1, client=client.address, payout=game.proposerStake) in tx.events
    assert game.manager.clientOf(client).isMember


def test_the_penalty_is_no_more_than_what_is_free(poor):
    game, client = poor
    game.open_round_where(lambda: client in game.voters)
    able = [game.manager.accountOf(proposer).free >= game.proposerStake for proposer in game.proposers]
    game.submit_updates([1 if can else IDLE for can in able])
    game.warp(game.ends_at)
    tx = game.manager.markAbsent(client, sender=game.owner)

    [marked] = [event for event in tx.events if event.event_name == "MarkedAbsent"]
    assert game.voterStake < marked.penalty < game.absencePenalty
    assert game.manager.accountOf(client).free == 0
    assert game.manager.clientOf(client).isMember


def test_one_that_left_before_the_draw_pays_and_gets_a_strike(game, manager):
    game.enter(Phase.DRAW)
    leavers = game.clients[:4]
    for leaver in leavers:
        game.send(leaver, manager.requestExit)
    game.mine(game.seedDelay)
    game.send(game.owner, manager.draw, b"")
    seated = next((leaver for leaver in leavers if leaver in game.proposers), None)
    if seated is None:  # seated as voters then: two proposers and one without a seat are not four
        game.submit_updates()
        seated = next(leaver for leaver in leavers if leaver in game.voters)
    game.warp(game.ends_at)
    tx = manager.markAbsent(seated, sender=game.owner)

    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=seated.address, penalty=game.absencePenalty)
    )
    state = manager.clientOf(seated)
    assert (state.isMember, state.place, state.strikes, state.seat) == (False, 0, 1, Seat.ABSENT)
    assert manager.accountOf(seated).free == DEPOSIT - game.absencePenalty


def test_one_that_left_and_took_its_tokens_gets_a_strike_alone(deploy):
    # Its seat outlives its membership when the draw comes late.
    game = deploy()
    manager = game.manager
    game.enter(Phase.DRAW)
    leavers = game.clients[:7]  # seven of eight have six seats or more, a proposer's among them
    for leaver in leavers:
        game.send(leaver, manager.requestExit)
    game.warp(game.now + game.unbonding)
    for leaver in leavers:
        game.send(leaver, manager.withdraw, DEPOSIT)
    game.send(game.owner, manager.draw, b"")
    absent = next(leaver for leaver in leavers if leaver in game.proposers)
    game.warp(game.ends_at)
    tx = manager.markAbsent(absent, sender=game.owner)

    assert emitted(tx) == expected(
        manager.MarkedAbsent(round=1, client=absent.address, penalty=0),
    )
    assert manager.memberCount() == 1
    game.deposit(absent)
    game.send(absent, manager.join, [])
    assert (manager.clientOf(absent).isMember, manager.clientOf(absent).strikes) == (True, 1)
