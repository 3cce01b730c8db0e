"""An update as the blocks whose hashes are its Merkle tree, for stores that keep blocks by their Keccak-256.

A tree's node is the hash of some bytes: of 64 for two children, of 4192 for a leaf and what it binds. Kept
as blocks under these hashes, the whole update is found from its root, and every block is checked as it comes.
"""

from collections.abc import Callable, Iterator

from ml.errors import UpdateError
from ml.updates.canonical import LEAF_BYTES, leaf_count
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema

_PAIR_BYTES = 64
_BOUND_BYTES = 96  # Schema digest, position, leaf count.
LARGEST_BLOCK = _BOUND_BYTES + LEAF_BYTES


def blocks(data: bytes, schema: Schema) -> Iterator[bytes]:
    """Yield the blocks of an update's canonical bytes, leaves first and the root's last.

    Raises:
        UpdateError: When the bytes do not fit the schema.
    """
    if len(data) != 4 * schema.size:
        raise UpdateError(
            f"an update of {schema.size} parameters has {4 * schema.size} bytes, got {len(data)}"
        )
    count = leaf_count(schema)
    level = []
    for position in range(count):
        leaf = data[position * LEAF_BYTES : (position + 1) * LEAF_BYTES].ljust(LEAF_BYTES, b"\0")
        block = _bound(schema, position, count) + leaf
        yield block
        level.append(keccak256(block))
    while len(level) > 1:
        above = []
        for left, right in zip(level[::2], level[1::2], strict=False):
            block = left + right if left < right else right + left
            yield block
            above.append(keccak256(block))
        level = above + level[len(level) & ~1 :]


def join(root: bytes, schema: Schema, block_of: Callable[[bytes], bytes | None]) -> bytes | None:
    """Return the canonical bytes of the update `root`; None when a block is missing.

    Args:
        root: 32 bytes.
        schema: The update's.
        block_of: The block kept under a hash, from anyone: it is checked.

    Raises:
        UpdateError: When a block is not what its hash says, or is no part of such an update. No more blocks
            are asked for than an update has.
    """
    count = leaf_count(schema)
    leaves: dict[int, bytes] = {}
    pending = [root]
    for _ in range(2 * count - 1):
        node = pending.pop()
        block = block_of(node)
        if block is None:
            return None
        if keccak256(block) != node:
            raise UpdateError(f"the block of {node.hex()} hashes to {keccak256(block).hex()}")
        if len(block) == _PAIR_BYTES:
            pending += [block[:32], block[32:]]
        else:
            position = int.from_bytes(block[32:64])
            if len(block) != LARGEST_BLOCK or block[:_BOUND_BYTES] != _bound(schema, position, count):
                raise UpdateError(f"the block of {node.hex()} is no part of an update of this schema")
            leaves[position] = block[_BOUND_BYTES:]
        if not pending:
            break
    if len(leaves) != count:
        raise UpdateError(f"{root.hex()} leads to {len(leaves)} leaves, expected {count}")
    return b"".join(leaves[position] for position in range(count))[: 4 * schema.size]


def _bound(schema: Schema, position: int, count: int) -> bytes:
    return schema.digest + position.to_bytes(32) + count.to_bytes(32)
