"""Digests of commitments, of seeds and of the lineage: what the contracts hash, in Python."""

from collections.abc import Mapping

from ml.updates.hashing import keccak256

_UPDATE = keccak256(b"StakeFed update")
_BALLOT = keccak256(b"StakeFed ballot")
_COMMITMENT_BYTES = 24


def word(value: int | str | bytes) -> bytes:
    """One ABI word: an integer, an address in hex, or 32 bytes."""
    if isinstance(value, bytes):
        return value
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(32)


def digest(*values: int | str | bytes) -> bytes:
    """keccak256(abi.encode(values)) for static types."""
    return keccak256(b"".join(word(value) for value in values))


def update_commitment(
    chain_id: int, manager: str, round_: int, client: str, root: bytes, samples: int, salt: bytes
) -> bytes:
    """The 24 bytes that bind an update before it is shown."""
    return digest(_UPDATE, chain_id, manager, round_, client, root, samples, salt)[:_COMMITMENT_BYTES]


def ballot_commitment(
    chain_id: int, manager: str, round_: int, client: str, ballot: int, salt: bytes
) -> bytes:
    """The 24 bytes that bind a ballot before it is shown."""
    return digest(_BALLOT, chain_id, manager, round_, client, ballot, salt)[:_COMMITMENT_BYTES]


def simulated_seed(salt: bytes, round_: int) -> bytes:
    """The value of the contract SimulatedSeed."""
    return digest(salt, round_)


def round_seed(chain_id: int, manager: str, round_: int, value: bytes) -> int:
    """The 96-bit seed that a round makes of its source's value."""
    return int.from_bytes(digest(chain_id, manager, round_, value)) % 2**96


def extend(model: bytes, round_: int, updates: Mapping[int, tuple[bytes, int]]) -> bytes:
    """The id of the global model after a round, which is bound with what it included.

    Args:
        model: The id before it, 32 bytes.
        round_: The round's number.
        updates: Root and sample count of what it included, by seat position; of none the id stays.
    """
    if not updates:
        return model
    included = sum(1 << position for position in updates)
    listed = bytes(32)
    for position in sorted(updates):
        listed = digest(listed, *updates[position])
    return digest(model, round_, included, listed)
