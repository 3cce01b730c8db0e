"""The rules of money, written as the paper writes them rather than as the contracts compute them.

Algorithm 1 (proposers) and Algorithm 2 (voters) of Dong et al. 2024, the second applied to each bit of a
ballot with ⌊stake / p⌋. Majorities are of the ballots committed, so that silence decides nothing; with nobody
silent this is the paper. All rounding goes to the pool.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from offchain.reference import tally


def positions(mask: int) -> list[int]:
    """The seat positions whose bit a mask has set, ascending.

    >>> positions(0b101)
    [0, 2]
    """
    return [j for j in range(tally.LANES) if mask >> j & 1]


def is_void(published: int, committed: int, revealed: int, voter_seats: int, quorum_bps: int) -> bool:
    """Whether a round decides nothing: p = 0, C below the quorum, or half of the ballots or more silent.

    Args:
        published: Bit mask of the proposals.
        committed: C.
        revealed: R.
        voter_seats: V, of which the quorum is a share.
        quorum_bps: That share, basis points.
    """
    return not published or 10_000 * committed < voter_seats * quorum_bps or 2 * revealed <= committed


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
        """Bit j set iff 2·y_j > C; a tie excludes, and so does a void round."""
        if self.void:
            return 0
        return sum(1 << j for j in self.positions if 2 * self.votes[j] > self.committed)

    @property
    def rejected(self) -> int:
        """Bit j set iff 2·n_j ≥ C; none when void."""
        if self.void:
            return 0
        return sum(1 << j for j in self.positions if 2 * (self.revealed - self.votes[j]) >= self.committed)

    @property
    def undecided(self) -> int:
        """Bit j set where silence leaves a proposal neither included nor rejected; none when void."""
        return 0 if self.void else self.published & ~self.included & ~self.rejected

    def majority(self, position: int) -> int | None:
        """The bit that more than half of the committed ballots have at `position`; None where neither has."""
        yes = self.votes[position]
        if 2 * yes > self.committed:
            return 1
        return 0 if 2 * (self.revealed - yes) > self.committed else None

    @property
    def positions(self) -> Sequence[int]:
        """Seat positions of the published proposals, ascending."""
        return positions(self.published)


def outcome_of(word: int) -> Outcome:
    """What a sealed tally says that a round decided; of a void one the ballots committed are not known."""
    lanes = [word >> tally.LANE_BITS * j & tally.LANE_MASK for j in range(tally.LANES)]
    published = sum(1 << j for j, lane in enumerate(lanes) if lane != tally.LANE_MASK)
    votes = tuple(lane if published >> j & 1 else 0 for j, lane in enumerate(lanes))
    return Outcome(published, votes, tally.revealed(word), tally.committed(word), tally.is_void(word))


def share(outcome: Outcome, pot: int) -> int:
    """What each included proposer gets above its stake: ⌊pot / included⌋."""
    winners = outcome.included.bit_count()
    return pot // winners if winners else 0


def rewards(outcome: Outcome, proposer_reward: int, voter_reward: int) -> int:
    """What the budget pays: for each included proposal and each ballot revealed, nothing when void."""
    if outcome.void:
        return 0
    return outcome.included.bit_count() * proposer_reward + outcome.revealed * voter_reward


def proposer_payout(outcome: Outcome, position: int, stake: int, pot: int, reward: int = 0) -> int:
    """What the proposer that published at `position` gets back (Algorithm 1); `reward` too if included."""
    if outcome.included >> position & 1:
        return stake + share(outcome, pot) + reward
    return 0 if outcome.rejected >> position & 1 else stake


@lru_cache(maxsize=4096)  # Who voted alike is paid alike, and asks often.
def voter_payout(outcome: Outcome, ballot: int, stake: int) -> int:
    """What a voter that revealed `ballot` gets back (Algorithm 2 on each bit)."""
    if outcome.void:
        return stake
    proposals = len(outcome.positions)
    part = stake // proposals
    payout = stake - proposals * part
    for j in outcome.positions:
        bit, yes = outcome.majority(j), outcome.votes[j]
        if bit is None:
            payout += part
        elif bit == ballot >> j & 1:
            mine = yes if bit else outcome.revealed - yes
            payout += part + (outcome.revealed - mine) * part // mine
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
    to_proposers = (outcome.published & ~outcome.rejected).bit_count() * proposer_stake
    to_voters = sum(voter_payout(outcome, ballot, voter_stake) for ballot in ballots)
    return locks - to_proposers - to_voters
