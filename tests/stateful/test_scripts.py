"""Sequences kept for ever: every boundary, and what a search would meet seldom.

A failing search prints its calls in this form; paste them here under the name of what they found. Each call
is compared with the reference, so a script needs no assertions.
"""

import pytest
from scenes import NAMES, PAPER, POOR, STRICT

EVERYONE = range(len(NAMES))
ALL = 0xFFFF


@pytest.fixture
def duel_of(arenas):
    """Start a duel in which the first `members` clients have joined with their bond and `above` that.

    The one started before ends: it is over.
    """
    contexts = []

    def end():
        while contexts:
            contexts.pop().__exit__(None, None, None)

    def start(scene, members=9, above=0):
        end()
        contexts.append(arenas[scene.name].duel())
        duel = contexts[-1].__enter__()
        for client in range(members):
            duel.deposit(client, scene.parameters.bond + above)
            duel.join(client)
        return duel

    yield start
    end()


def play(duel, ballots=(ALL,), absent=0, silent=0):
    """A whole round in which all act in time, but those masked."""
    duel.start_round()
    duel.proposers_act(absent)
    duel.until("propose", 0)
    duel.proposers_publish()
    duel.voters_commit(ballots, absent)
    duel.until("vote", 0)
    duel.voters_reveal(silent)
    duel.finish_round()


def test_three_members_open_no_round_and_four_do(duel_of):
    duel = duel_of(PAPER, members=3)
    duel.open_round()
    duel.deposit(3, 6400)
    duel.join(3)
    duel.open_round()
    duel.open_round()
    duel.everybody_leaves()


def test_one_below_min_members_opens_no_round(duel_of):
    duel = duel_of(STRICT, members=4)
    duel.open_round()
    duel.deposit(4, 1107)
    duel.join(4)
    duel.open_round()
    duel.everybody_leaves()


def test_the_interval_to_the_second(duel_of):
    duel = duel_of(STRICT)
    duel.open_round()  # The first waits for none.
    duel.finish_round()
    duel.until("interval", -1)
    duel.open_round()
    duel.until("interval", 0)
    duel.open_round()
    duel.finish_round()
    duel.everybody_leaves()


def test_the_bond_to_the_unit(duel_of):
    duel = duel_of(STRICT, members=0)
    duel.deposit(0, 1106)
    duel.join(0)
    duel.deposit(0, 1)
    duel.join(0)
    duel.join(0)
    duel.withdraw(0, 1)
    duel.deposit(0, 1)
    duel.withdraw(0, 2)
    duel.withdraw(0, 1)
    duel.withdraw(0, 0)
    duel.everybody_leaves()


def test_admission(duel_of):
    duel = duel_of(STRICT, members=0)
    for client in EVERYONE:
        duel.deposit(client, 1107)
        duel.join(client, proof_of=(client + 1) % 9)
        duel.join(client)
    duel.everybody_leaves()


def test_unbonding_to_the_second(duel_of):
    duel = duel_of(STRICT, members=5, above=9)
    duel.exit(0)
    duel.exit(0)
    duel.withdraw_all(0)
    duel.until("unbonding", -1)
    duel.withdraw_all(0)
    duel.until("unbonding", 0)
    duel.withdraw_all(0, beyond=1)
    duel.withdraw_all(0)
    duel.deposit(0, 1107)
    duel.withdraw_all(0)  # Never a member again: nothing unbonds.
    duel.everybody_leaves()


def test_rewards_are_paid_while_the_budget_covers_a_whole_round(duel_of):
    """Nine members: three propose, five vote. Unanimous: 3·31 + 5·7 = 128 units; later less."""
    duel = duel_of(STRICT, above=300)
    play(duel)  # Nothing is funded.
    duel.fund(0, 127)
    play(duel)
    duel.fund(1, 1)
    play(duel)
    duel.fund(2, 200)
    play(duel, ballots=(ALL, 0b101, 0b001), silent=1)  # A split vote, one silent.
    duel.sweep()  # All rounds are played: what is left of the budget goes with the pool.
    duel.everybody_leaves()


def test_void_rounds_and_rejected_updates_are_not_rewarded(duel_of):
    duel = duel_of(STRICT, above=300)
    duel.fund(0, 1000)
    play(duel, ballots=(0,))
    play(duel, silent=0b111)
    play(duel, absent=ALL)
    duel.everybody_leaves()


