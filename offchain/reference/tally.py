"""A round's votes in one word: the contracts' library Tallies."""

from collections.abc import Sequence

LANES = 16
LANE_BITS = 14
LANE_MASK = (1 << LANE_BITS) - 1
MAX_VOTERS = LANE_MASK - 1

EMPTY = 1 << 255
_REVEALED_AT = 224
_COMMITTED_AT = 238
_PROPOSALS_AT = 252


def running(votes: Sequence[int], revealed: int) -> int:
    """The word while votes are counted: sixteen lanes of votes and the ballots revealed."""
    return EMPTY | revealed << _REVEALED_AT | _lanes(votes)


def sealed(votes: Sequence[int], revealed: int, committed: int, published: int, void: bool) -> int:
    """The word of a finalised round.

    Lanes outside `published`, and the committed count of a void round, are all ones.
    """
    lanes = _lanes([v if published >> j & 1 else LANE_MASK for j, v in enumerate(votes)])
    proposals = max(published.bit_count() - 1, 0)
    ballots = LANE_MASK if void else committed
    return lanes | revealed << _REVEALED_AT | ballots << _COMMITTED_AT | proposals << _PROPOSALS_AT


def revealed(word: int) -> int:
    """Ballots revealed."""
    return word >> _REVEALED_AT & LANE_MASK


def committed(word: int) -> int:
    """Ballots committed, of a sealed tally; all ones when the round decided nothing."""
    return word >> _COMMITTED_AT & LANE_MASK


def is_void(word: int) -> bool:
    """Whether the round of a sealed tally decided nothing."""
    return committed(word) == LANE_MASK


def _lanes(votes: Sequence[int]) -> int:
    return sum(count << LANE_BITS * j for j, count in enumerate(votes))
