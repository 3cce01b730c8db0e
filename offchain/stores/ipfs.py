"""Artefacts in IPFS, through the HTTP API of one's own node (Kubo's `/api/v0`)."""

import json
from base64 import b32decode
from collections.abc import Mapping
from typing import Any

import requests

from ml.errors import UpdateError
from ml.updates.blocks import LARGEST_BLOCK, blocks, join
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema
from offchain.errors import SilentStoreError, StoreError
from offchain.stores.http import read_limited
from offchain.urls import shown

PREFIX = "ipfs+"
CONNECT_SECONDS, READ_SECONDS = 5, 30
_TRIAL = b"StakeFed"
_RAW_KECCAK256 = bytes([0x01, 0x55, 0x1B, 0x20])  # CIDv1, codec raw, multihash keccak-256 of 32 bytes.


def cid(digest: bytes) -> str:
    """Return the CID of the block whose Keccak-256 is `digest`, in base 16.

    >>> cid(bytes(32))[:12]
    'f01551b20000'
    """
    return "f" + (_RAW_KECCAK256 + digest).hex()


class IpfsStore:
    """A `Store` that keeps an artefact as the blocks of its Merkle tree.

    IPFS can name blocks by Keccak-256, and the tree's nodes are such hashes: the root on chain is itself the
    CID of the first block. So nobody has to be told a CID, no table maps one name to the other, and a block
    from a stranger's node is checked against the chain as it comes.

    Attributes:
        name: The API's URL without user and password.
    """

    def __init__(self, url: str, schema: Schema) -> None:
        """Name the API, such as `ipfs+http://127.0.0.1:5001`; nothing is sent yet."""
        self.name = shown(url)
        self._api = url.removeprefix(PREFIX).rstrip("/") + "/api/v0/"
        self._schema = schema
        self._session = requests.Session()

    def get(self, root: bytes, size: int) -> bytes | None:
        """Return the update put together from its blocks; None when the network lacks one."""
        try:
            return join(root, self._schema, self._block)
        except UpdateError as error:
            raise StoreError(f"{self.name} gave a wrong block: {error}") from error

    def put(self, root: bytes, data: bytes) -> None:
        """Give the node every block, pinned: the garbage collector leaves pinned blocks alone."""
        for block in blocks(data, self._schema):
            self._put_block(block)

    def check(self) -> None:
        """Have the node keep a small block, always the same, and give it back."""
        self._put_block(_TRIAL)
        if self._block(keccak256(_TRIAL)) != _TRIAL:
            raise StoreError(f"store {self.name} does not give back the block that it was given")

    def _put_block(self, block: bytes) -> None:
        options = {"cid-codec": "raw", "mhtype": "keccak-256", "mhlen": "32", "pin": "true"}
        with self._call("block/put", options, files={"data": block}) as answer:
            self._require_ok(answer)
            key = _json(answer).get("Key", "")
        if not _is_of(key, keccak256(block)):
            raise StoreError(f"{self.name} kept a block as {key!r}, expected {cid(keccak256(block))}")

    def _block(self, digest: bytes) -> bytes | None:
        # What the node lacks it asks the network for, as long as the read limit lets it.
        with self._call("block/get", {"arg": cid(digest)}) as answer:
            if answer.status_code == 500 and "not found" in _message(answer):
                return None
            self._require_ok(answer)
            return read_limited(answer, LARGEST_BLOCK, self.name)

    def _call(self, command: str, options: Mapping[str, str], **body: Any) -> requests.Response:
        try:
            return self._session.post(
                self._api + command,
                params=options,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                stream=True,
                allow_redirects=False,
                **body,
            )
        except requests.RequestException as error:
            raise SilentStoreError(f"store {self.name} does not answer: {error}") from error

    def _require_ok(self, answer: requests.Response) -> None:
        if answer.status_code != 200:
            raise StoreError(f"store {self.name} answers {answer.status_code}: {_message(answer)}")


def _is_of(key: Any, digest: bytes) -> bool:
    # Kubo answers in base 32 unless told otherwise: compare the bytes, not the letters.
    return isinstance(key, str) and _decoded(key) == _RAW_KECCAK256 + digest


def _decoded(key: str) -> bytes:
    base, text = key[:1], key[1:]
    try:
        if base == "f":
            return bytes.fromhex(text)
        return b32decode(text.upper() + "=" * (-len(text) % 8)) if base == "b" else b""
    except ValueError:
        return b""


def _json(answer: requests.Response) -> Mapping[str, Any]:
    try:
        content = json.loads(read_limited(answer, LARGEST_BLOCK, answer.url))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _message(answer: requests.Response) -> str:
    return str(_json(answer).get("Message", answer.reason))
