"""The game as a simulation plays it: one interface, on a chain or in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Seating:
    """Who sits where in an open round; clients by number.

    Attributes:
        round: The round's number, from 1.
        proposers: Client at each proposer position, ascending.
        voters: Client at each voter position, ascending.
        unable: Seated clients whose tokens do not cover their seat's stake: they cannot act and are removed.
    """

    round: int
    proposers: tuple[int, ...]
    voters: tuple[int, ...]
    unable: frozenset[int]


@dataclass(frozen=True)
class RoundOutcome:
    """What a finalised round decided.

    Attributes:
        included: Bit j set when the update at position j entered the global model.
        void: Whether the round decided nothing.
        model: Id of the global model from now on, 32 bytes.
        removed: Clients removed for good in this round.
        balances: Tokens of every client, free and escrowed, base units.
        reward_pool: Base units in the proposers' reward pool.
        budget: Base units of which attendance is rewarded.
        gas: Gas of every transaction of the round, by call; empty without a chain.
    """

    included: int
    void: bool
    model: bytes
    removed: tuple[int, ...]
    balances: tuple[int, ...]
    reward_pool: int
    budget: int = 0
    gas: Mapping[str, list[int]] = field(default_factory=dict)


class Engine(Protocol):
    """A deployment with its clients, played round by round.

    The order is `start`, then each round `open_round`, `submit_updates`, `submit_ballots`, `close_round`.
    """

    def start(self) -> None:
        """Deploy, fund every client with its initial balance, stake and join."""

    def open_round(self) -> Seating:
        """Open the next round and draw its seats."""

    def submit_updates(self, updates: Mapping[int, tuple[bytes, int]]) -> None:
        """Commit, then publish, each proposer's (Merkle root, sample count); clients by number."""

    def submit_ballots(self, ballots: Mapping[int, int]) -> None:
        """Commit, then reveal, each voter's ballot; clients by number."""

    def close_round(self) -> RoundOutcome:
        """Let the deadlines of idle seats pass, mark them absent, finalise."""

    def close(self) -> None:
        """Release what the engine holds."""
