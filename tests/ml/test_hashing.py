import numpy as np
import pytest
from Crypto.Hash import keccak

from ml.updates.canonical import LEAF_BYTES, digest, leaf_proof, verify_leaf
from ml.updates.hashing import LANES_PAY_FROM, keccak256, keccak256_rows
from ml.updates.keccak_lanes import LANES, keccak256_lanes
from ml.updates.schema import Schema


def plain(data):
    """Another library's, one message at a time."""
    return keccak.new(digest_bits=256, data=data).digest()


def rows(count, length):
    return np.random.default_rng([count, length]).integers(0, 256, (count, length), dtype=np.uint8)


@pytest.mark.parametrize("length", [0, 1, 64, 135, 136, 137, 272, 4192])
def test_a_hash_is_another_librarys(length):
    data = rows(1, length).tobytes()
    assert keccak256(data) == plain(data)


# A message just below, at and above a block of 136 bytes, in numbers around a full set of lanes.
@pytest.mark.parametrize("words", [0, 1, 8, 16, 17, 18, 33, 34, 524])
@pytest.mark.parametrize("count", [1, LANES - 1, LANES, LANES + 1, 3 * LANES])
def test_hashes_side_by_side_are_those_one_by_one(count, words):
    messages = rows(count, 8 * words)
    hashes = keccak256_lanes(messages.view("<u8").reshape(count, words))
    assert [row.tobytes() for row in hashes] == [plain(row.tobytes()) for row in messages]


@pytest.mark.parametrize("count", [1, LANES_PAY_FROM - 1, LANES_PAY_FROM, LANES_PAY_FROM + 1])
def test_many_rows_and_few_are_hashed_alike(count):
    messages = rows(count, 72)
    assert [row.tobytes() for row in keccak256_rows(messages)] == [plain(row.tobytes()) for row in messages]


@pytest.mark.parametrize("leaves", [255, 256, 511, 512, 1000])
@pytest.mark.parametrize("missing", [0, 4, LEAF_BYTES - 4])
def test_the_digest_of_a_large_update_is_the_plain_trees(leaves, missing):
    size = (leaves * LEAF_BYTES - missing) // 4
    schema = Schema((("w", (size,)),))
    data = rows(1, 4 * size).tobytes()
    root = digest(data, schema)
    assert root == plain_tree(data, schema, leaves)
    for position in (0, leaves // 2, leaves - 1):
        leaf, proof = leaf_proof(data, schema, position)
        assert verify_leaf(root, schema, position, leaf, proof)


def plain_tree(data, schema, leaves):
    nodes = [
        plain(
            schema.digest
            + position.to_bytes(32, "big")
            + leaves.to_bytes(32, "big")
            + data[position * LEAF_BYTES : (position + 1) * LEAF_BYTES].ljust(LEAF_BYTES, b"\0")
        )
        for position in range(leaves)
    ]
    while len(nodes) > 1:
        pairs = [sorted(nodes[i : i + 2]) for i in range(0, len(nodes), 2)]
        nodes = [plain(b"".join(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
    return nodes[0]
