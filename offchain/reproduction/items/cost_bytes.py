"""What clients send and fetch, and what the chain is given and keeps, in bytes."""

from ml.updates.canonical import to_bytes
from offchain.reproduction.items.cost_gas import Shape
from offchain.settings import SimulationSettings
from offchain.simulation.federation import Federation, all_rows

WORD = 32

CALLDATA = {
    "openRound": 4,
    "draw": 4 + 2 * WORD,
    "propose": 4 + WORD,
    "publish": 4 + 3 * WORD,
    "commitBallot": 4 + WORD,
    "revealBallot": 4 + 2 * WORD,
    "finalise": 4,
}
"""Bytes of a call: its selector and its arguments; `draw` with an empty proof, as a simulation sends it."""

RECORD_WORDS = 2
"""Words that a round leaves for ever: its sealed tally; its pot and anchor."""

MEMBER_WORDS = 3
"""Words of a member: its account, its state with its last seat, its place on the roster."""

HEAD_WORDS = 5
"""Words that every round uses anew: head, tally, model id, sample counts, reward pool."""

STORE_GAS = 22_100
"""Gas to write a new word of storage: 20,000, and 2,100 for its first access (EIP-2929)."""


def update_bytes(settings: SimulationSettings) -> int:
    """Return the size of an update of a run, in canonical bytes."""
    return len(to_bytes(Federation(settings, all_rows(settings)).genesis))


def calldata_bytes(shape: Shape) -> int:
    """Return the arguments of all calls of a round."""
    return sum(count * CALLDATA[call] for call, count in shape.transactions.items())


def state_bytes(shape: Shape) -> int:
    """Return what a round may write over words in use: five, a root a proposer, two words a seat."""
    return WORD * (HEAD_WORDS + shape.proposers + 2 * (shape.proposers + shape.voters))


def storing_gas(size: int) -> int:
    """Return the least gas to write `size` bytes into new words of a contract's storage."""
    return -(-size // WORD) * STORE_GAS
