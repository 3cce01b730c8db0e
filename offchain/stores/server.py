"""The store that a consortium runs: written by members, read by anyone or by members, for one deployment."""

import asyncio
import logging
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol

from aiohttp import web

from ml.updates.schema import Form
from offchain.errors import OffchainError, StoreError
from offchain.monitoring.measures import KEPT
from offchain.serving import CONNECTIONS_OF, Places, Rank, Seldom, Work, refusal, sent_by_pieces
from offchain.serving import application as serving_application
from offchain.stores.artefacts import is_artefact
from offchain.stores.files import FileStore
from offchain.stores.permits import SCHEME, Place, SentPermit

logger = logging.getLogger(__name__)

SECONDS = 120
"""For a whole exchange: 28 MB at 2 Mbit/s."""
UPLOAD_SECONDS = 60
"""For an upload, waiting for a place included."""
UPLOADS_AT_ONCE = 32
"""Of all members; one each."""
_READERS, _ASKERS = 8, 4
_PIECE_BYTES = 65_536
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
        members_only: Whether readers need a member's permit too.
    """

    place: Place
    schema: Form
    folder: FileStore
    gate: Gate
    members_only: bool = False

    @property
    def size(self) -> int:
        """Bytes of an artefact."""
        return 4 * self.schema.size


def application(keeping: Keeping) -> web.Application:
    """Return the server.

    `GET /` says whose artefacts these are, `GET /artefacts/<root>` gives one, to members alone where that was
    asked for, `PUT` takes one. A write needs
    a member's permit and a root that was published on chain, so that the chain bounds what is kept: sixteen
    artefacts a round, each paid for by a stake. There is no list and no delete.
    """
    handlers = _Handlers(keeping)
    routes = [
        web.get("/", handlers.describe),
        web.get(f"/artefacts/{_WORD}", handlers.read),
        web.put(f"/artefacts/{_WORD}", handlers.write),
    ]
    return serving_application(routes, SECONDS, keeping.size)


class _Handlers:
    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._uploads = Places(UPLOADS_AT_ONCE)
        # A node that hangs stops no reader, nor a crowd of strangers whose permits have to be looked at.
        self._reading = Work("reading", _READERS)
        self._asking = Work("asking", _ASKERS)
        self._keeping_one = Work("keeping", 1)  # In memory there is one artefact at a time.
        self._good: dict[bytes, str] = {}
        self._failed = Seldom(logger)

    async def describe(self, request: web.Request) -> web.StreamResponse:
        keeping = self._keeping
        about = {"chainId": keeping.place.chain_id, "manager": keeping.place.manager, "bytes": keeping.size}
        return web.json_response({**about, "membersOnly": keeping.members_only})

    async def read(self, request: web.Request) -> web.StreamResponse:
        keeping = self._keeping
        if keeping.members_only:
            if (refused := await self._refused_reader(request)) is not None:
                return refused
            request.app[CONNECTIONS_OF].promote(request, Rank.ADMITTED)
        try:
            file = await self._reading.do(request, keeping.folder.open, _root(request), keeping.size)
        except StoreError as error:
            self._failed(logging.ERROR, "artefact cannot be read: %s", error)
            return refusal(500, "the artefact cannot be read")
        if file is None:
            return refusal(404, "no such artefact")
        with closing(file):
            read = partial(self._reading.do, request, file.read)
            return await sent_by_pieces(request, "application/octet-stream", keeping.size, read)

    async def write(self, request: web.Request) -> web.StreamResponse:
        root = _root(request)
        if request.content_length != self._keeping.size:
            return refusal(413, f"an artefact has {self._keeping.size} bytes, said before it is sent")
        try:
            writer = await self._asking.do(request, self._admitted, _permit(request, "write"), root)
            if await self._reading.do(request, self._is_there, root):
                return web.Response()
            request.app[CONNECTIONS_OF].promote(request, Rank.ADMITTED)
            async with asyncio.timeout(UPLOAD_SECONDS), self._uploads.of(writer):
                return await self._take(request, root)
        except TimeoutError:
            return refusal(408, f"an artefact must arrive within {UPLOAD_SECONDS} seconds")
        except _NotAdmittedError as error:
            return refusal(403, error)
        except _NotPermittedError as error:
            return refusal(401, error)
        except OffchainError as error:
            self._failed(logging.ERROR, "artefact cannot be taken: %s", error)
            return refusal(503, "the chain or the disk does not answer; try again")

    async def _refused_reader(self, request: web.Request) -> web.StreamResponse | None:
        """What a reader is told that is no member; None for one that is."""
        try:
            await self._asking.do(request, self._member, _permit(request, "read here"), None)
        except _NotAdmittedError as error:
            return refusal(403, error)
        except _NotPermittedError as error:
            return refusal(401, error)
        except OffchainError as error:
            self._failed(logging.ERROR, "a reader's permit cannot be looked at: %s", error)
            return refusal(503, "the chain does not answer; try again")
        return None

    def _admitted(self, sent: SentPermit, root: bytes) -> str:
        """Who sent a permit, and may write `root` now."""
        writer = self._member(sent, root)
        if not self._keeping.gate.is_published(root):
            raise _NotAdmittedError("nobody published this root on chain")
        return writer

    def _member(self, sent: SentPermit, root: bytes | None) -> str:
        """The member that sent a permit which holds now; what costs least is looked at first."""
        gate = self._keeping.gate
        try:
            signer = sent.signer(self._keeping.place, root)
        except StoreError as error:
            raise _NotPermittedError(error) from error
        if not gate.may_write(signer):
            raise _NotAdmittedError(f"{signer} is not a member")
        try:
            sent.require_valid(gate.now())
        except StoreError as error:
            raise _NotPermittedError(error) from error
        return signer

    def _is_there(self, root: bytes) -> bool:
        """Whether the artefact is kept and whole: then it is not taken again."""
        keeping = self._keeping
        stamp = keeping.folder.stamp(root)
        if stamp is None:
            return False
        if self._good.get(root) != stamp:
            try:
                data = keeping.folder.get(root, keeping.size)
            except StoreError:
                return False
            if not is_artefact(root, data, keeping.schema):
                return False
            self._good[root] = stamp
        return True

    async def _take(self, request: web.Request, root: bytes) -> web.StreamResponse:
        """Read the body onto the disk, then keep it: what arrives slowly waits there, not in memory."""
        with TemporaryFile() as file:
            async for piece in request.content.iter_chunked(_PIECE_BYTES):
                await self._reading.do(request, file.write, piece)
            return await self._keeping_one.do(request, self._keep, root, file)

    def _keep(self, root: bytes, file: BinaryIO) -> web.StreamResponse:
        file.seek(0)
        data = file.read()
        if not is_artefact(root, data, self._keeping.schema):
            return refusal(422, "the bytes do not hash to their name")
        self._keeping.folder.put(root, data)
        KEPT.inc()
        logger.info("artefact kept", extra={"artefact": root.hex()})
        return web.Response(status=201)


class _NotPermittedError(Exception):
    """A permit that is none for this."""


class _NotAdmittedError(Exception):
    """A permit of somebody who may not write this."""


def _permit(request: web.Request, act: str) -> SentPermit:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme != SCHEME:
        raise _NotPermittedError(f"to {act} needs a member's permit: Authorization: {SCHEME} <permit>")
    try:
        return SentPermit.parse(text)
    except StoreError as error:
        raise _NotPermittedError(error) from error


def _root(request: web.Request) -> bytes:
    return bytes.fromhex(request.match_info["root"])
