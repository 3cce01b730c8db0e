"""The rules of money, written as the paper writes them rather than as the contracts compute them.

Algorithm 1 (proposers) and Algorithm 2 (voters) of Dong et al. 2024, the second applied to each bit of a
ballot with ⌊stake / p⌋. All rounding goes to the pool.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from offchain.reference import tally


def positions(mask: int) -> list[int]:
    """The seat positions whose bit a mask has set, ascending.

    >>> positions(0b101)
    [0, 2]
    """
    return [j for j in range(tally.LANES) if mask >> j & 1]


@dataclass(frozen=True)
class Outcome:
    """What a round decided, in counts and bit masks."""

    published: int  # bit j set when proposal j was published
    votes: tuple[int, ...]  # y_j, ballots with bit j, one per lane
    revealed: int  # R
    committed: int  # C
    void: bool

    @property
    def included(self) -> int:
        """Bit j set iff 2·y_j > R; a tie excludes, and so does a void round."""
        if self.void:
            return 0
        return sum(1 << j for j in self.positions if 2 * self.votes[j] > self.revealed)

    @property
    def positions(self) -> Sequence[int]:
        """Seat positions of the published proposals, ascending."""
        return positions(self.published)


def share(outcome: Outcome, pot: int) -> int:
    """What each included proposer gets above its stake: ⌊pot / included⌋."""
    winners = outcome.included.bit_count()
    return pot // winners if winners else 0


def proposer_payout(outcome: Outcome, position: int, stake: int, pot: int) -> int:
    """What the proposer that published at `position` gets back (Algorithm 1)."""
    if outcome.void:
        return stake
    return stake + share(outcome, pot) if outcome.included >> position & 1 else 0


def voter_payout(outcome: Outcome, ballot: int, stake: int) -> int:
    """What a voter that revealed `ballot` gets back (Algorithm 2 on each bit)."""
    if outcome.void:
        return stake
    proposals = len(outcome.positions)
    part = stake // proposals
    payout = stake - proposals * part
    for j in outcome.positions:
        yes, no = outcome.votes[j], outcome.revealed - outcome.votes[j]
        mine = yes if ballot >> j & 1 else no
        if yes == no:
            payout += part
        elif 2 * mine > outcome.revealed:
            losers = outcome.committed - mine
            payout += part + losers * part // mine
    return payout


def slashed(
    outcome: Outcome, updates: int, ballots: Sequence[int], proposer_stake: int, voter_stake: int
) -> int:
    """What finalising moves from the escrow to the pool: every lock less every stake paid back.

    Args:
        outcome: What was decided.
        updates: Updates committed.
        ballots: The revealed ballots, one by one: the contract gets the same sum from the tally alone.
        proposer_stake: Lock of an update.
        voter_stake: Lock of a ballot.
    """
    locks = updates * proposer_stake + outcome.committed * voter_stake
    returned = outcome.published if outcome.void else outcome.included
    to_proposers = returned.bit_count() * proposer_stake
    to_voters = sum(voter_payout(outcome, ballot, voter_stake) for ballot in ballots)
    return locks - to_proposers - to_voters
