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
from ml.parallel import Workers, processors
from ml.updates.hashing import LANES_PAY_FROM, keccak256, keccak256_rows
from ml.updates.schema import Form

Nodes = NDArray[np.uint8]
"""Hashes [nodes, 32] of one level of the tree."""

LEAF_BYTES = 4096
"""Bytes in a leaf: 1024 parameters, small enough to send to a contract in one call."""


def to_bytes(parameters: NDArray[np.int32]) -> bytes:
    """Return the canonical bytes, 4 per parameter, of an int32 vector.

    >>> to_bytes(np.array([1, -2], dtype=np.int32)).hex()
    '01000000feffffff'

    Raises:
        UpdateError: When it is none.
    """
    if parameters.dtype != np.int32 or parameters.ndim != 1:
        raise UpdateError(
            f"canonical parameters are an int32 vector, got {parameters.dtype} with shape {parameters.shape}"
        )
    return parameters.astype("<i4", copy=False).tobytes()


def from_bytes(data: bytes, schema: Form) -> NDArray[np.int32]:
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


def digest(data: bytes, schema: Form) -> bytes:
    """Return the 32-byte Merkle root of canonical bytes under `schema`.

    Raises:
        UpdateError: When the bytes do not fit the schema.
    """
    root: bytes = _levels(data, schema)[-1][0].tobytes()
    return root


def leaf_count(schema: Form) -> int:
    """Return the number of leaves of an update under `schema`."""
    return -(-4 * schema.size // LEAF_BYTES)


def leaf_proof(data: bytes, schema: Form, position: int) -> tuple[bytes, list[bytes]]:
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
            proof.append(level[index ^ 1].tobytes())
        index //= 2
    leaf = data[position * LEAF_BYTES : (position + 1) * LEAF_BYTES].ljust(LEAF_BYTES, b"\0")
    return leaf, proof


def verify_leaf(root: bytes, schema: Form, position: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether `leaf` stands at `position` of the update whose digest is `root`."""
    count = leaf_count(schema)
    if not 0 <= position < count or len(leaf) != LEAF_BYTES or any(len(sibling) != 32 for sibling in proof):
        return False
    node = keccak256(schema.digest + position.to_bytes(32, "big") + count.to_bytes(32, "big") + leaf)
    for sibling in proof:
        node = _parent(node, sibling)
    return node == root


def _levels(data: bytes, schema: Form) -> list[Nodes]:
    if len(data) != 4 * schema.size:
        raise UpdateError(
            f"an update of {schema.size} parameters has {4 * schema.size} bytes, got {len(data)}"
        )
    levels = [_leaf_hashes(data, schema)]
    while len(levels[-1]) > 1:
        levels.append(_parents(levels[-1]))
    return levels


def _leaf_hashes(data: bytes, schema: Form) -> Nodes:
    count = leaf_count(schema)
    # In spans that fit the processor's cache, each long enough to be hashed side by side.
    spans = np.array_split(np.arange(count), max(1, count // LANES_PAY_FROM))
    hashed = Workers(processors()).map(lambda span: keccak256_rows(_leaf_messages(data, schema, span)), spans)
    return np.concatenate(hashed)


def _leaf_messages(data: bytes, schema: Form, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """What is hashed for the leaves at consecutive `positions`, uint8 [positions, 96 + 4096]."""
    head = len(schema.digest)
    messages = np.zeros((len(positions), head + 64 + LEAF_BYTES), dtype=np.uint8)
    messages[:, :head] = np.frombuffer(schema.digest, np.uint8)
    # The last eight bytes of 32-byte big-endian words.
    messages[:, head + 24 : head + 32] = positions.astype(">u8")[:, None].view(np.uint8)
    messages[:, head + 56 : head + 64] = np.frombuffer(leaf_count(schema).to_bytes(8, "big"), np.uint8)
    content = np.frombuffer(data, np.uint8)[positions[0] * LEAF_BYTES : (positions[-1] + 1) * LEAF_BYTES]
    whole = len(content) // LEAF_BYTES
    messages[:whole, head + 64 :] = content[: whole * LEAF_BYTES].reshape(whole, LEAF_BYTES)
    if whole < len(positions):
        rest = content[whole * LEAF_BYTES :]
        messages[whole, head + 64 : head + 64 + len(rest)] = rest
    return messages


def _parents(below: Nodes) -> Nodes:
    paired = below[: len(below) & ~1].reshape(-1, 2, 32)
    left, right = (np.ascontiguousarray(paired[:, side]).view("S32").ravel() for side in (0, 1))
    # NumPy leaves out zeros at the end of byte strings, which changes no order: shorter sorts first.
    ascending = np.where((left > right)[:, None, None], paired[:, ::-1], paired)
    return np.concatenate([keccak256_rows(ascending.reshape(-1, 64)), below[len(below) & ~1 :]])


def _parent(left: bytes, right: bytes) -> bytes:
    return keccak256(left + right if left < right else right + left)
