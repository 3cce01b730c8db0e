"""Swap and pop while a round is open: nobody's seat of that round changes."""

import pytest
from deployment import DEPOSIT, IDLE
from expectations import reverts

from offchain.reference import seats
from offchain.reference.state import Phase, Seat


def positions(game, clients) -> list[int]:
    return [game.word(game.manager.positionOf, client) for client in clients]


@pytest.mark.parametrize("index", range(8))
def test_one_leaving_moves_nobody(game, manager, index):
    game.open_round()
    before = positions(game, game.clients)
    game.send(game.clients[index], manager.requestExit)

    assert positions(game, game.clients) == before
    assert manager.head().shuffled
    assert manager.memberCount() == 7


@pytest.mark.parametrize("order", [range(8), range(7, -1, -1), [3, 0, 7, 1, 6, 2, 5, 4]])
def test_all_leaving_moves_nobody(game, manager, order):
    game.open_round()
    before = positions(game, game.clients)
    for index in order:
        game.send(game.clients[index], manager.requestExit)
        assert positions(game, game.clients) == before
    assert manager.memberCount() == 0


def test_one_removed_moves_nobody(deploy):
    game = deploy(maxStrikes=1)
    game.open_round()
    before = positions(game, game.clients)
    game.warp(game.ends_at)
    for absent in game.proposers:
        game.send(game.owner, game.manager.markAbsent, absent)

    assert game.manager.memberCount() == 6
    assert positions(game, game.clients) == before


def test_joiners_have_no_seat_whatever_place_they_take(game, manager, candidates):
    game.open_round()
    before = positions(game, game.clients)
    for leaver in game.clients[:3]:
        game.send(leaver, manager.requestExit)
    newcomers = candidates[8:13]
    members = list(game.clients)
    game.admit(newcomers)

    places = [manager.clientOf(newcomer).place for newcomer in newcomers]
    assert places == [6, 7, 8, 9, 10]  # three of them within the members at the opening
    assert positions(game, newcomers) == [seats.NO_POSITION] * 5
    assert positions(game, members) == before


def test_joiners_have_no_seat_when_they_are_moved_themselves(game, manager, candidates):
    game.open_round()
    before = positions(game, game.clients)
    members, newcomer = list(game.clients), candidates[8]
    game.admit([newcomer])
    game.send(members[0], manager.requestExit)

    assert manager.clientOf(newcomer).place == 1
    assert positions(game, [newcomer]) == [seats.NO_POSITION]
    assert positions(game, members) == before


def test_leaving_and_joining_again_keeps_the_seat_and_gives_no_second(game, manager):
    game.open_round()
    before = positions(game, game.clients)
    voter = game.voters[0]
    game.send(game.unseated[0], manager.requestExit)
    for _ in range(2):
        game.send(voter, manager.requestExit)
        game.send(voter, manager.join, [])
        assert positions(game, game.clients) == before
    assert manager.head().absentVoters == 1
    assert manager.clientOf(voter).seat == Seat.ABSENT


def test_one_that_locked_leaves_joins_again_and_plays_on(game, manager):
    game.open_round()
    game.submit_updates()
    voter = game.voters[0]
    game.commit_ballot(voter, 3)
    game.send(voter, manager.requestExit)
    game.send(voter, manager.join, [])
    game.warp(game.deadline(Phase.VOTE))
    game.reveal_ballot(voter, 3)
    assert manager.clientOf(voter).seat == Seat.REVEALED


def test_leavers_before_the_draw_keep_their_seats(game, manager):
    game.enter(Phase.DRAW)
    leavers = game.clients[:5]
    for leaver in leavers:
        game.send(leaver, manager.requestExit)
    game.mine(game.seedDelay)
    game.send(game.owner, manager.draw, b"")

    seed = manager.head().seed
    assert positions(game, game.clients) == [seats.position(seed, index, 8) for index in range(8)]
    # They cannot act, and can be marked.
    leaver = next(client for client in leavers if client in game.proposers + game.voters)
    with reverts(manager.NotMember, client=leaver.address):
        manager.propose(bytes(24), sender=leaver)


def test_a_leaver_before_the_draw_that_joins_again_has_its_seat(game, manager):
    game.enter(Phase.DRAW)
    for client in game.clients:
        game.send(client, manager.requestExit)
    for client in reversed(game.clients):
        game.send(client, manager.join, [])
    game.mine(game.seedDelay)
    game.send(game.owner, manager.draw, b"")

    seed = manager.head().seed
    assert positions(game, game.clients) == [seats.position(seed, index, 8) for index in range(8)]
    game.submit_updates()
    assert manager.head().published == 0b11


def members_of(game) -> list:
    return [game.manager.memberAt(index) for index in range(game.manager.memberCount())]


def test_moves_between_rounds_count_for_the_next(game, manager, candidates):
    game.play_idle_round()
    game.send(game.clients[2], manager.requestExit)
    game.admit([candidates[8]])
    game.open_round()

    members, seed = members_of(game), manager.head().seed
    expected = [seats.position(seed, index, 8) for index in range(8)]
    assert members != game.clients[:8]
    assert positions(game, members) == expected
    assert not manager.head().shuffled
    game.send(members[0], manager.requestExit)
    assert positions(game, members) == expected


def test_moves_of_an_earlier_round_are_forgotten(game, manager):
    game.open_round()
    leaver, last = game.clients[0], game.clients[-1]
    game.send(leaver, manager.requestExit)  # the last member moves to the first place
    game.submit_updates([IDLE, IDLE])
    game.close_round()
    game.open_round()
    members, seed = members_of(game), manager.head().seed
    expected = [seats.position(seed, index, 7) for index in range(7)]
    game.send(members[3], manager.requestExit)  # another shuffle, with notes of round one still stored

    assert members[0] == last
    assert positions(game, members) == expected
    assert positions(game, [leaver]) == [seats.NO_POSITION]


def test_a_seat_vacated_is_a_seat_less_to_wait_for(game, manager):
    game.open_round()
    game.submit_updates()
    for voter in game.voters:
        assert game.phase == Phase.VOTE
        game.send(voter, manager.requestExit)
    assert game.phase == Phase.CLOSE
    game.send(game.owner, manager.finalise)
    for client in game.voters:
        assert game.manager.accountOf(client).free == DEPOSIT - game.absencePenalty