def sweep_around(duel):
    for offset in (-1, 0, 1):
        duel.until("sweep", offset)
        duel.sweep()


@pytest.mark.parametrize("scene", [PAPER, STRICT, POOR], ids=lambda scene: scene.name)
def test_the_sweep_to_the_second(duel_of, scene):
    duel = duel_of(scene)
    duel.sweep()
    sweep_around(duel)  # No round yet: since the deployment, with members that rest.
    duel.start_round()
    duel.until("sweep", 0)
    duel.sweep()
    duel.mark_everyone()
    duel.finish_round()
    sweep_around(duel)
    duel.start_round()
    duel.finish_round()
    for client in EVERYONE:
        duel.exit(client)
    sweep_around(duel)
    duel.everybody_leaves()


def test_nobody_yet_a_member_and_the_sweep_to_the_second(duel_of):
    duel = duel_of(STRICT, members=0)
    sweep_around(duel)
    duel.everybody_leaves()


def test_the_sweep_after_the_last_round(duel_of):
    duel = duel_of(STRICT, above=1000)
    for _ in range(STRICT.parameters.max_rounds):
        duel.sweep()
        play(duel, ballots=(ALL, 0, 1), absent=2, silent=1)
    duel.sweep()  # With members, seats unsettled and no time gone by.
    duel.sweep()
    duel.everybody_leaves()


def test_the_anchor_to_the_block(duel_of):
    for scene in (PAPER, STRICT, POOR):
        delay = scene.parameters.seed_delay
        duel = duel_of(scene)
        duel.draw()
        duel.open_round()
        for _ in range(delay + 1):
            duel.draw()
        duel.draw()
        duel.finish_round()
        duel.until("interval", 0)
        duel.open_round()
        duel.mine(delay + 255)
        duel.reanchor()  # In block anchor + 256, the last in which the anchor serves.
        duel.finish_round()
        if scene.parameters.max_rounds:
            continue
        duel.open_round()
        duel.mine(delay + 255)
        duel.draw()
        duel.finish_round()
        duel.open_round()
        duel.mine(delay + 256)
        duel.draw()  # In block anchor + 257.
        duel.reanchor()
        duel.reanchor()
        duel.mine(delay)
        duel.draw()
        duel.everybody_leaves()


@pytest.mark.parametrize("scene", [PAPER, STRICT, POOR], ids=lambda scene: scene.name)
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_every_deadline_to_the_second(duel_of, scene, offset):
    """The last of each phase acts just in time, at the deadline, or just too late."""
    duel = duel_of(scene)
    duel.start_round()
    proposers, voters = duel.seated()
    duel.proposers_act(absent=1)
    duel.until("propose", offset)
    duel.propose(proposers[0])
    duel.mark_absent(proposers[0])
    duel.until("propose", 1)
    duel.proposers_publish(absent=2)
    duel.until("publish", offset)
    duel.publish(proposers[1] if len(proposers) > 1 else proposers[0])
    duel.until("publish", 1)
    duel.voters_commit([ALL, 0, 5], absent=1)
    duel.until("vote", offset)
    duel.commit_ballot(voters[0], 3)
    duel.mark_absent(voters[0])
    duel.until("vote", 1)
    duel.voters_reveal(absent=2)
    duel.finalise()
    duel.until("reveal", offset)
    duel.reveal(voters[1])
    duel.finalise()
    duel.everybody_leaves()


def test_phases_end_early(duel_of):
    duel = duel_of(STRICT)
    duel.start_round()
    duel.proposers_act()
    duel.proposers_publish()
    duel.voters_commit([1, 3, 7])
    duel.voters_reveal()
    duel.finalise()
    duel.finalise()
    duel.everybody_leaves()


def test_idle_seats_keep_the_round_open_until_marked(duel_of):
    duel = duel_of(POOR)
    duel.start_round()
    duel.proposers_act(absent=0b10)
    duel.until("propose", 0)
    duel.proposers_publish(absent=0b100)
    duel.until("publish", 0)
    duel.voters_commit([ALL], absent=1)
    duel.until("vote", 0)
    duel.voters_reveal()
    duel.finalise()
    duel.mark_everyone()
    duel.finalise()  # Still open: an update that was committed and not published.
    duel.until("reveal", -1)
    duel.finalise()
    duel.until("reveal", 0)
    duel.finalise()
    duel.mark_everyone()
    duel.everybody_leaves()


