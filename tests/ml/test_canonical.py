import hashlib
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.errors import SchemaError, UpdateError
from ml.models.perceptron import perceptron_schema
from ml.training.perceptron import Perceptron
from ml.updates.canonical import LEAF_BYTES, digest, from_bytes, leaf_count, leaf_proof, to_bytes, verify_leaf
from ml.updates.fixed_point import encode
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema

PER_LEAF = LEAF_BYTES // 4


def vector(size):
    return Schema((("v", (size,)),))


def update(schema, seed=0):
    return to_bytes(np.random.default_rng(seed).integers(-(2**31), 2**31, schema.size).astype(np.int32))


def word(number):
    return number.to_bytes(32, "big")


def by_hand(data, schema):
    """The digest as the module's docstring words it."""
    padded = data + bytes(-len(data) % LEAF_BYTES)
    leaves = [padded[i : i + LEAF_BYTES] for i in range(0, len(padded), LEAF_BYTES)]
    level = [keccak256(schema.digest + word(i) + word(len(leaves)) + leaf) for i, leaf in enumerate(leaves)]
    while len(level) > 1:
        pairs = itertools.zip_longest(level[::2], level[1::2])
        level = [keccak256(b"".join(sorted(pair))) if pair[1] else pair[0] for pair in pairs]
    return level[0]


def test_keccak_is_the_evms():
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=50))
@settings(deadline=None)
def test_bytes_are_little_endian_and_come_back(values):
    data = to_bytes(np.array(values, np.int32))
    assert data == b"".join(value.to_bytes(4, "little", signed=True) for value in values)
    assert from_bytes(data, vector(len(values))).tolist() == values


def test_parsed_updates_are_writable_and_own_their_memory():
    parsed = from_bytes(bytes(8), vector(2))
    parsed[0] = 1
    assert parsed.tolist() == [1, 0]


@pytest.mark.parametrize("data", [b"", bytes(7), bytes(9), bytes(12)])
def test_bytes_of_the_wrong_length_are_refused(data):
    with pytest.raises(UpdateError, match=f"an update of 2 parameters has 8 bytes, got {len(data)}"):
        from_bytes(data, vector(2))
    with pytest.raises(UpdateError, match=f"got {len(data)}"):
        digest(data, vector(2))


@pytest.mark.parametrize("data", [None, "12345678", bytearray(8), np.zeros(2, np.int32)])
def test_what_is_not_bytes_is_refused(data):
    with pytest.raises(UpdateError, match="an update must be bytes, got "):
        from_bytes(data, vector(2))


@pytest.mark.parametrize(
    "parameters", [np.zeros(2, np.float32), np.zeros(2, np.int64), np.zeros((1, 2), np.int32)]
)
def test_only_int32_vectors_have_canonical_bytes(parameters):
    with pytest.raises(UpdateError, match="int32 vector"):
        to_bytes(parameters)


@pytest.mark.parametrize(
    "size", [1, PER_LEAF - 1, PER_LEAF, PER_LEAF + 1, 2 * PER_LEAF, 5 * PER_LEAF, 7 * PER_LEAF + 3]
)
def test_the_digest_is_the_described_tree(size):
    schema = vector(size)
    assert digest(update(schema), schema) == by_hand(update(schema), schema)


@pytest.mark.parametrize("size", [1, PER_LEAF + 1, 3 * PER_LEAF, 6 * PER_LEAF + 5])
def test_every_leaf_opens_where_it_stands_and_nowhere_else(size):
    schema = vector(size)
    data = update(schema)
    root = digest(data, schema)
    for position in range(leaf_count(schema)):
        leaf, proof = leaf_proof(data, schema, position)
        assert leaf == data[position * LEAF_BYTES :][:LEAF_BYTES].ljust(LEAF_BYTES, b"\0")
        for claimed in range(-1, leaf_count(schema) + 1):
            assert verify_leaf(root, schema, claimed, leaf, proof) == (claimed == position)


def test_a_changed_leaf_proof_root_or_schema_does_not_verify():
    schema, other = vector(4 * PER_LEAF), Schema((("w", (4 * PER_LEAF,)),))
    data = update(schema)
    root = digest(data, schema)
    leaf, proof = leaf_proof(data, schema, 2)
    assert verify_leaf(root, schema, 2, leaf, proof)
    assert not verify_leaf(root, schema, 2, bytes([leaf[0] ^ 1]) + leaf[1:], proof)
    assert not verify_leaf(root, schema, 2, leaf[:-1], proof)
    assert not verify_leaf(root, schema, 2, leaf, proof[:-1])
    assert not verify_leaf(root, schema, 2, leaf, [*proof, bytes(32)])
    assert not verify_leaf(root, schema, 2, leaf, [proof[0][:31], *proof[1:]])
    assert not verify_leaf(keccak256(root), schema, 2, leaf, proof)
    assert not verify_leaf(root, other, 2, leaf, proof)


@pytest.mark.parametrize("position", [-1, 3])
def test_a_leaf_that_does_not_exist_has_no_proof(position):
    schema = vector(3 * PER_LEAF)
    with pytest.raises(UpdateError, match=f"leaf {position} does not exist; there are 3 leaves"):
        leaf_proof(update(schema), schema, position)


def test_the_digest_binds_content_length_and_schema():
    two, swapped = Schema((("a", (2,)), ("b", (1,)))), Schema((("a", (1,)), ("b", (2,))))
    renamed, longer = Schema((("a", (2,)), ("c", (1,)))), Schema((("a", (2,)), ("b", (2,))))
    digests = [digest(bytes(12), schema) for schema in (two, swapped, renamed)]
    digests += [digest(bytes(16), longer), digest(bytes(11) + b"\1", two)]
    assert len(set(digests)) == len(digests)


def test_the_digest_never_changes():
    """A constant written down once: another machine, version or thread count must find it too."""
    learner = Perceptron(20, hidden=64)
    schema = learner.schema
    data = to_bytes(np.arange(-30, schema.size - 30, dtype=np.int32) * 300_007)
    assert schema.digest.hex() == "ac5ef517c609ffb1601e1a83fec369bf9a1c60c776c41205fafc090a951feda8"
    assert digest(data, schema).hex() == "3285d5cace9abd55e35b81ec3ca8a314bac5a3af113c73cffa801e83c4d9ea6e"
    assert (
        hashlib.sha256(to_bytes(encode(learner.initial_parameters(3)))).hexdigest()
        == "c727831b558de1839ea0d864a08ba1aedfe4690d14d9f3697d581fbea4c0a3ed"
    )


def test_the_digest_does_not_depend_on_threads():
    schema = perceptron_schema((60, 128, 128, 1))
    data = update(schema)
    before = torch.get_num_threads()
    try:
        found = set()
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.add(digest(to_bytes(from_bytes(data, schema)), schema))
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1


@pytest.mark.parametrize(
    "entries", [(), (("", (1,)),), (("a", (1,)), ("a", (2,))), (("a", (0,)),), (("a", (2, -1)),)]
)
def test_a_schema_that_cannot_be_is_refused(entries):
    with pytest.raises(SchemaError):
        Schema(entries)
