"""Artefacts in IPFS, through the HTTP API of one's own node (Kubo's `/api/v0`)."""

from base64 import b32decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from urllib3.filepost import encode_multipart_formdata

from ml.errors import UpdateError
from ml.json_text import parsed
from ml.messages import cleaned
from ml.updates.blocks import LARGEST_BLOCK, blocks, join
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema
from offchain.errors import SilentStoreError, StoreError
from offchain.exchange import Answer, ExchangeError, TooLongError, exchange
from offchain.stores.waiting import left
from offchain.urls import shown, without_secrets

PREFIX = "ipfs+"
SECONDS = 28.0
"""For a whole exchange: less than an attempt, so that it ends by itself."""
_TRIAL = b"StakeFed"
_REASON = 300  # characters
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
        name: The API's URL as it may be shown.
    """

    def __init__(self, url: str, schema: Schema) -> None:
        """Name the API, such as `ipfs+http://127.0.0.1:5001`; nothing is sent yet."""
        self.name = shown(url)
        self._url = url
        self._api = url.removeprefix(PREFIX).rstrip("/") + "/api/v0/"
        self._schema = schema

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

    def check(self, size: int = 0) -> None:
        """Have the node keep a small block, always the same, and give it back."""
        self._put_block(_TRIAL)
        if self._block(keccak256(_TRIAL)) != _TRIAL:
            raise StoreError(f"store {self.name} does not give back the block that it was given")

    def _put_block(self, block: bytes) -> None:
        options = {"cid-codec": "raw", "mhtype": "keccak-256", "mhlen": "32", "pin": "true"}
        body, kind = encode_multipart_formdata({"data": ("data", block)})
        answer = self._call("block/put", options, body, {"Content-Type": kind})
        self._require_ok(answer)
        key = _json(answer).get("Key", "")
        if not _is_of(key, keccak256(block)):
            said = cleaned(without_secrets(key, self._url), _REASON)
            raise StoreError(f"{self.name} kept a block as {said!r}, expected {cid(keccak256(block))}")

    def _block(self, digest: bytes) -> bytes | None:
        # What the node lacks it asks the network for, as long as the limit lets it.
        answer = self._call("block/get", {"arg": cid(digest)})
        if answer.status == 500 and "not found" in _message(answer):
            return None
        self._require_ok(answer)
        return answer.body

    def _call(
        self,
        command: str,
        options: Mapping[str, str],
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        url = f"{self._api}{command}?{urlencode(options)}"
        try:
            return exchange("POST", url, left(SECONDS), LARGEST_BLOCK, body, headers)
        except TooLongError as error:
            raise StoreError(f"store {self.name} {error}") from error
        except ExchangeError as error:
            raise SilentStoreError(f"store {self.name} does not answer: it {error}") from error

    def _require_ok(self, answer: Answer) -> None:
        if answer.status != 200:
            said = without_secrets(_message(answer), self._url)
            raise StoreError(f"store {self.name} answers {answer.status}: {said}")


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


def _json(answer: Answer) -> Mapping[str, Any]:
    try:
        content = parsed(answer.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _message(answer: Answer) -> str:
    return cleaned(_json(answer).get("Message", "no reason given"), _REASON)