def test_nothing_published_leaves_voters_without_duty(duel_of):
    for publish in (False, True):
        duel = duel_of(POOR)
        duel.start_round()
        duel.proposers_act(absent=0 if publish else ALL)
        duel.exit(duel.seated()[1][0])  # Before it is clear: this seat is given up, and paid for.
        duel.until("propose", 0)
        duel.exit(duel.seated()[1][1])
        duel.until("publish", 0)
        duel.commit_ballot(duel.seated()[1][2], 1)
        duel.exit(duel.seated()[1][2])
        duel.until("vote", 0)
        duel.mark_everyone()
        duel.finish_round()
        duel.everybody_leaves()


@pytest.mark.parametrize("silent", range(32))
def test_every_quorum_to_the_ballot(duel_of, silent):
    """Five voters and a quorum of a half: two reveals are too few, three are enough; ties on the way."""
    duel = duel_of(STRICT)
    play(duel, ballots=[7, 1], silent=silent)
    duel.everybody_leaves(order=silent)


@pytest.mark.parametrize("silent", range(16))
def test_every_quorum_of_four(duel_of, silent):
    """A third of four voters is two."""
    duel = duel_of(POOR)
    play(duel, ballots=[ALL, 0], silent=silent)
    duel.everybody_leaves(order=silent)


def test_one_reveal_is_the_papers_quorum(duel_of):
    duel = duel_of(PAPER)
    play(duel, silent=ALL)
    play(duel, silent=ALL & ~1)
    play(duel, ballots=[ALL, 0])
    play(duel)
    duel.everybody_leaves()


def test_sample_counts(duel_of):
    duel = duel_of(STRICT, above=1800)
    duel.start_round()
    first, second, third = duel.seated()[0]
    for proposer, samples in ((first, 0), (second, 10), (third, 11)):
        duel.propose(proposer, samples)
    for proposer in (first, second, third):
        duel.publish(proposer)
    duel.finish_round()
    duel.start_round()
    for samples, proposer in enumerate(duel.seated()[0], start=7):
        duel.propose(proposer, samples)
    duel.proposers_publish()
    duel.voters_commit([ALL])
    duel.voters_reveal()
    duel.finalise()
    duel.everybody_leaves()


def test_false_openings_and_copies(duel_of):
    duel = duel_of(STRICT)
    duel.start_round()
    first, second, third = duel.seated()[0]
    duel.propose(first)
    duel.propose(first)
    duel.propose(second, copy_of=first)
    duel.publish(first)
    duel.propose(third)
    for lie in ("root", "samples", "salt"):
        duel.publish(first, lie=lie, samples=2)
    duel.publish(second)
    duel.publish(first)
    duel.publish(first)
    duel.publish(third)
    duel.until("publish", 0)
    voters = duel.seated()[1]
    duel.commit_ballot(voters[0], 5)
    duel.commit_ballot(voters[0], 5)
    duel.commit_ballot(first, 5)
    duel.commit_ballot(voters[1], 5, copy_of=voters[0])
    duel.reveal(voters[0])
    for voter in voters[2:]:
        duel.commit_ballot(voter, ALL)
    duel.reveal(voters[0], lie=1)
    duel.reveal(voters[0], lie=0x8000)
    duel.reveal(voters[1])
    duel.reveal(voters[0])
    duel.reveal(voters[0])
    for voter in voters[2:]:
        duel.reveal(voter)
    duel.finish_round()
    duel.everybody_leaves()


def test_everyone_tries_every_seat(duel_of):
    """Voters propose, proposers that have not proposed vote, and those without a seat do both."""
    duel = duel_of(STRICT, members=9)
    duel.deposit(9, 1107)
    duel.start_round()
    for client in EVERYONE:
        if client != duel.seated()[0][0]:
            duel.publish(client)
            duel.propose(client)
    duel.until("propose", 0)
    duel.proposers_publish()
    for client in EVERYONE:
        if client != duel.seated()[1][0]:
            duel.reveal(client)
            duel.commit_ballot(client, 6)
    duel.until("vote", 0)
    for client in EVERYONE:
        duel.reveal(client)
    duel.mark_everyone()
    duel.finish_round()
    duel.everybody_leaves()


