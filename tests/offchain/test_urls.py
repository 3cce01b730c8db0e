"""URLs in messages: no user, password or key."""

import pytest

from ml.updates.schema import Schema
from offchain.errors import StoreError
from offchain.live.access.network import Nodes, connect
from offchain.live.errors import NodeUnavailableError
from offchain.stores.opening import open_store
from offchain.urls import shown, url_fault, without_secrets


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://key:secret@bucket/x@y", "s3://bucket/x@y"),
        ("/a/plain@folder", "/a/plain@folder"),
        ("https://me:secret@store.example:8443/a", "https://store.example:8443/a"),
        ("https://store.example/?token=secret", "https://store.example/"),
        ("https://store.example#secret", "https://store.example"),
        ("http://me:secret@127.0.0.1:1/x?u=http://y", "http://127.0.0.1:1/x"),
        ("http://me:sec/ret@host/x", "http://host/x"),
        ("http://me:sec@ret@host/x", "http://host/x"),
        ("https://[::1]:8787/a@b", "https://[::1]:8787/a@b"),
        ("zip://a.zip::https://me:secret@host/b", "zip://a.zip::https://host/b"),
        ("ipfs+http://me:secret@127.0.0.1:5001", "ipfs+http://127.0.0.1:5001"),
    ],
)
def test_a_url_is_shown_without_secrets(url, told):
    assert shown(url) == told


@pytest.mark.parametrize(
    "text",
    [
        "cannot connect to https://me:s3%20cret@host/x?token=abcdef",
        "bucket me:s3%20cret@host is none",
        "login as me with s3 cret failed",
        "Max retries exceeded with url: /x?token=abcdef",
    ],
)
def test_what_a_library_says_of_a_url_shows_none(text):
    told = without_secrets(text, "https://me:s3%20cret@host/x?token=abcdef")
    assert not any(secret in told for secret in ("s3%20cret", "s3 cret", "abcdef")), told


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://node.example/v3/key", None),
        ("HTTP://127.0.0.1:8545", None),
        ("http://[::1]:8545/", None),
        ("http://ä.example", None),
        ("http://", "it names no host"),
        ("https://me:secret@", "it names no host"),
        ("http://:8545", "it names no host"),
        ("http://[::1", "its host or port is none"),
        ("http://host:port", "its host or port is none"),
        ("http://host:99999", "its host or port is none"),
        ("http://host:0", "its host or port is none"),
        ("http://a b", "it has spaces or invisible characters in it"),
        ("http://host\n", "it has spaces or invisible characters in it"),
        ("http://ho\u200bst", "it has spaces or invisible characters in it"),
    ],
)
def test_what_keeps_a_url_from_being_one_is_said(url, why):
    assert url_fault(url) == why


@pytest.mark.parametrize("url", ["http://[::1", "https://me:secret@", "http://host:port", "http://a b"])
@pytest.mark.parametrize("scheme", ["", "IPFS+", "ipfs+"])
def test_a_url_that_is_none_is_no_store(url, scheme):
    with pytest.raises(StoreError, match="is no URL of a store: it") as refused:
        open_store(scheme + url, Schema((("a", (1,)),)))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://[::1", "https://me:secret@", "http://host:port", "http://a b"])
@pytest.mark.parametrize("place", ["network", "rpcs"])
def test_a_url_that_is_none_is_no_node(url, place):
    nodes = Nodes(network=url) if place == "network" else Nodes(rpcs=(url,))
    with pytest.raises(NodeUnavailableError, match="is no URL of a node: it") as refused:
        connect(nodes)
    assert "secret" not in str(refused.value)
