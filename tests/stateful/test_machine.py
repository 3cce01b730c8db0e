"""All public calls in any order, at any time, from anyone: the contracts do what the reference says.

The duel compares success or refusal, the error's name and values, events and all state after every call, and
holds I1, I2, I3, I5, I7, I8, I10 and I11 then; I4, I6, I9 and I15 when a run ends. I12 to I14 have tests of
their own.
"""

import pytest
from budgets import SEED, budget
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from scenes import CLIENTS, NAMES, SCENES

from offchain.reference import Phase
from offchain.reference.state import REMOVED

client = st.integers(0, len(NAMES) - 1)
mask = st.one_of(st.just(0), st.just(0), st.integers(0, 511))
ballots = st.lists(
    st.one_of(st.sampled_from([0, 1, 0b11, 0xFFFF]), st.integers(0, 0xFFFF)), min_size=1, max_size=4
)
samples = st.sampled_from([0, 1, 2, 10, 11, 65_535, 65_536, 2**256 - 1])
copied = st.one_of(st.none(), st.none(), st.none(), client)


ENDS = {Phase.PROPOSE: "propose", Phase.PUBLISH: "publish", Phase.VOTE: "vote", Phase.REVEAL: "reveal"}


def once_in(n):
    """True once in `n` times."""
    return st.sampled_from([False] * (n - 1) + [True])


