"""Gas by call, measured, and the round of any size that follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from offchain.errors import ReproductionError
from offchain.reference import seats
from offchain.simulation.records import RoundRecord

WARM_UP = 2
"""Rounds that are not counted: in these storage slots are new, and nobody has a seat to be settled."""

BLOCK_GAS = 60_000_000
"""Gas of a block of Ethereum's mainnet (EIP-7935)."""

ONCE = ("openRound", "draw", "finalise")
BY_PROPOSER = ("propose", "publish")
BY_VOTER = ("commitBallot", "revealBallot")

Means = Mapping[str, float]
"""Mean gas of a transaction, by call."""


@dataclass(frozen=True)
class Shape:
    """A round's size: members, and how many of them sit where."""

    members: int
    proposers: int
    voters: int

    @classmethod
    def of(cls, members: int, proposer_bps: int, voter_seats: int) -> "Shape":
        """Return the seats that the protocol gives `members`."""
        return cls(members, *seats.counts(members, proposer_bps, voter_seats))

    @property
    def transactions(self) -> Mapping[str, int]:
        """Transactions of a round in which everyone seated acts, by call."""
        return {
            **dict.fromkeys(ONCE, 1),
            **dict.fromkeys(BY_PROPOSER, self.proposers),
            **dict.fromkeys(BY_VOTER, self.voters),
        }

    def gas(self, means: Means) -> float:
        """Return the gas of a round: each call at its mean."""
        return sum(count * means[call] for call, count in self.transactions.items())


def steady(records: Sequence[RoundRecord]) -> Sequence[RoundRecord]:
    """Return the rounds after the first two.

    Raises:
        ReproductionError: When there are none, or no gas was counted.
    """
    counted = records[WARM_UP:]
    if not counted or not all(record.gas for record in counted):
        raise ReproductionError(
            f"{len(records)} rounds, {sum(bool(record.gas) for record in records)} of them with gas, do not "
            f"tell what a round costs; it takes more than {WARM_UP}, through the contracts"
        )
    return counted


def call_means(records: Sequence[RoundRecord]) -> Means:
    """Return the mean gas of each call over the steady rounds."""
    totals = {call: sum(_of(records, call, "gas")) for call in _calls(records)}
    counts = {call: sum(_of(records, call, "transactions")) for call in _calls(records)}
    return {call: totals[call] / counts[call] for call in totals}


def round_mean(records: Sequence[RoundRecord]) -> float:
    """Return the mean gas of a steady round."""
    counted = steady(records)
    return sum(record.gas_total for record in counted) / len(counted)


def _calls(records: Sequence[RoundRecord]) -> list[str]:
    return sorted({call for record in steady(records) for call in record.gas})


def _of(records: Sequence[RoundRecord], call: str, field: str) -> Iterable[int]:
    return (getattr(record.gas[call], field) for record in steady(records) if call in record.gas)
