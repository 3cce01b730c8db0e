"""How often chance alone gives a committee to a coalition: what a deployment's sizes should follow from."""

from math import comb


def captured(members: int, coalition: int, voters: int) -> float:
    """Share of the rounds in which more than half of the voters are a coalition's.

    Seats are a uniform permutation of the members, so the coalition's among the voters' are hypergeometric.

    Args:
        members: n, at the opening.
        coalition: How many of them act together.
        voters: V, all of whom vote.

    >>> round(captured(50, 20, 15), 3)
    0.172
    """
    won = range(voters // 2 + 1, min(voters, coalition) + 1)
    ways = sum(comb(coalition, seats) * comb(members - coalition, voters - seats) for seats in won)
    return ways / comb(members, voters)