def test_commitments_of_the_round_before_open_nothing(duel_of):
    duel = duel_of(PAPER)
    play(duel)
    duel.start_round()
    old = {client: update for (round_, client), update in duel.updates.items() if round_ == 1}
    for client, (root, samples, salt) in old.items():
        duel.propose(client)
        duel.updates[2, client] = (root, samples, salt)
        duel.publish(client)
    duel.everybody_leaves()


def test_absence_costs_strikes_and_membership(duel_of):
    """Bond 1107, penalty 107: after one absence exactly the proposer's stake is left, and it is enough."""
    for second in (0, 0b1, 0b11):
        duel = duel_of(STRICT)
        play(duel, absent=ALL)
        duel.start_round()
        duel.until("propose", 0)
        duel.mark_everyone()
        duel.mark_everyone()
        duel.finish_round()
        duel.start_round()
        duel.proposers_act(second)
        duel.until("propose", 0)
        duel.proposers_publish()
        duel.until("publish", 0)
        duel.voters_commit([1], absent=second)
        duel.until("vote", 0)
        duel.mark_everyone()
        duel.finish_round()
        for client in EVERYONE:
            duel.deposit(client, 1107)
            duel.join(client)
        duel.everybody_leaves()


def test_leaving_and_joining_again_wipes_no_strike(duel_of):
    duel = duel_of(STRICT, above=1000)
    for _ in range(2):
        duel.start_round()
        duel.until("vote", 0)
        duel.mark_everyone()  # Proposers only: nothing was published.
        duel.finish_round()
        for client in EVERYONE:
            duel.exit(client)
            duel.join(client)
    duel.everybody_leaves()


def test_who_left_before_the_draw_waits_until_its_seat_was_marked(duel_of):
    """The draw comes so late that unbonding is over before the seat's deadline."""
    for mark in (True, False):
        duel = duel_of(POOR, above=40)
        duel.open_round()
        leavers = range(5)
        for client in leavers:
            duel.exit(client)
        duel.until("unbonding", 1)
        duel.mine(2)
        duel.draw()
        for client in leavers:
            duel.withdraw_all(client)
        duel.proposers_act()
        duel.until("propose", 0)
        duel.proposers_publish()
        duel.until("vote", 0)
        if mark:
            duel.mark_everyone()
        for client in leavers:
            duel.withdraw_all(client)
        duel.finish_round()
        duel.everybody_leaves()


def test_exactly_the_stake_is_enough_to_have_been_able(duel_of):
    """74 less an unpublished 37 leaves 37: who then misses a proposer seat could have staked, so it pays."""
    duel = duel_of(POOR, above=14)
    duel.start_round()
    duel.proposers_act()
    duel.finish_round()
    duel.start_round()
    duel.until("propose", 0)
    duel.mark_everyone()
    duel.everybody_leaves()


def test_a_penalty_takes_no_more_than_is_there(duel_of):
    """60, less 37 for an update unpublished, less 17 for a ballot unrevealed, is below the penalty of 23."""
    duel = duel_of(POOR)
    duel.start_round()
    duel.proposers_act()
    duel.finish_round()
    play(duel, silent=ALL)
    duel.start_round()
    for client in EVERYONE:
        duel.exit(client)
    duel.everybody_leaves()


def test_without_a_limit_nobody_is_removed_for_strikes(duel_of):
    duel = duel_of(PAPER)
    for _ in range(3):
        duel.start_round()
        duel.proposers_act(absent=ALL)
        duel.until("propose", 0)
        duel.mark_everyone()
        duel.finish_round()
    duel.everybody_leaves()


def test_what_is_due_counts_for_the_next_stake(duel_of):
    """Bond 60, stakes 37 and 17: a second seat needs what the first pays back."""
    for act in (True, False):
        duel = duel_of(POOR)
        for _ in range(3):
            play(duel, absent=0)
            duel.start_round()
            duel.proposers_act(absent=0 if act else ALL)
            duel.until("propose", 0)
            duel.mark_everyone()
            duel.proposers_publish()
            duel.finish_round()
        duel.everybody_leaves()


def test_who_cannot_stake_is_removed_for_good(duel_of):
    """Everyone loses stakes until nobody can pay the next."""
    duel = duel_of(POOR)
    for _ in range(4):
        duel.start_round()
        duel.proposers_act()
        duel.until("propose", 0)
        duel.mark_everyone()
        duel.finish_round()
    for client in EVERYONE:
        duel.deposit(client, 60)
        duel.join(client)
    duel.everybody_leaves()


