"""Artefacts on the server that a consortium runs (`ape run store`)."""

from collections.abc import Callable

from pydantic import ValidationError

from ml.messages import cleaned
from offchain.errors import SilentStoreError, StoreError
from offchain.exchange import Answer, ExchangeError, TooLongError, exchange
from offchain.stores.permits import SCHEME, Place
from offchain.stores.waiting import left
from offchain.urls import shown, without_secrets
from offchain.whose import Whose

SECONDS = 28.0
"""For a whole exchange: less than an attempt, so that it ends by itself."""
_ANSWER_BYTES = 4096
_REASON = 300  # characters

Permit = Callable[[bytes | None], str]
"""What a member may write a root with, or, for None, read with: a permit for the header `Authorization`."""


class HttpStore:
    """A `Store` behind HTTP: members write what they signed for; anyone reads, or members alone.

    Attributes:
        name: The URL as it may be shown.
    """

    def __init__(self, url: str, place: Place | None = None, permit: Permit | None = None) -> None:
        """Name the server; nothing is sent yet.

        Args:
            url: Such as https://store.example.
            place: The deployment whose artefacts it should keep; none to take its word.
            permit: What makes permits; none to read where anyone does.
        """
        self.name = shown(url)
        self._url = url.rstrip("/")
        self._place = place
        self._permit = permit
        self._reading = ""  # A permit to read, once the server asked for one.

    def get(self, root: bytes, size: int) -> bytes | None:
        """Return the `size` bytes kept under `root`; None when the server has nothing."""
        answer = self._read(root, size)
        if answer.status == 404:
            return None
        self._require(answer, 200)
        if len(answer.body) != size:
            raise StoreError(f"store {self.name} sent {len(answer.body)} bytes, an artefact has {size}")
        return answer.body

    def _read(self, root: bytes, size: int) -> Answer:
        """Ask with the permit that was good last, and once more with a new one where that is no longer."""
        answer = self._request("GET", self._of(root), size, headers=_permitted(self._reading))
        if answer.status == 401 and self._permit is not None:
            self._reading = self._permit(None)
            answer = self._request("GET", self._of(root), size, headers=_permitted(self._reading))
        return answer

    def put(self, root: bytes, data: bytes) -> None:
        """Send an artefact with a permit."""
        if self._permit is None:
            raise StoreError(f"store {self.name} takes writes of members only, and no account was given")
        headers = _permitted(self._permit(root))
        self._require(self._request("PUT", self._of(root), 0, data, headers), 200, 201)

    def check(self, size: int = 0) -> None:
        """Ask whose artefacts the server keeps."""
        answer = self._request("GET", "/")
        self._require(answer, 200)
        try:
            said = Whose.model_validate_json(answer.body)
        except ValidationError as error:
            raise StoreError(f"{self.name} is no StakeFed store: it does not say whose") from error
        keeps = Place(said.chain_id, said.manager.lower())
        if self._place is not None and keeps != self._place:
            raise StoreError(f"store {self.name} keeps artefacts of {keeps}, not of {self._place}")

    def _of(self, root: bytes) -> str:
        return f"/artefacts/{root.hex()}"

    def _request(
        self,
        method: str,
        path: str,
        limit: int = 0,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        wanted = {"Accept-Encoding": "identity", **(headers or {})}
        most = max(limit, _ANSWER_BYTES)
        try:
            return exchange(method, self._url + path, left(SECONDS), most, data, wanted)
        except TooLongError as error:
            raise StoreError(f"store {self.name} {error}") from error
        except ExchangeError as error:
            raise SilentStoreError(f"store {self.name} does not answer: it {error}") from error

    def _require(self, answer: Answer, *expected: int) -> None:
        if answer.status not in expected:
            said = without_secrets(answer.body.decode(errors="replace"), self._url)
            reason = cleaned(said, _REASON)
            raise StoreError(f"store {self.name} answers {answer.status}: {reason or 'no reason given'}")


def _permitted(permit: str) -> dict[str, str]:
    return {"Authorization": f"{SCHEME} {permit}"} if permit else {}
