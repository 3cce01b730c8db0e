"""URLs in messages: no user, password or key."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from ml.updates.schema import Schema
from offchain.errors import ChainError, StoreError, TrackingError
from offchain.live.access.network import Nodes, connect
from offchain.live.deploying.configuration import load_configuration
from offchain.live.errors import ConfigurationError, NodeUnavailableError, RelayError
from offchain.live.relaying.entries import Entry
from offchain.live.relaying.line import RelayLine
from offchain.stores.opening import open_store
from offchain.tracking.tracker import Tracking, _told
from offchain.urls import shown, url_fault, without_secrets


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://key:secret@bucket/x@y", "s3://bucket/..."),
        ("/a/plain@folder", "/a/plain@folder"),
        ("file:///a/plain@folder", "file:///a/plain@folder"),
        ("https://me:secret@store.example:8443", "https://store.example:8443"),
        ("https://me:secret@store.example:8443/", "https://store.example:8443"),
        ("https://me:secret@store.example:8443/a", "https://store.example:8443/..."),
        ("https://store.example/secret/artefacts", "https://store.example/..."),
        ("https://bucket.example/x?X-Amz-Signature=secret", "https://bucket.example/..."),
        ("https://store.example/?token=secret", "https://store.example/..."),
        ("https://store.example?token=secret", "https://store.example/..."),
        ("https://store.example#secret", "https://store.example/..."),
        ("http://me:secret@127.0.0.1:1/x?u=http://y", "http://127.0.0.1:1/..."),
        ("http://me:sec/ret@host/x", "http://host/..."),
        ("http://me:sec@ret@host/x", "http://host/..."),
        ("https://[::1]:8787/a@b", "https://[::1]:8787/..."),
        ("https://me:secret@[fe80::ab:1]/a?token=secret", "https://[fe80::ab:1]/..."),
        ("filecache::s3://bucket/a", "filecache::s3://bucket/..."),
        ("zip://a.zip::https://me:secret@host/b", "zip://a.zip::https://host/..."),
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
        "404 for /path-of-a-key/x",
        "no route path%2Dof%2Da%2Dkey or path-of-a-key",
    ],
)
def test_what_a_library_says_of_a_url_shows_none(text):
    told = without_secrets(text, "https://me:s3%20cret@host/path%2Dof%2Da%2Dkey/x?token=abcdef")
    secrets = ("s3%20cret", "s3 cret", "abcdef", "path%2Dof", "path-of-a-key")
    assert not any(secret in told for secret in secrets), told


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


SECRET = "kEy-0123456789"


@pytest.fixture
def echoing():
    """The URL of a server that refuses everything, and repeats the path that it was asked for."""

    class Echo(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.dumps({"Message": f"no {self.path}", "chainId": 1, "manager": "0x"}).encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("part", ["user:{}@", "/{}/a", "/a?token={}", "/{}"])
@pytest.mark.parametrize("kind", ["http", "ipfs+http", "node", "relay", "mlflow"])
def test_no_part_of_a_url_that_only_its_owner_may_know_is_told_when_it_fails(echoing, caplog, part, kind):
    place = echoing
    given = part.format(SECRET)
    url = f"http://{given}{place}" if given.endswith("@") else f"http://{place}{given}"
    with pytest.raises((StoreError, RelayError, ChainError, TrackingError)) as refused:
        _use(kind, url, caplog)
    told = str(refused.value) + caplog.text
    assert place in told and SECRET not in told, told


def _use(kind, url, caplog):
    schema = Schema((("a", (1,)),))
    if kind == "node":
        connect(Nodes(rpcs=(url,))).head()
    elif kind == "relay":
        line = RelayLine(url, SimpleNamespace(entry=lambda *_: Entry.model_construct()), 60.0)
        line.hand_over("propose", 1, ())
        raise RelayError(f"{shown(url)} {caplog.text}")
    elif kind == "mlflow":
        with _told(Tracking("mlflow", url)):
            raise RuntimeError(f"no {url}/api")
    else:
        open_store(url if kind == "http" else f"ipfs+{url}", schema).check()


def test_a_configuration_names_no_url(tmp_path):
    text = (Path(__file__).resolve().parents[2] / "deployments" / "sepolia.yaml").read_text()
    file = tmp_path / "a.yaml"
    file.write_text(text.replace("ethereum:sepolia", f"https://node.example/{SECRET}"))
    with pytest.raises(ConfigurationError, match="network: expected Ape's name of a network") as refused:
        load_configuration(file)
    assert SECRET not in str(refused.value)
