"""Ballots: integers whose bit j accepts the update at seat position j."""

from collections.abc import Collection, Iterable


def bitmap(positions: Iterable[int]) -> int:
    """Return the integer with the bits of `positions` set.

    >>> bitmap([0, 3])
    9
    """
    return sum(1 << position for position in set(positions))


def flipped(ballot: int, published: Iterable[int]) -> int:
    """Return a malicious voter's ballot: the honest one with every published position's bit inverted.

    >>> bin(flipped(0b0101, [0, 1, 2]))
    '0b10'
    """
    return ballot ^ bitmap(published)


def majority(ballots: Collection[int], positions: Iterable[int]) -> int:
    """Return the bits of `positions` that more than half of the ballots accept (paper, Eq. 3).

    >>> bin(majority([0b011, 0b001, 0b110], [0, 1]))
    '0b11'
    """
    return bitmap(j for j in positions if 2 * sum(ballot >> j & 1 for ballot in ballots) > len(ballots))
