"""What the protocol remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from offchain.reference.settlement import Outcome


class Phase(IntEnum):
    """Where a round is; the contract's enum, value by value."""

    IDLE = 0
    DRAW = 1
    PROPOSE = 2
    PUBLISH = 3
    VOTE = 4
    REVEAL = 5
    CLOSE = 6


class Seat(IntEnum):
    """What a client did with its last seat; the contract's enum, value by value."""

    NONE = 0
    COMMITTED = 1
    PUBLISHED = 2
    VOTED = 3
    REVEALED = 4
    ABSENT = 5


PAYABLE = frozenset({Seat.COMMITTED, Seat.PUBLISHED, Seat.VOTED, Seat.REVEALED})
REMOVED = 2**24 - 1
NOBODY = "0x" + 40 * "0"


@dataclass
class ClientState:
    """A client's membership, last seat and tokens."""

    place: int = 0  # index plus one; 0 when no member; REMOVED for good
    strikes: int = 0
    round: int = 0  # of its last seat
    seat: Seat = Seat.NONE
    content: int = 0  # commitment, seat position once published, ballot once revealed
    origin: tuple[int, int] = (
        0,
        0,
    )  # round in which it was first moved, and its place at that round's opening
    operator: str = NOBODY  # may sign its intents
    free: int = 0  # base units
    release_at: int = 0  # Unix time; 0 unless it left

    @property
    def is_member(self) -> bool:
        """Whether it is a member now."""
        return self.place not in (0, REMOVED)

    @property
    def is_payable(self) -> bool:
        """Whether it locked a stake that was not settled."""
        return self.seat in PAYABLE


@dataclass
class RoundState:
    """The latest round."""

    round: int = 0
    members: int = 0
    drawn_at: int = 0  # Unix time; of the deployment in round 0
    seed: int = 0
    published: int = 0
    updates: int = 0
    absent_proposers: int = 0
    ballots: int = 0
    absent_voters: int = 0
    finalised: bool = True  # nothing is open before the first round
    roots: dict[int, tuple[bytes, int]] = field(default_factory=dict)  # position → root, samples
    revealed: list[int] = field(default_factory=list)  # ballots, in order of revealing


@dataclass
class Record:
    """What is kept of a round for ever."""

    pot: int
    anchor: int
    rewarded: bool = False  # whether the budget paid its rewards
    tally: int = 0  # sealed; 0 until finalised
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Event:
    """A log: the event's name and its values by the ABI's names."""

    name: str
    values: Mapping[str, object]
