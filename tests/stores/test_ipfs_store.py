"""Against a server that speaks the block API of Kubo's reference; a Kubo daemon itself was not at hand."""

import pytest
from aiohttp import web
from serving import serving
from store_parts import SCHEMA, answering, artefact, kubo

from ml.updates.blocks import blocks
from ml.updates.hashing import keccak256
from offchain.errors import StoreError
from offchain.stores.ipfs import IpfsStore, cid

ROOT, DATA = artefact()


@pytest.fixture
def ipfs_node():
    kept = {}
    with serving(kubo(kept)) as url:
        yield IpfsStore(f"ipfs+{url}", SCHEMA), kept


def key(block):
    return bytes.fromhex(cid(keccak256(block))[1:])


def test_what_was_put_is_got(ipfs_node):
    store, kept = ipfs_node
    assert store.get(ROOT, len(DATA)) is None
    store.put(ROOT, DATA)
    assert store.get(ROOT, len(DATA)) == DATA
    assert len(kept) == 5 + 4  # Leaves and pairs; nothing else names the artefact.
    store.check()
    store.check()
    assert len(kept) == 5 + 4 + 1


def test_the_root_is_the_cid_of_the_first_block(ipfs_node):
    store, kept = ipfs_node
    store.put(ROOT, DATA)
    assert bytes.fromhex(cid(ROOT)[1:]) in kept


def test_a_block_that_is_missing_is_as_good_as_none(ipfs_node):
    store, kept = ipfs_node
    store.put(ROOT, DATA)
    del kept[key(list(blocks(DATA, SCHEMA))[2])]
    assert store.get(ROOT, len(DATA)) is None


def test_a_block_of_other_bytes_is_refused(ipfs_node):
    store, kept = ipfs_node
    store.put(ROOT, DATA)
    kept[key(list(blocks(DATA, SCHEMA))[2])] = b"\0" * 4192
    with pytest.raises(StoreError, match="wrong block: the block of .* hashes to"):
        store.get(ROOT, len(DATA))


def test_a_block_that_is_too_long_is_not_read(ipfs_node):
    store, kept = ipfs_node
    kept[bytes.fromhex(cid(ROOT)[1:])] = b"\0" * 10_000_000
    with pytest.raises(StoreError, match="sends more than 4192 bytes"):
        store.get(ROOT, len(DATA))


def test_a_tree_that_never_ends_is_left(ipfs_node):
    store, kept = ipfs_node
    pair = keccak256(b"a") + keccak256(b"b")
    for _ in range(40):
        kept[key(pair)] = pair
        pair = keccak256(pair) * 2
    root = keccak256(pair)
    kept[key(pair)] = pair
    with pytest.raises(StoreError, match="leads to 0 leaves, expected 5"):
        store.get(root, len(DATA))


def test_a_node_that_keeps_it_under_another_name_is_refused():
    async def other(request):
        return web.json_response({"Key": cid(bytes(32))})

    with serving(answering(other)) as url, pytest.raises(StoreError, match="kept a block as"):
        IpfsStore(f"ipfs+{url}", SCHEMA).put(ROOT, DATA)


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (500, {"Message": "potentially insecure hash functions not allowed"}, "insecure hash functions"),
        (200, {"Key": cid(bytes(32))}, "kept a block as"),
        (404, {}, "answers 404"),
    ],
    ids=["another hash", "another name", "no API"],
)
def test_a_node_that_cannot_keep_blocks_so_is_found_out_at_the_start(status, answer, told):
    async def node(request):
        return web.json_response(answer, status=status)

    with serving(answering(node)) as url, pytest.raises(StoreError, match=told):
        IpfsStore(f"ipfs+{url}", SCHEMA).check()


def test_a_node_that_forgets_is_found_out_at_the_start():
    class Nowhere(dict):
        def __setitem__(self, name, block):
            pass

    with serving(kubo(Nowhere())) as url, pytest.raises(StoreError, match="does not give back the block"):
        IpfsStore(f"ipfs+{url}", SCHEMA).check()


def test_no_node_is_said():
    with pytest.raises(StoreError, match="store ipfs\\+http://127.0.0.1:1 does not answer"):
        IpfsStore("ipfs+http://127.0.0.1:1", SCHEMA).check()
