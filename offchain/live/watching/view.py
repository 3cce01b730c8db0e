"""The state of a deployment at one block."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from offchain.live.access.chain import Block, Chain, Invocation
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import NodeRefusedError, NodeUnavailableError
from offchain.reference import Parameters, Phase, Seat
from offchain.reference.seats import NO_POSITION
from offchain.reference.state import REMOVED

_log = logging.getLogger(__name__)

_RETRIES = 5
_PAUSE = 0.3  # seconds
_LATEST = ("head", "phase", "model", "tally", "rewardPool", "budget", "memberCount", "ANCHOR_WINDOW")
_CLIENT = ("clientOf", "accountOf", "escrowOf", "positionOf")


@dataclass(frozen=True)
class ClientView:
    """One client, as the contract has it: before any settlement that is due."""

    address: str
    is_member: bool
    is_removed: bool  # for good
    strikes: int
    round: int  # of its last seat
    seat: Seat  # what it did with that seat
    content: bytes  # 24: commitment; seat position once published; ballot once revealed
    free: int  # base units
    release_at: int  # Unix time from which one that left can withdraw; 0 for members
    escrow: int  # base units: its stake while the round is open, its payout once finalised
    position: int | None  # in the latest round; None when it has none


@dataclass(frozen=True)
class View:
    """The latest round and some clients, all at one block. Times are the chain's, Unix seconds.

    Attributes:
        block: At which everything was read; its time is now.
        parameters: Of the deployment.
        phase: Where the round is.
        round: Its number, from 1; 0 before the first.
        members: At its opening.
        drawn_at: Time of the draw, 0 before.
        seed: 96 bits, 0 before the draw.
        updates: Committed.
        published: Bit j set when the proposer at position j published.
        absent_proposers: Seats marked or given up.
        ballots: Committed.
        absent_voters: Seats marked or given up.
        finalised: Whether the outcome is fixed.
        proposer_seats: At positions [0, proposer_seats).
        voter_seats: At the positions after those.
        anchor: Block whose value is the seed; 0 before the first round.
        anchor_window: Blocks after it in which the round can be drawn.
        model: Id of the global model.
        tally: Packed, as the contract has it; empty once finalised.
        reward_pool: Base units.
        budget: Base units, of which attendance is rewarded.
        member_count: Now.
        clients: Those asked for, by address.
    """

    block: Block
    parameters: Parameters
    phase: Phase
    round: int
    members: int
    drawn_at: int
    seed: int
    updates: int
    published: int
    absent_proposers: int
    ballots: int
    absent_voters: int
    finalised: bool
    proposer_seats: int
    voter_seats: int
    anchor: int
    anchor_window: int
    model: bytes
    tally: int
    reward_pool: int
    budget: int
    member_count: int
    clients: Mapping[str, ClientView] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The chain's time."""
        return self.block.time

    @property
    def is_over(self) -> bool:
        """Whether all rounds were played."""
        return self.finalised and self.round == self.parameters.max_rounds != 0

    @property
    def opens_at(self) -> int:
        """Unix time from which the next round can open."""
        return self.drawn_at + self.parameters.interval

    @property
    def closes_at(self) -> int:
        """Unix time from which the round can be finalised, whoever is absent."""
        return self.drawn_at + self.parameters.schedule + self.parameters.mark_for

    @property
    def anchor_is_missed(self) -> bool:
        """Whether the round can no longer be drawn from its anchor, which the chain has forgotten."""
        return self.block.number > self.anchor + self.anchor_window

    def deadline(self, phase: Phase) -> int | None:
        """Unix time at which a phase from Propose to Reveal ends at the latest; None before the draw."""
        p = self.parameters
        lengths = {
            Phase.PROPOSE: p.propose_for,
            Phase.PUBLISH: p.propose_for + p.publish_for,
            Phase.VOTE: p.voting_ends,
            Phase.REVEAL: p.schedule,
        }
        return self.drawn_at + lengths[phase] if self.drawn_at and phase in lengths else None

    def patience(self, phase: Phase) -> int:
        """Unix time until which seats wait for bytes in a phase that has a deadline: half of it."""
        p, ends = self.parameters, self.deadline(phase)
        lengths = {Phase.PROPOSE: p.propose_for, Phase.PUBLISH: p.publish_for, Phase.VOTE: p.vote_for}
        assert ends is not None, "it was drawn"
        return ends - lengths[phase] // 2

    @property
    def time_left(self) -> int | None:
        """Seconds until the phase ends at the latest; None when it has no deadline."""
        deadline = self.deadline(self.phase)
        return None if deadline is None else max(0, deadline - self.now)

    def proposes(self, client: ClientView) -> bool:
        """Whether a client has a proposer's seat in the round."""
        return client.position is not None and client.position < self.proposer_seats

    def votes(self, client: ClientView) -> bool:
        """Whether a client has a voter's seat in the round."""
        seats = self.proposer_seats + self.voter_seats
        return client.position is not None and self.proposer_seats <= client.position < seats

    def seat_of(self, client: ClientView) -> Seat:
        """What a client did with its seat of the latest round."""
        return client.seat if client.round == self.round else Seat.NONE

    def is_settled(self, client: ClientView) -> bool:
        """Whether a client's seat of the latest round was settled; what it did there only logs say then."""
        return client.round == self.round > 0 and client.seat is Seat.NONE

    def did(self, client: ClientView) -> str:
        """The same in a word."""
        return "settled" if self.is_settled(client) else self.seat_of(client).name.lower()


