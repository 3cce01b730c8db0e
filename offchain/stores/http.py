"""Artefacts on the server that a consortium runs (`ape run store`)."""

import json
import time
from collections.abc import Callable

import requests

from offchain.errors import SilentStoreError, StoreError
from offchain.stores.permits import SCHEME, Place
from offchain.urls import shown

CONNECT_SECONDS, READ_SECONDS = 5, 20
_ANSWER_BYTES = 4096
_PIECE_BYTES = 65_536

Permit = Callable[[bytes], str]
"""What a member may write a root with: the value of the header `Authorization`."""


class HttpStore:
    """A `Store` behind HTTP: anyone reads, members write what they signed for.

    Attributes:
        name: The URL without user and password.
    """

    def __init__(self, url: str, place: Place | None = None, permit: Permit | None = None) -> None:
        """Name the server; nothing is sent yet.

        Args:
            url: Such as https://store.example.
            place: The deployment whose artefacts it should keep; none to take its word.
            permit: What makes a permit to write; none to read only.
        """
        self.name = shown(url)
        self._url = url.rstrip("/")
        self._place = place
        self._permit = permit
        self._session = requests.Session()

    def get(self, root: bytes, size: int) -> bytes | None:
        """Return the `size` bytes kept under `root`; None when the server has nothing."""
        with self._request("GET", self._of(root)) as answer:
            if answer.status_code == 404:
                return None
            self._require(answer, 200)
            data = read_limited(answer, size, self.name)
        if len(data) != size:
            raise StoreError(f"store {self.name} sent {len(data)} bytes, an artefact has {size}")
        return data

    def put(self, root: bytes, data: bytes) -> None:
        """Send an artefact with a permit."""
        if self._permit is None:
            raise StoreError(f"store {self.name} takes writes of members only, and no account was given")
        headers = {"Authorization": f"{SCHEME} {self._permit(root)}"}
        with self._request("PUT", self._of(root), data=data, headers=headers) as answer:
            self._require(answer, 200, 201)

    def check(self) -> None:
        """Ask whose artefacts the server keeps."""
        with self._request("GET", "/") as answer:
            self._require(answer, 200)
            text = read_limited(answer, _ANSWER_BYTES, self.name)
        try:
            content = json.loads(text)
            keeps = Place(int(content["chainId"]), str(content["manager"]).lower())
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self.name} is no StakeFed store: it does not say whose") from error
        if self._place is not None and keeps != self._place:
            raise StoreError(f"store {self.name} keeps artefacts of {keeps}, not of {self._place}")

    def _of(self, root: bytes) -> str:
        return f"/artefacts/{root.hex()}"

    def _request(
        self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._url + path,
                data=data,
                headers={"Accept-Encoding": "identity", **(headers or {})},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                stream=True,
                allow_redirects=False,  # A store that sends us elsewhere chooses what we connect to.
            )
        except requests.RequestException as error:
            raise SilentStoreError(f"store {self.name} does not answer: {error}") from error

    def _require(self, answer: requests.Response, *expected: int) -> None:
        if answer.status_code not in expected:
            reason = read_limited(answer, _ANSWER_BYTES, self.name).decode(errors="replace").strip()
            raise StoreError(f"store {self.name} answers {answer.status_code}: {reason or answer.reason}")


def read_limited(answer: requests.Response, limit: int, name: str, seconds: float = READ_SECONDS) -> bytes:
    """Return an answer's body, as it came, in no more than `limit` bytes and `seconds`.

    Raises:
        StoreError: When it is longer, slower or cut off.
    """
    ends = time.monotonic() + seconds
    body = bytearray()
    try:
        for piece in answer.iter_content(_PIECE_BYTES):
            body += piece
            if len(body) > limit:
                raise StoreError(f"store {name} sends more than {limit} bytes")
            if time.monotonic() > ends:
                raise StoreError(f"store {name} sent {len(body)} bytes in {seconds:g} seconds, too slowly")
    except requests.RequestException as error:
        raise StoreError(f"store {name} stopped answering: {error}") from error
    return bytes(body)
