import numpy as np
import pytest

from ml.errors import UpdateError
from ml.updates.blocks import blocks, join
from ml.updates.canonical import digest, to_bytes
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema


def update(size):
    schema = Schema((("w", (size,)),))
    values = np.random.default_rng(size).integers(-(2**31), 2**31, size, dtype=np.int64).astype(np.int32)
    return schema, to_bytes(values)


@pytest.mark.parametrize("size", [1, 1023, 1024, 1025, 2049, 3000, 5 * 1024, 7 * 1024 + 1, 16 * 1024])
def test_the_blocks_lead_from_the_root_back_to_the_update(size):
    schema, data = update(size)
    kept = {keccak256(block): block for block in blocks(data, schema)}
    assert keccak256(list(blocks(data, schema))[-1]) == digest(data, schema)
    assert join(digest(data, schema), schema, kept.get) == data


def test_equal_leaves_are_blocks_of_their_own():
    schema = Schema((("w", (4096,)),))
    data = bytes(4 * 4096)
    assert len({keccak256(block) for block in blocks(data, schema)}) == 7


def test_the_blocks_of_another_schema_are_refused():
    schema, data = update(3000)
    other = Schema((("v", (3000,)),))
    kept = {keccak256(block): block for block in blocks(data, schema)}
    with pytest.raises(UpdateError, match="is no part of an update of this schema"):
        join(digest(data, schema), other, kept.get)


def test_bytes_of_another_length_have_no_blocks():
    schema, data = update(3000)
    with pytest.raises(UpdateError, match="has 12000 bytes, got 11999"):
        list(blocks(data[:-1], schema))