def read_view(
    chain: Chain, deployment: LiveDeployment, clients: Sequence[str] = (), at: Block | None = None
) -> View:
    """Return the state at one block.

    Args:
        chain: Where.
        deployment: Of what.
        clients: Addresses to be read with it.
        at: The block; None for the latest.

    Raises:
        NodeUnavailableError: When nodes do not answer, or blocks keep being exchanged while they are read.
    """
    for _ in range(_RETRIES):
        block = at or chain.head()
        try:
            view = _read_at(chain, deployment, clients, block)
        except NodeRefusedError as error:
            # Nodes behind one URL do not all have a block at once, and small ones forget old states soon.
            _log.debug("block %d is not there: %s", block.number, error)
            time.sleep(_PAUSE)
            continue
        if chain.block(block.number) == block:
            return view
        if at is not None:
            break
    raise NodeUnavailableError(
        "the node does not show one block's state for long enough; try another with --rpc"
    )


def _read_at(chain: Chain, deployment: LiveDeployment, clients: Sequence[str], block: Block) -> View:
    manager = deployment.manager
    addresses = [address.lower() for address in clients]
    calls = [Invocation(manager, name) for name in _LATEST]
    calls += [Invocation(manager, name, (address,)) for address in addresses for name in _CLIENT]
    head, phase, model, tally, pool, budget, members, window, *rest = chain.read(calls, block.number)
    (round_, at_opening, drawn_at, seed, updates, published, absent_p, ballots, absent_v, _, done) = head
    seats, record = chain.read_all(
        [Invocation(manager, "seats"), Invocation(manager, "record", (round_,))], block.number
    )
    per_client = [rest[i : i + len(_CLIENT)] for i in range(0, len(rest), len(_CLIENT))]
    return View(
        block=block,
        parameters=deployment.parameters,
        phase=Phase(phase),
        round=round_,
        members=at_opening,
        drawn_at=drawn_at if round_ else 0,  # Before the first round it is the deployment's.
        seed=seed,
        updates=updates,
        published=published,
        absent_proposers=absent_p,
        ballots=ballots,
        absent_voters=absent_v,
        finalised=done,
        proposer_seats=seats[0],
        voter_seats=seats[1],
        anchor=record[0][2],
        anchor_window=window,
        model=model,
        tally=tally,
        reward_pool=pool,
        budget=budget,
        member_count=members,
        clients={
            address: _client(address, *answers)
            for address, answers in zip(addresses, per_client, strict=True)
        },
    )


def _client(
    address: str, state: tuple[Any, ...], account: tuple[int, int], escrow: int, position: int
) -> ClientView:
    is_member, place, strikes, round_, seat, content = state
    return ClientView(
        address=address,
        is_member=is_member,
        is_removed=place == REMOVED,
        strikes=strikes,
        round=round_,
        seat=Seat(seat),
        content=content,
        free=account[0],
        release_at=account[1],
        escrow=escrow,
        position=None if position == NO_POSITION else position,
    )