class Machine(RuleBasedStateMachine):
    """The natural course of rounds, and everything that may come between.

    Few rules with many choices each: Hypothesis switches whole rules off per run, and rounds must go on.
    """

    arena = None

    def __init__(self):
        super().__init__()
        self._context = self.arena.duel()
        self.duel = self._context.__enter__()
        self.parameters = self.duel.scene.parameters

    @property
    def phase(self):
        """The phase that the next call would meet."""
        self.duel.reference.now = self.duel.now
        return self.duel.reference.phase

    @initialize(members=st.integers(3, 9), above=st.lists(st.integers(0, 60), min_size=10, max_size=10))
    def gather(self, members, above):
        for i in range(members):
            self.duel.deposit(i, self.parameters.bond + above[i])
            self.duel.join(i)

    # The natural course: what the phase asks for, by most of those who are seated.

    def _advance(self, absent, ballots, silent, mark, stay=False):
        d, phase = self.duel, self.phase
        match phase:
            case Phase.IDLE:
                if not stay:
                    d.until("interval", 0)
                d.open_round()
            case Phase.DRAW:
                d.mine(self.parameters.seed_delay)
                d.draw()
            case Phase.PROPOSE:
                d.proposers_act(absent)
            case Phase.PUBLISH:
                d.proposers_publish(silent)
            case Phase.VOTE:
                d.voters_commit(ballots, absent)
            case Phase.REVEAL:
                d.voters_reveal(silent)
            case Phase.CLOSE:
                if mark:
                    d.mark_everyone()
                if not stay:
                    d.until("mark" if not mark else "reveal", 0)
                d.finalise()
        if phase in ENDS and not stay:
            d.until(ENDS[phase], 0)

    @rule(absent=mask, ballots=ballots, silent=mask, mark=st.booleans(), stay=once_in(2))
    def advance(self, absent, ballots, silent, mark, stay):
        self._advance(absent, ballots, silent, mark, stay)

    @rule(ballots=ballots, silent=mask)
    def advance_together(self, ballots, silent):
        self._advance(0, ballots, silent, mark=True)

    @rule(absent=mask, ballots=ballots, silent=mask, mark=st.booleans())
    def play_a_round(self, absent, ballots, silent, mark):
        for _ in Phase:
            self._advance(absent, ballots, silent, mark)
            if self.phase == Phase.IDLE:
                break

    # Some act as the phase asks, others pretend to.

    @rule(
        clients=st.lists(client, min_size=1, max_size=6),
        ballots=ballots,
        lie=st.sampled_from([None, "root", "samples", "salt"]),
        samples=samples,
    )
    def act_in_phase(self, clients, ballots, lie, samples):
        for client in clients:
            self._act(client, ballots[0], lie, samples)

    @rule(
        position=st.integers(0, 8),
        ballots=ballots,
        lie=st.sampled_from(["root", "samples", "salt"]),
        samples=samples,
    )
    def act_when_seated(self, position, ballots, lie, samples):
        proposers, voters = self.duel.seated()
        if seated := voters if self.phase in (Phase.VOTE, Phase.REVEAL) else proposers:
            self._act(seated[position % len(seated)], ballots[0], lie, samples)

    def _act(self, client, ballot, lie, samples):
        d = self.duel
        match self.phase:
            case Phase.IDLE:
                d.settle(client)
            case Phase.DRAW:
                d.reanchor()
                d.draw()
            case Phase.PROPOSE:
                d.propose(client, 1 if lie else samples)
            case Phase.PUBLISH:
                d.publish(client, lie, samples)
            case Phase.VOTE:
                d.commit_ballot(client, ballot)
            case Phase.REVEAL:
                d.reveal(client, ballot if lie else 0)
            case Phase.CLOSE:
                d.mark_absent(client)
                d.finalise()

    # Time, tokens, membership.

    @rule(
        phase=st.sampled_from(
            ["propose", "publish", "vote", "reveal", "mark", "interval", "unbonding", "sweep"]
        ),
        offset=st.sampled_from([-1, 0, 1]),
        seconds=st.one_of(st.just(0), st.integers(1, 45)),
        blocks=st.sampled_from([0, 0, 0, 1, 2, 3, 255, 256, 257]),
    )
    def pass_time(self, phase, offset, seconds, blocks):
        if blocks and self.phase == Phase.DRAW:  # Only there do blocks count, and mining is slow.
            self.duel.mine(blocks)
        elif seconds:
            self.duel.wait(seconds)
        else:
            self.duel.until(phase, offset)

    @rule(client=client, amount=st.sampled_from([0, 1, 60, 107, 1107, 6400, 10**6]), way=st.integers(0, 12))
    def move_tokens(self, client, amount, way):
        match way:
            case 0 | 1:
                self.duel.deposit(client, amount)
            case 2:
                self.duel.deposit_with_permit(client, amount)
            case 3:
                self.duel.deposit_with_permit(client, amount, valid=False)
            case 4 | 5 | 6:
                self.duel.withdraw_all(client)
            case 7:
                self.duel.withdraw_all(client, beyond=1)
            case 8:
                self.duel.withdraw(client, amount)
            case 9:
                self.duel.deposit_for(client, (None, *range(len(NAMES)))[amount % (len(NAMES) + 1)], amount)
            case 10:
                calls = ("pay", "bookDeposit")
                self.duel.meddle(client, calls[amount % len(calls)])
            case 11 | 12:
                self.duel.fund(client, amount)

    @rule(client=client, proof_of=copied, leave=once_in(3), funds=once_in(2), removed=once_in(4))
    def come_and_go(self, client, proof_of, leave, funds, removed):
        if removed:
            gone = (i for i, who in enumerate(CLIENTS) if self.duel.reference._client(who).place == REMOVED)
            client = next(gone, client)
        if leave:
            self.duel.exit(client)
        if funds:
            self.duel.deposit(client, self.parameters.bond)
        self.duel.join(client, proof_of)

    @rule(client=client, operator=copied)
    def name_an_operator(self, client, operator):
        self.duel.set_operator(client, operator)

    @rule(client=client, in_haste=st.booleans())
    def exit(self, client, in_haste):
        self.duel.exit(client)
        if in_haste:
            self.duel.withdraw_all(client)

    # Single calls by anyone, mostly in the wrong phase or from the wrong seat.

    @rule(call=st.sampled_from(["open_round", "draw", "reanchor", "finalise", "mark_everyone", "sweep"]))
    def keep(self, call):
        getattr(self.duel, call)()

    @rule(
        client=client,
        call=st.integers(0, 5),
        copy_of=copied,
        samples=samples,
        lie=st.sampled_from([None, "root", "samples", "salt"]),
        ballots=ballots,
        round_=st.one_of(st.none(), st.integers(0, 5)),
        signed_by=st.one_of(st.none(), client),
    )
    def act_anyhow(self, client, call, copy_of, samples, lie, ballots, round_, signed_by):
        d = self.duel
        match call:
            case 0:
                d.propose(client, samples, copy_of, signed_by)
            case 1:
                d.publish(client, lie, samples)
            case 2:
                d.commit_ballot(client, ballots[0], copy_of, signed_by)
            case 3:
                d.reveal(client, ballots[0])
            case 4:
                d.mark_absent(client)
            case 5:
                d.settle(client, round_)

    def teardown(self):
        try:
            if not self.duel.failed:
                self.duel.play_on()
                self.duel.everybody_leaves(order=self.duel.calls)
                self.duel.parameters_unchanged()
        finally:
            self._context.__exit__(None, None, None)


@pytest.mark.parametrize("scene", [scene.name for scene in SCENES])
def test_contracts_do_what_the_reference_says(arenas, scene):
    machine = seed(SEED)(type(f"Machine_{scene}", (Machine,), {"arena": arenas[scene]}))
    run_state_machine_as_test(machine, settings=budget())
