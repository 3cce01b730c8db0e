"""The state machine: every entry point of RoundManager and StakePool, call by call."""

from collections.abc import Collection, Iterator

from offchain.reference import commitments, seats, settlement, tally
from offchain.reference.errors import Refused, require
from offchain.reference.parameters import YEAR, Parameters
from offchain.reference.state import NOBODY, REMOVED, ClientState, Event, Phase, Record, RoundState, Seat

ANCHOR_WINDOW = 256  # Of the contract SimulatedSeed.
MAX_ROUND = 2**24 - 1


class Protocol:
    """A deployment of the protocol in memory.

    The caller moves the clock (`now`, Unix seconds) and the chain (`block`); everything else changes by
    calls, each named as the contract's and each taking the sender first. A call takes effect whole, or
    raises Refused and changes nothing.

    Attributes:
        events: All events so far, in order.
        escrow: Base units locked or owed; the contract does not store this sum.
        reward_pool: Base units for included proposers.
        budget: Base units for attendance.
    """

    def __init__(
        self,
        parameters: Parameters,
        chain_id: int,
        manager: str,
        admitted: Collection[str] | None = None,
        deployed_at: int = 0,
    ) -> None:
        """Start with no member and no round.

        Args:
            parameters: What a deployment fixes.
            chain_id: Bound into commitments and seeds.
            manager: Address of the round manager, bound likewise.
            admitted: Addresses that may join; None for all.
            deployed_at: Unix time.
        """
        self.parameters = parameters
        self.chain_id = chain_id
        self.manager = manager
        self.admitted = admitted
        self.now = 0
        self.block = 0
        self.model = parameters.rules
        self.head = RoundState(drawn_at=deployed_at)
        self.records: dict[int, Record] = {}
        self.clients: dict[str, ClientState] = {}
        self.members: list[str] = []
        self.reward_pool = 0
        self.budget = 0
        self.escrow = 0
        self.events: list[Event] = []

    # Tokens in and out

    def deposit(self, client: str, amount: int) -> None:
        """Add `amount` to the client's free tokens, whoever pays; the rest is the token's business."""
        require(client != NOBODY, "InvalidClient", client)
        self._client(client).free += amount
        self._emit("Deposited", client=client, amount=amount)

    def fund(self, funder: str, amount: int) -> None:
        """Add `amount` to the budget of rewards."""
        self.budget += amount
        self._emit("Funded", funder=funder, amount=amount)

    def withdraw(self, client: str, amount: int) -> None:
        """Take free tokens out: a member's above the bond; all, once one that left has unbonded."""
        c = self._client(client)
        free = c.free + self._due(c)
        if c.is_member:
            available = max(free - self.parameters.bond, 0)
        else:
            held = c.is_payable and not self._is_settleable(c)
            require(not held and not self._has_duty(c), "SeatUnsettled", self.head.round, client)
            require(self.now >= c.release_at or self._is_over(), "TooEarly", self.now, c.release_at)
            available = free
        require(amount <= available, "NotWithdrawable", client, amount, available)

        self._settle(client, c)
        c.free -= amount
        self._emit("Withdrawn", client=client, amount=amount)

    # Membership

    def join(self, client: str) -> None:
        """Become a member; seats come with the next round."""
        c = self._client(client)
        require(c.place != REMOVED, "RemovedForGood", client)
        require(c.place == 0, "AlreadyMember", client)
        require(self.admitted is None or client in self.admitted, "NotAdmitted", client)
        free = c.free + self._due(c)
        require(free >= self.parameters.bond, "BondNotCovered", client, free, self.parameters.bond)

        self._settle(client, c)
        self.members.append(client)
        if not self.head.finalised and len(self.members) <= self.head.members:
            self._note(c, 0)
        c.place, c.release_at = len(self.members), 0
        self._emit("Joined", client=client)

    def request_exit(self, client: str) -> None:
        """Leave; a seat not yet acted on is marked absent first, by the same rule."""
        c = self._client(client)
        require(c.is_member, "NotMember", client)

        self._settle(client, c)
        if self._has_duty(c):
            self._miss(client, c, self._position(c) < self._seats()[0])
        if c.is_member:
            self._dismiss(c)
            c.place = 0
            self._emit("Left", client=client)

    def set_operator(self, client: str, operator: str) -> None:
        """Name the key that may sign the client's intents beside its own; NOBODY for none."""
        self._client(client).operator = operator
        self._emit("OperatorSet", client=client, operator=operator)

    # Opening

    def open_round(self) -> None:
        """Open the next round and name its anchor block."""
        self._require_phase(Phase.IDLE)
        require(not self._is_over(), "RoundsExhausted", self.parameters.max_rounds)
        least = self.parameters.min_members
        opens_at = self.head.drawn_at + self.parameters.interval if self.head.round else 0
        require(len(self.members) >= least, "TooFewMembers", len(self.members), least)
        require(self.now >= opens_at, "TooEarly", self.now, opens_at)
        require(self.head.round < MAX_ROUND, "RoundsExhausted", MAX_ROUND)

        number = self.head.round + 1
        anchor = self.block + self.parameters.seed_delay
        self.head = RoundState(round=number, members=len(self.members), finalised=False)
        self.records[number] = Record(self.reward_pool, anchor)
        self._emit(
            "RoundOpened",
            round=number,
            members=len(self.members),
            model=self.model,
            pot=self.reward_pool,
            anchor=anchor,
        )

    def reanchor(self) -> None:
        """Replace an anchor that nobody drew from within its window."""
        self._require_phase(Phase.DRAW)
        record = self.records[self.head.round]
        require(self.block > record.anchor + ANCHOR_WINDOW, "AnchorUsable", self.block, record.anchor)

        record.anchor = self.block + self.parameters.seed_delay
        self._emit("Reanchored", round=self.head.round, anchor=record.anchor)

    def draw(self, value: bytes) -> None:
        """Fix the seed from the source's 32-byte `value` and start the clock."""
        self._require_phase(Phase.DRAW)
        anchor = self.records[self.head.round].anchor
        require(anchor < self.block <= anchor + ANCHOR_WINDOW, "AnchorNotUsable", self.block, anchor)

        self.head.seed = commitments.round_seed(self.chain_id, self.manager, self.head.round, value)
        self.head.drawn_at = self.now
        self._emit("SeedDrawn", round=self.head.round, seed=self.head.seed)

    # Proposing

    def propose(self, client: str, commitment: bytes) -> None:
        """Lock the proposer stake and bind an update."""
        self._require_phase(Phase.PROPOSE)
        self._require_idle_seat(client, 0, self._seats()[0])
        self._lock(client, self.parameters.proposer_stake, Seat.COMMITTED, commitment)
        self.head.updates += 1
        self._emit("UpdateCommitted", round=self.head.round, client=client, commitment=commitment)

    def propose_by_sig(self, signer: str, client: str, commitment: bytes) -> None:
        """`propose`, by anyone who has what `signer` signed; NOBODY when that is no signature."""
        self._require_signer(signer, client)
        self.propose(client, commitment)

    def publish(self, client: str, root: bytes, samples: int, salt: bytes) -> None:
        """Open an update's commitment."""
        self._require_phase(Phase.PUBLISH)
        c = self._require_seat(client, Seat.COMMITTED)
        cap = self.parameters.max_samples
        require(1 <= samples <= cap, "SamplesOutOfRange", samples, cap)
        self._require_opening(c, self.update_commitment(client, root, samples, salt))

        position = self._position(c)
        c.seat, c.content = Seat.PUBLISHED, position
        self.head.roots[position] = (root, samples)
        self.head.published |= 1 << position
        self._emit(
            "UpdatePublished",
            round=self.head.round,
            client=client,
            position=position,
            root=root,
            samples=samples,
        )

    # Voting

    def commit_ballot(self, client: str, commitment: bytes) -> None:
        """Lock the voter stake and bind a ballot."""
        self._require_phase(Phase.VOTE)
        proposers, voters = self._seats()
        self._require_idle_seat(client, proposers, proposers + voters)
        self._lock(client, self.parameters.voter_stake, Seat.VOTED, commitment)
        self.head.ballots += 1
        self._emit("BallotCommitted", round=self.head.round, client=client, commitment=commitment)

    def commit_ballot_by_sig(self, signer: str, client: str, commitment: bytes) -> None:
        """`commit_ballot`, by anyone who has what `signer` signed; NOBODY when that is no signature."""
        self._require_signer(signer, client)
        self.commit_ballot(client, commitment)

    def reveal_ballot(self, client: str, ballot: int, salt: bytes) -> None:
        """Open a ballot's commitment and count it, masked to what was published."""
        self._require_phase(Phase.REVEAL)
        c = self._require_seat(client, Seat.VOTED)
        self._require_opening(c, self.ballot_commitment(client, ballot, salt))

        counted = ballot & self.head.published
        c.seat, c.content = Seat.REVEALED, counted
        self.head.revealed.append(counted)
        self._emit("BallotRevealed", round=self.head.round, client=client, ballot=counted)

    # Absence

    def mark_absent(self, client: str) -> None:
        """Mark a seat that locked nothing by its deadline; remove a member that could not have staked."""
        h = self.head
        require(h.drawn_at != 0 and not h.finalised, "WrongPhase", h.round, self.phase, Phase.PROPOSE)
        c = self._client(client)
        proposes = self._require_missed_seat(client, c)

        self._settle(client, c)
        self._miss(client, c, proposes)

    # Outcome

    def finalise(self) -> None:
        """Decide every proposal, fix all payouts, extend the lineage."""
        self._require_phase(Phase.CLOSE)
        self._require_no_open_seat()
        h, record = self.head, self.records[self.head.round]
        outcome = self._outcome()
        slashed = settlement.slashed(
            outcome, h.updates, h.revealed, self.parameters.proposer_stake, self.parameters.voter_stake
        )
        awarded = settlement.share(outcome, record.pot) * outcome.included.bit_count()
        rewarded = settlement.rewards(outcome, self.parameters.proposer_reward, self.parameters.voter_reward)
        rewarded = rewarded if rewarded <= self.budget else 0

        h.finalised = True
        record.outcome, record.rewarded = outcome, rewarded != 0
        record.tally = tally.sealed(outcome.votes, outcome.revealed, h.ballots, h.published, outcome.void)
        accepted = {position: h.roots[position] for position in settlement.positions(outcome.included)}
        self.model = commitments.extend(self.model, h.round, accepted)
        self.escrow += awarded + rewarded - slashed
        self.reward_pool += slashed - awarded
        self.budget -= rewarded
        self._emit(
            "RoundFinalised",
            round=h.round,
            tally=record.tally,
            included=outcome.included,
            slashed=slashed,
            awarded=awarded,
            rewarded=rewarded,
            model=self.model,
        )

    def settle(self, round_: int, client: str) -> None:
        """Pay one seat of a finalised round, once."""
        c = self._client(client)
        require(c.round == round_ and c.is_payable, "NothingToSettle", round_, client)
        require(self._is_settleable(c), "WrongPhase", round_, self.phase, Phase.IDLE)

        self._settle(client, c)

    def sweep(self) -> None:
        """Send reward pool and budget to the treasury, when nobody can win them any more, or cares to."""
        treasury, amount = self.parameters.treasury, self.reward_pool + self.budget
        require(treasury != NOBODY, "NoTreasury")
        if not self._is_over():
            self._require_phase(Phase.IDLE)
        require(self.now >= self.sweepable_at, "TooEarly", self.now, self.sweepable_at)

        self.reward_pool = self.budget = 0
        self._emit("Swept", treasury=treasury, amount=amount)
        self._emit("Withdrawn", client=treasury, amount=amount)

    # Views

    @property
    def sweepable_at(self) -> int:
        """Unix time from which the pool can be swept while no round is open; 0 once all were played."""
        if self._is_over():
            return 0
        wait = self.parameters.interval + YEAR if self.members else self.parameters.unbonding
        return self.head.drawn_at + wait

    @property
    def phase(self) -> Phase:
        """Where the round is now."""
        h, p = self.head, self.parameters
        if h.finalised:
            return Phase.IDLE
        if h.drawn_at == 0:
            return Phase.DRAW
        deadline = h.drawn_at
        for phase, duration, open_ in (
            (Phase.PROPOSE, p.propose_for, self._open_proposers),
            (Phase.PUBLISH, p.publish_for, self._open_updates),
            (Phase.VOTE, p.vote_for, self._open_voters),
            (Phase.REVEAL, p.reveal_for, self._open_ballots),
        ):
            deadline += duration
            if self.now < deadline and open_():
                return phase
        return Phase.CLOSE

    @property
    def tally(self) -> int:
        """The running tally's word; empty once the round is finalised."""
        if self.head.finalised:
            return tally.EMPTY
        return tally.running(self._votes(), len(self.head.revealed))

    def seats(self) -> tuple[list[str], list[str]]:
        """Proposers by position, then voters by position, of the open round: its members at the opening."""
        proposers, voters = self._seats()
        holders = self._members_at_opening()
        places = range(proposers + voters)
        seated = [holders[seats.index_at(self.head.seed, place, self.head.members)] for place in places]
        return seated[:proposers], seated[proposers:]

    def position_of(self, client: str) -> int:
        """Seat position in the latest round; 2^256 − 1 when it was no member at its opening."""
        return self._position(self.clients.get(client, ClientState()))

    def escrow_of(self, client: str) -> int:
        """What a client has in the escrow: its stake while the round is open, its payout once finalised."""
        c = self.clients.get(client, ClientState())
        if not c.is_payable:
            return 0
        if self._is_settleable(c):
            return self._due(c)
        proposes = c.seat in (Seat.COMMITTED, Seat.PUBLISHED)
        return self.parameters.proposer_stake if proposes else self.parameters.voter_stake

    def balance_of(self, client: str) -> int:
        """Free, unbonding and escrowed tokens of a client together."""
        return self.clients.get(client, ClientState()).free + self.escrow_of(client)

    def update_commitment(self, client: str, root: bytes, samples: int, salt: bytes) -> bytes:
        """The digest that `propose` takes in the latest round."""
        return commitments.update_commitment(
            self.chain_id, self.manager, self.head.round, client, root, samples, salt
        )

    def ballot_commitment(self, client: str, ballot: int, salt: bytes) -> bytes:
        """The digest that `commit_ballot` takes in the latest round."""
        return commitments.ballot_commitment(
            self.chain_id, self.manager, self.head.round, client, ballot, salt
        )

    # Clock

    def _require_phase(self, expected: Phase) -> None:
        require(self.phase == expected, "WrongPhase", self.head.round, self.phase, expected)

    def _open_proposers(self) -> int:
        return self._seats()[0] - self.head.updates - self.head.absent_proposers

    def _open_updates(self) -> int:
        return self.head.updates - self.head.published.bit_count()

    def _open_voters(self) -> int:
        if not self.head.published:
            return 0
        return self._seats()[1] - self.head.ballots - self.head.absent_voters

    def _open_ballots(self) -> int:
        return self.head.ballots - len(self.head.revealed)

    def _require_no_open_seat(self) -> None:
        open_ = (self._open_proposers(), self._open_updates(), self._open_voters())
        ends_at = self.head.drawn_at + self.parameters.schedule
        if open_[0] or open_[2]:
            ends_at += self.parameters.mark_for
        require(self.now >= ends_at or not any(open_), "SeatsOpen", self.head.round, *open_, ends_at)

    def _is_over(self) -> bool:
        return self.head.finalised and 0 != self.parameters.max_rounds == self.head.round

    # Seats

    def _seats(self) -> tuple[int, int]:
        return seats.counts(self.head.members, self.parameters.proposer_bps, self.parameters.voter_seats)

    def _position(self, c: ClientState) -> int:
        place = c.origin[1] if c.origin[0] == self.head.round else c.place
        if not 0 < place <= self.head.members:
            return seats.NO_POSITION
        return seats.position(self.head.seed, place - 1, self.head.members)

    def _members_at_opening(self) -> dict[int, str]:
        return {place - 1: client for client, place in self._places_at_opening()}

    def _places_at_opening(self) -> Iterator[tuple[str, int]]:
        for client, c in self.clients.items():
            place = c.origin[1] if c.origin[0] == self.head.round else c.place
            if 0 < place <= self.head.members:
                yield client, place

    def _require_position(self, client: str, c: ClientState, first: int, end: int) -> int:
        position = self._position(c)
        require(first <= position < end, "NotSeated", self.head.round, client, position, first, end)
        return position

    def _require_unused(self, client: str, c: ClientState) -> None:
        require(not self._has_acted(c), "UnexpectedSeat", self.head.round, client, c.seat, Seat.NONE)

    def _require_idle_seat(self, client: str, first: int, end: int) -> None:
        c = self._client(client)
        require(c.is_member, "NotMember", client)
        self._require_unused(client, c)
        self._require_position(client, c, first, end)

    def _require_seat(self, client: str, expected: Seat) -> ClientState:
        c = self._client(client)
        actual = c.seat if c.round == self.head.round else Seat.NONE
        require(actual == expected, "UnexpectedSeat", self.head.round, client, actual, expected)
        return c

    def _require_missed_seat(self, client: str, c: ClientState) -> bool:
        self._require_unused(client, c)
        proposers, voters = self._seats()
        proposes = self._require_position(client, c, 0, proposers + voters) < proposers
        deadline = self.head.drawn_at + self.parameters.propose_for
        if not proposes:
            deadline += self.parameters.publish_for + self.parameters.vote_for
        require(self.now >= deadline, "TooEarly", self.now, deadline)
        require(proposes or self.head.published != 0, "NoDuty", self.head.round, client)
        return proposes

    def _require_signer(self, signer: str, client: str) -> None:
        valid = signer != NOBODY and signer in (client, self._client(client).operator)
        require(valid, "NotSigner", signer, client)

    @staticmethod
    def _require_opening(c: ClientState, opened: bytes) -> None:
        committed = c.content.to_bytes(24)
        require(committed == opened, "CommitmentMismatch", committed, opened)

    def _has_acted(self, c: ClientState) -> bool:
        return c.round == self.head.round and c.seat != Seat.NONE

    def _has_duty(self, c: ClientState) -> bool:
        if self.head.finalised or self.head.drawn_at == 0 or self._has_acted(c):
            return False
        proposers, voters = self._seats()
        position = self._position(c)
        if position < proposers:
            return True
        due = self.head.published != 0 or self.phase <= Phase.PUBLISH
        return position < proposers + voters and due

    def _miss(self, client: str, c: ClientState, proposes: bool) -> None:
        stake = self.parameters.proposer_stake if proposes else self.parameters.voter_stake
        can_stake = not c.is_member or c.free >= stake
        if proposes:
            self.head.absent_proposers += 1
        else:
            self.head.absent_voters += 1
        c.round, c.seat, c.content = self.head.round, Seat.ABSENT, 0
        if can_stake:
            c.strikes = min(c.strikes + 1, 255)
        if not can_stake or c.strikes == self.parameters.max_strikes != 0:
            self._remove(client, c)
        paid = self._penalise(c, self.parameters.absence_penalty if can_stake else 0)
        self._emit("MarkedAbsent", round=self.head.round, client=client, penalty=paid)

    def _lock(self, client: str, stake: int, seat: Seat, commitment: bytes) -> None:
        c = self._client(client)
        free = c.free + self._due(c)
        require(free >= stake, "InsufficientFree", client, free, stake)

        self._settle(client, c)
        c.free -= stake
        self.escrow += stake
        c.round, c.seat, c.strikes, c.content = self.head.round, seat, 0, int.from_bytes(commitment)

    # Members

    def _client(self, client: str) -> ClientState:
        return self.clients.setdefault(client, ClientState())

    def _remove(self, client: str, c: ClientState) -> None:
        if c.is_member:
            self._dismiss(c)
        c.place = REMOVED
        self._emit("Removed", client=client)

    def _dismiss(self, c: ClientState) -> None:
        last = self.members.pop()
        moved = self.clients[last]
        if not self.head.finalised:
            self._note(c, c.place)
            if moved is not c:
                self._note(moved, moved.place)
        if moved is not c:
            self.members[c.place - 1] = last
            moved.place = c.place
        c.release_at = self.now if self._is_over() else self.now + self.parameters.unbonding

    def _note(self, c: ClientState, place: int) -> None:
        if c.origin[0] != self.head.round:
            c.origin = (self.head.round, place)

    # Money

    def _outcome(self) -> settlement.Outcome:
        h = self.head
        revealed, voters = len(h.revealed), self._seats()[1]
        void = settlement.is_void(h.published, h.ballots, revealed, voters, self.parameters.quorum_bps)
        return settlement.Outcome(h.published, self._votes(), revealed, h.ballots, void)

    def _votes(self) -> tuple[int, ...]:
        return tuple(sum(ballot >> j & 1 for ballot in self.head.revealed) for j in range(tally.LANES))

    def _is_settleable(self, c: ClientState) -> bool:
        return c.is_payable and (c.round != self.head.round or self.head.finalised)

    def _due(self, c: ClientState) -> int:
        if not self._is_settleable(c):
            return 0
        record = self.records[c.round]
        if record.outcome is None:
            raise Refused("NotFinalised", c.round)
        if c.seat == Seat.REVEALED:
            reward = self.parameters.voter_reward if record.rewarded else 0
            return settlement.voter_payout(record.outcome, c.content, self.parameters.voter_stake) + reward
        if c.seat == Seat.PUBLISHED:
            stake, reward = self.parameters.proposer_stake, self.parameters.proposer_reward
            reward = reward if record.rewarded else 0
            return settlement.proposer_payout(record.outcome, c.content, stake, record.pot, reward)
        return 0

    def _settle(self, client: str, c: ClientState) -> None:
        if not self._is_settleable(c):
            return
        payout = self._due(c)
        c.seat = Seat.NONE
        c.free += payout
        self.escrow -= payout
        self._emit("Settled", round=c.round, client=client, payout=payout)

    def _penalise(self, c: ClientState, penalty: int) -> int:
        paid = min(c.free, penalty)
        c.free -= paid
        self.reward_pool += paid
        return paid

    def _emit(self, name: str, **values: object) -> None:
        self.events.append(Event(name, values))
