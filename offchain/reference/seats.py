"""Who sits where: the contracts' library Seats."""

from functools import lru_cache
from math import isqrt

from ml.updates.hashing import keccak256

MAX_PROPOSERS = 16
MIN_MEMBERS = 4
STEPS = 8
NO_POSITION = 2**256 - 1


@lru_cache(maxsize=256)  # Every call of a round asks.
def counts(members: int, proposer_bps: int, voter_seats: int) -> tuple[int, int]:
    """Proposer and voter seats of a round.

    S = min(16, max(1, ⌊(bps·n + 5000) / 10000⌋)) and V = min(seats, n − S).

    >>> counts(50, 1000, 16_382)
    (5, 45)
    """
    proposers = min(MAX_PROPOSERS, max(1, (proposer_bps * members + 5000) // 10_000))
    return proposers, min(voter_seats, members - proposers)


def position(seed: int, index: int, members: int) -> int:
    """The position of member `index`: a permutation of [0, members) keyed by `seed`.

    A Feistel network on Z_a × Z_b, a = ⌈√n⌉, b = ⌈n / a⌉, walked until the value falls below n.

    Raises:
        ValueError: When there is no such member.
    """
    _require_inside(index, members)
    a, b = _sides(members)
    value = index
    while True:
        x, y = value % a, value // a
        for step in range(0, STEPS, 2):
            x = (x + _mix(seed, step, y)) % a
            y = (y + _mix(seed, step + 1, x)) % b
        value = y * a + x
        if value < members:
            return value


def index_at(seed: int, place: int, members: int) -> int:
    """The member at position `place`: the inverse of `position`, at the same cost.

    Raises:
        ValueError: When there is no such position.
    """
    _require_inside(place, members)
    a, b = _sides(members)
    value = place
    while True:
        x, y = value % a, value // a
        for step in range(STEPS - 2, -1, -2):
            y = (y - _mix(seed, step + 1, x)) % b
            x = (x - _mix(seed, step, y)) % a
        value = y * a + x
        if value < members:
            return value


def _require_inside(value: int, members: int) -> None:
    if not 0 <= value < members:  # A walk from outside may never come back.
        raise ValueError(f"{value} is not in [0, {members})")


def _sides(members: int) -> tuple[int, int]:
    a = isqrt(members - 1) + 1
    return a, -(-members // a)


@lru_cache(maxsize=4096)  # A round asks for the same seats over and over.
def _mix(seed: int, step: int, half: int) -> int:
    return int.from_bytes(keccak256(seed.to_bytes(32) + (step << 128 | half).to_bytes(32)))
