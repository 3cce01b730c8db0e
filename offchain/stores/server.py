"""The store that a consortium runs: read by anyone, written by members, for one deployment's artefacts."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from ml.updates.schema import Form
from offchain.errors import OffchainError, StoreError
from offchain.stores.artefacts import is_artefact
from offchain.stores.files import FileStore
from offchain.stores.permits import SCHEME, Place, permitted

logger = logging.getLogger(__name__)

UPLOAD_SECONDS = 60
UPLOADS_AT_ONCE = 8
_WORD = "{root:[0-9a-f]{64}}"


class Gate(Protocol):
    """What the store asks the chain; calls block, and raise OffchainError when the chain does not answer."""

    def now(self) -> int:
        """Unix time of the latest block."""

    def may_write(self, address: str) -> bool:
        """Whether `address` is a member, or left while it still has a seat to play."""

    def is_published(self, root: bytes) -> bool:
        """Whether some member published `root` in some round."""


@dataclass(frozen=True)
class Keeping:
    """What a server keeps.

    Attributes:
        place: The deployment.
        schema: Of its model: an artefact has 4 bytes a parameter.
        folder: Where the files lie.
        gate: The chain.
    """

    place: Place
    schema: Form
    folder: FileStore
    gate: Gate

    @property
    def size(self) -> int:
        """Bytes of an artefact."""
        return 4 * self.schema.size


def application(keeping: Keeping) -> web.Application:
    """Return the server.

    `GET /` says whose artefacts these are, `GET /artefacts/<root>` gives one, `PUT` takes one. A write needs
    a member's permit and a root that was published on chain, so that the chain bounds what is kept: sixteen
    artefacts a round, each paid for by a stake. There is no list and no delete.
    """
    handlers = _Handlers(keeping)
    app = web.Application(client_max_size=keeping.size)
    app.add_routes(
        [
            web.get("/", handlers.describe),
            web.get(f"/artefacts/{_WORD}", handlers.read),
            web.put(f"/artefacts/{_WORD}", handlers.write),
        ]
    )
    return app


class _Handlers:
    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def describe(self, request: web.Request) -> web.Response:
        place = self._keeping.place
        return web.json_response(
            {"chainId": place.chain_id, "manager": place.manager, "bytes": self._keeping.size}
        )

    async def read(self, request: web.Request) -> web.Response:
        keeping = self._keeping
        root = _root(request)
        try:
            data = await asyncio.to_thread(keeping.folder.get, root, keeping.size)
        except StoreError as error:
            logger.error("artefact cannot be read: %s", error)
            return _refusal(500, "the artefact cannot be read")
        if data is None:
            return _refusal(404, "no such artefact")
        return web.Response(body=data, content_type="application/octet-stream")

    async def write(self, request: web.Request) -> web.Response:
        root = _root(request)
        if request.content_length != self._keeping.size:
            return _refusal(413, f"an artefact has {self._keeping.size} bytes, said before it is sent")
        try:
            if refused := await asyncio.to_thread(self._refused, request, root):
                return refused
            async with self._uploads, asyncio.timeout(UPLOAD_SECONDS):
                data = await request.read()
            return await asyncio.to_thread(self._keep, root, data)
        except TimeoutError:
            return _refusal(408, f"an artefact must arrive within {UPLOAD_SECONDS} seconds")
        except OffchainError as error:
            logger.error("artefact cannot be taken: %s", error)
            return _refusal(503, "the chain or the disk does not answer; try again")

    def _refused(self, request: web.Request, root: bytes) -> web.Response | None:
        """What is wrong with a request before its body is read."""
        gate = self._keeping.gate
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme != SCHEME:
            return _refusal(401, f"a write needs the header Authorization: {SCHEME} <permit>")
        now = gate.now()
        try:
            writer = permitted(self._keeping.place, root, text, now)
        except StoreError as error:
            return _refusal(401, str(error))
        if not gate.may_write(writer):
            return _refusal(403, f"{writer} is not a member")
        if not gate.is_published(root):
            return _refusal(403, "nobody published this root on chain")
        return None

    def _keep(self, root: bytes, data: bytes) -> web.Response:
        if not is_artefact(root, data, self._keeping.schema):
            return _refusal(422, "the bytes do not hash to their name")
        self._keeping.folder.put(root, data)
        logger.info("artefact kept", extra={"artefact": root.hex()})
        return web.Response(status=201)


def _root(request: web.Request) -> bytes:
    return bytes.fromhex(request.match_info["root"])


def _refusal(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")
