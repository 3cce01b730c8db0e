"""Canonical bytes of an update and their Merkle digest.

Bytes: the int32 parameters in schema order, little-endian, nothing else. Digest: the bytes are cut into
    leaves of 4096 (the last padded with zeros; the schema fixes the true length); a leaf's hash is
    keccak256(schema digest ‖ position ‖ leaf count ‖ leaf), with position and count as 32-byte big-endian
    words; a node's is keccak256 of its two children's hashes in ascending order, and an odd node moves up
    as it is. That order makes proofs OpenZeppelin's `MerkleProof` ones. It loses nothing, since each leaf
    names its position and the count, and leaves and nodes differ in length.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.errors import UpdateError
from ml.hashing import keccak256
from ml.schema import Schema

LEAF_BYTES = 4096
"""Bytes in a leaf: 1024 parameters, small enough to send to a contract in one call."""


def to_bytes(parameters: NDArray[np.int32]) -> bytes:
    """Return the canonical bytes, 4 per parameter, of an int32 vector.

    >>> to_bytes(np.array([1, -2], dtype=np.int32)).hex()
    '01000000feffffff'
    """
    if parameters.dtype != np.int32 or parameters.ndim != 1:
        raise UpdateError(
            f"canonical parameters are an int32 vector, got {parameters.dtype} with shape {parameters.shape}"
        )
    return parameters.astype("<i4", copy=False).tobytes()


def from_bytes(data: bytes, schema: Schema) -> NDArray[np.int32]:
    """Return the int32 vector [schema.size] that `data` holds; `data` may come from anyone.

    Every four bytes are some int32 and so some finite parameter: the length is all there is to check.

    Raises:
        UpdateError: When `data` is not bytes or has the wrong length.
    """
    if not isinstance(data, bytes):
        raise UpdateError(f"an update must be bytes, got {type(data).__name__}")
    if len(data) != 4 * schema.size:
        raise UpdateError(
            f"an update of {schema.size} parameters has {4 * schema.size} bytes, got {len(data)}"
        )
    return np.frombuffer(data, dtype="<i4").astype(np.int32)


def digest(data: bytes, schema: Schema) -> bytes:
    """Return the 32-byte Merkle root of canonical bytes under `schema`.

    Raises:
        UpdateError: When the bytes do not fit the schema.
    """
    return _levels(data, schema)[-1][0]


def leaf_count(schema: Schema) -> int:
    """Return the number of leaves of an update under `schema`."""
    return -(-4 * schema.size // LEAF_BYTES)


def leaf_proof(data: bytes, schema: Schema, position: int) -> tuple[bytes, list[bytes]]:
    """Return leaf `position` (4096 bytes) and its proof: sibling hashes from the bottom up.

    Raises:
        UpdateError: When the bytes do not fit the schema or have no such leaf.
    """
    if not 0 <= position < leaf_count(schema):
        raise UpdateError(f"leaf {position} does not exist; there are {leaf_count(schema)} leaves")
    proof = []
    index = position
    for level in _levels(data, schema)[:-1]:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        index //= 2
    return _leaf(data, position), proof


def verify_leaf(root: bytes, schema: Schema, position: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether `leaf` stands at `position` of the update whose digest is `root`."""
    count = leaf_count(schema)
    if not 0 <= position < count or len(leaf) != LEAF_BYTES or any(len(sibling) != 32 for sibling in proof):
        return False
    node = keccak256(_prefix(schema, position, count) + leaf)
    for sibling in proof:
        node = _parent(node, sibling)
    return node == root


def _levels(data: bytes, schema: Schema) -> list[list[bytes]]:
    if len(data) != 4 * schema.size:
        raise UpdateError(
            f"an update of {schema.size} parameters has {4 * schema.size} bytes, got {len(data)}"
        )
    count = leaf_count(schema)
    levels = [[keccak256(_prefix(schema, i, count) + _leaf(data, i)) for i in range(count)]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [_parent(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(below) & ~1 :])
    return levels


def _prefix(schema: Schema, position: int, count: int) -> bytes:
    return schema.digest + position.to_bytes(32, "big") + count.to_bytes(32, "big")


def _leaf(data: bytes, position: int) -> bytes:
    return data[position * LEAF_BYTES : (position + 1) * LEAF_BYTES].ljust(LEAF_BYTES, b"\0")


def _parent(left: bytes, right: bytes) -> bytes:
    return keccak256(left + right if left < right else right + left)