@pytest.mark.parametrize("leaver", range(9))
def test_seats_stay_whoever_leaves_before_the_draw(duel_of, leaver):
    """The last member is moved, then moved again; a newcomer takes an old index; one that left comes back."""
    duel = duel_of(STRICT, members=8, above=2000)
    duel.open_round()
    duel.exit(leaver % 8)
    duel.exit((leaver + 5) % 8)
    duel.deposit(8, 1107)
    duel.join(8)
    if leaver % 2:
        duel.join(leaver % 8)
    duel.mine(3)
    duel.draw()
    duel.proposers_act()
    duel.propose(8)
    duel.until("propose", 0)
    duel.mark_everyone()
    duel.exit((leaver + 2) % 8)
    duel.proposers_publish()
    duel.until("publish", 0)
    duel.commit_ballot(8, 1)
    duel.voters_commit([ALL])
    duel.until("vote", 0)
    duel.mark_everyone()
    duel.voters_reveal()
    duel.finish_round()
    duel.everybody_leaves(order=leaver)


@pytest.mark.parametrize("leaver", range(9))
def test_seats_stay_whoever_leaves_after_the_draw(duel_of, leaver):
    duel = duel_of(POOR, members=9, above=60)
    duel.start_round()
    duel.exit(leaver)
    duel.join(leaver)
    duel.exit((leaver + 1) % 9)
    duel.deposit(9, 120)
    duel.join(9)
    duel.proposers_act()
    duel.exit((leaver + 2) % 9)
    duel.withdraw_all((leaver + 2) % 9)
    duel.until("propose", 0)
    duel.mark_everyone()
    duel.proposers_publish()
    duel.voters_commit([ALL, 3, 0])
    duel.exit((leaver + 3) % 9)
    duel.until("vote", 0)
    duel.mark_everyone()
    duel.voters_reveal()
    duel.join((leaver + 2) % 9)
    duel.finish_round()
    play(duel)
    duel.everybody_leaves(order=leaver)


def test_a_seat_is_paid_once_by_whoever_asks_first(duel_of):
    duel = duel_of(PAPER)
    play(duel, ballots=[ALL, ALL, 0])
    for client in EVERYONE:
        duel.settle(client, 0)
        duel.settle(client, 2)
    duel.settle(0)
    duel.settle(0)
    duel.settle(0, 1)
    duel.withdraw_all(1)
    duel.settle(1)
    duel.start_round()
    duel.proposers_act()
    for client in EVERYONE:
        duel.settle(client)
        duel.settle(client, 1)
        duel.settle(client, 2)
    duel.finish_round()
    duel.everybody_leaves()


def test_who_left_waits_for_its_last_seat(duel_of):
    duel = duel_of(POOR, above=50)
    duel.start_round()
    duel.proposers_act()
    proposer = duel.seated()[0][0]
    duel.exit(proposer)
    duel.withdraw_all(proposer)
    duel.until("unbonding", 1)
    duel.withdraw_all(proposer)
    duel.finalise()
    duel.withdraw_all(proposer)
    duel.everybody_leaves()


def test_after_the_last_round_everyone_leaves_at_once(duel_of):
    duel = duel_of(STRICT, above=100)
    duel.exit(8)
    for _ in range(3):
        play(duel, ballots=[7, 3])
    duel.start_round()
    duel.exit(7)
    duel.withdraw_all(7)
    duel.finish_round()
    duel.open_round()
    for client in EVERYONE:
        duel.withdraw_all(client)
        duel.exit(client)
        duel.withdraw_all(client)
    duel.everybody_leaves()


def test_permits(duel_of):
    duel = duel_of(PAPER, members=0)
    duel.deposit_with_permit(0, 5)
    duel.deposit(0, 1)
    duel.deposit_with_permit(0, 5)
    duel.deposit_with_permit(1, 7, valid=False)
    duel.deposit_with_permit(1, 10**6)
    duel.deposit(1, 10**6)
    duel.deposit_with_permit(0, 3, valid=False)
    duel.everybody_leaves()


@pytest.mark.parametrize("call", ["pay", "bookDeposit"])
def test_pool_and_manager_obey_each_other_alone(duel_of, call):
    duel = duel_of(POOR, members=1)
    duel.meddle(0, call)
    duel.meddle(9, call)
    duel.everybody_leaves()
