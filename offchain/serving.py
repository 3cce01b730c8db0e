"""HTTP servers that strangers reach, on aiohttp: every exchange bounded in time, memory and log lines.

A connection carries one request, whose body's length is said before it. Its head has `HEAD_SECONDS`, the
whole exchange what the server gives it. When there are too many, who has sent or taken nothing for longest
makes room: whoever sends nothing, or takes nothing, keeps nobody out. What waits for a disk or a node does so
in threads of its own.
"""

import asyncio
import logging
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from aiohttp import ClientError, StreamReader, hdrs, web

from ml.messages import cleaned, reason
from offchain import told_to_end
from offchain.listening import cannot_listen

_log = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
"""For a request's head, from connecting on."""
CONNECTIONS = 512
FEW_CONNECTIONS = 64
"""Of a server that runs beside another one in a process, as monitors' do."""
_ACCEPTED = 48
"""Connections that are taken before the first of them is counted."""
_RESERVED = 192 + FEW_CONNECTIONS + _ACCEPTED
"""Descriptors that are left to other uses than connections, and to those of a server beside."""
_HEAD_BYTES = 8192
"""Of what came are looked at together until there is a head."""
_PIECE_BYTES = 65_536
_QUIET_SECONDS = 10.0
_NAME = "stakefed"
"""What an answer calls its server; aiohttp would tell strangers its version and Python's."""

Result = TypeVar("Result")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rank(IntEnum):
    """What a connection got to; the lowest make room first."""

    CAME = 0
    ASKED = 1
    ADMITTED = 2


_SHARES = (0.25, 0.25, 0.5)
"""Of all connections, by rank: what those of the other ranks leave to it, however many they are."""


class Connections:
    """Those that are open, `most` at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ranks: tuple[dict[Any, None], ...] = tuple({} for _ in Rank)

    def enter(self, transport: asyncio.BaseTransport) -> None:
        """Count one more; too many, and the oldest of the lowest rank beyond its share is cut off."""
        self._ranks[Rank.CAME][transport] = None
        if sum(map(len, self._ranks)) > self._most:
            ranks = zip(self._ranks, _SHARES, strict=True)
            crowd = next(rank for rank, share in ranks if len(rank) > share * self._most)
            oldest = next(iter(crowd))
            del crowd[oldest]
            oldest.abort()

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """Count one less."""
        for rank in self._ranks:
            rank.pop(transport, None)

    def promote(self, request: web.Request, to: Rank) -> None:
        """Note how far the connection of a request got."""
        transport = request.transport
        if any(rank.pop(transport, self) is None for rank in self._ranks):
            self._ranks[to][transport] = None

    def goes_on(self, request: web.Request) -> None:
        """Note that a connection took something: it is the newest of its rank again."""
        for rank in self._ranks:
            if request.transport in rank:
                rank[request.transport] = rank.pop(request.transport)


CONNECTIONS_OF = web.AppKey("connections", Connections)


class Places:
    """Places for work, of which nobody has more than `each` at a time; who wants more waits alone."""

    def __init__(self, places: int, each: int = 1) -> None:
        self._free = asyncio.Semaphore(places)
        self._each = each
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def of(self, sender: str) -> AsyncIterator[None]:
        """Hold a place for the length of the block."""
        line = self._lines.setdefault(sender, _Line(asyncio.Semaphore(self._each)))
        line.length += 1
        try:
            async with line.free, self._free:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[sender]


@dataclass
class _Line:
    free: asyncio.Semaphore
    length: int = 0


class Work:
    """Threads for one kind of work, so that what is slow there is slow nowhere else."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def do(self, request: web.Request, call: Callable[..., Result], *arguments: object) -> Result:
        """Return `call(*arguments)`, which is not begun when who asked has left by then.

        Raises:
            ConnectionResetError: When it has.
            Exception: What `call` raises.
        """

        def begun() -> Result:
            if request.transport is None:
                raise ConnectionResetError("who asked has left")
            return call(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._threads, begun)


class Seldom:
    """Logs one line in a while of a kind that strangers can bring about as often as they like."""

    def __init__(self, logger: logging.Logger, seconds: float = _QUIET_SECONDS) -> None:
        self._logger = logger
        self._seconds = seconds
        self._next = 0.0

    def __call__(self, level: int, message: str, *arguments: object) -> None:
        """Log, unless that was done just now."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._seconds
            self._logger.log(level, message, *arguments)


def application(
    routes: Iterable[web.RouteDef], seconds: float, largest: int, most: int = CONNECTIONS
) -> web.Application:
    """Return a server of `routes`.

    Args:
        routes: With their handlers.
        seconds: For a whole exchange once its head is there.
        largest: Bytes of a body that a handler reads at once.
        most: Connections, where the process may have as many descriptors.
    """
    connections = Connections(min(most, _most()))
    unexpected = Seldom(_log)

    @web.middleware
    async def bounded(request: web.Request, handler: Handler) -> web.StreamResponse:
        connections.promote(request, Rank.ASKED)
        try:
            async with asyncio.timeout(seconds):
                answer = await _answered(request, handler)
                answer.force_close()
                await _sent(request, answer)
        except TimeoutError:
            answer = refusal(408, f"an exchange may take {seconds:g} seconds")
        except (ConnectionError, ClientError, web.RequestPayloadError):
            answer = refusal(400, "the body is not what the head says")
        except Exception as error:  # Ours: the one who asked learns nothing, the operator one line.
            unexpected(logging.ERROR, "%s %s failed: %s", request.method, request.path, _where(error))
            answer = refusal(500, "this failed here; the operator can read why in the log")
        answer.force_close()
        return answer

    async def named(request: web.Request, answer: web.StreamResponse) -> None:
        answer.headers[hdrs.SERVER] = _NAME

    app = web.Application(middlewares=[bounded], client_max_size=largest)
    app[CONNECTIONS_OF] = connections
    app.on_response_prepare.append(named)
    app.add_routes(routes)
    return app


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        return refusal(415, "a body is sent as it is, in no encoding")
    if hdrs.TRANSFER_ENCODING in request.headers:
        return refusal(411, "a body is sent as it is, its length said before: Content-Length")
    try:
        return await handler(request)
    except web.HTTPException as answer:  # Such as of a path that is none.
        return refusal(answer.status, answer.reason)


async def _sent(request: web.Request, answer: web.StreamResponse) -> None:
    """Send an answer here, within the deadline: aiohttp waits for one who takes nothing for ever."""
    await answer.prepare(request)
    with _whole_or_cut_off(request):
        await answer.write_eof()


@contextmanager
def _whole_or_cut_off(request: web.Request) -> Iterator[None]:
    """Abort the connection where an answer cannot be ended, so that nobody takes it for whole."""
    try:
        yield
    except BaseException:
        if request.transport is not None:
            request.transport.abort()
        raise


async def sent_by_pieces(
    request: web.Request, kind: str, length: int, read: Callable[[int], Awaitable[bytes]]
) -> web.StreamResponse:
    """Send a body, the next piece when the last was taken: a reader holds no more memory than one.

    Args:
        request: Whose answer it is.
        kind: The body's content type.
        length: Its bytes.
        read: Returns the next bytes of it, as many as it is asked for at most, and none at its end.
    """
    answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: kind})
    answer.content_length = length
    answer.force_close()
    await answer.prepare(request)
    connections = request.app[CONNECTIONS_OF]
    with _whole_or_cut_off(request):
        while request.method != "HEAD" and (piece := await read(_PIECE_BYTES)):
            await answer.write(piece)
            connections.goes_on(request)
    return answer


def refusal(status: int, text: object) -> web.Response:
    """Return a refusal with its reason, one line."""
    return web.Response(status=status, text=f"{text}\n")


def serve(
    app: web.Application,
    host: str,
    port: int,
    started: Callable[[int], None] = lambda port: None,
    options: str = "--host or --port",
) -> None:
    """Serve until the process is told to end (SIGTERM, Ctrl-C or a closed terminal).

    Args:
        app: Of `application`.
        host: Address to listen on.
        port: To listen on; 0 for a free one.
        started: Called with the port once connections are taken.
        options: What a person changes who is to listen elsewhere.

    Raises:
        OffchainError: When it cannot listen there.
    """
    asyncio.run(_serve(app, host, port, started, options))


async def _serve(
    app: web.Application, host: str, port: int, started: Callable[[int], None], options: str
) -> None:
    ended = asyncio.Event()
    for number in told_to_end.signals():
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        try:
            found = await stack.enter_async_context(listening(app, host, port))
        except OSError as error:
            raise cannot_listen(host, port, error, options) from error
        started(found)
        await ended.wait()


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Take connections for the length of the block; the port."""
    # Nothing is done for who has left.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        manager, connections = runner.server, app[CONNECTIONS_OF]
        assert manager is not None, "it was set up"
        loop, log = asyncio.get_running_loop(), _aiohttps_log()
        loop.set_exception_handler(_loops_log())

        def counted() -> asyncio.Protocol:
            protocol = _Protocol(
                manager,
                loop=loop,
                access_log=None,
                logger=log,
                auto_decompress=False,
                keepalive_timeout=HEAD_SECONDS,
                lingering_time=HEAD_SECONDS,  # For the rest of a body that was refused: the refusal arrives.
            )
            return _Counted(protocol, connections)

        async with await loop.create_server(counted, host, port, backlog=_ACCEPTED) as server:
            yield server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


class _Protocol(web.RequestHandler):
    """aiohttp's protocol of a connection: of one request, and what is none is said in a sentence."""

    __slots__ = ("_body", "_chunked")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._body: StreamReader | None = None
        self._chunked = False

    def data_received(self, data: bytes) -> None:
        """Take one request and its body; what comes after is not kept, however much that is.

        Nor is a body in chunks, which is refused: small ones take a hundred times their length.
        """
        while self._listens():
            # What comes after a head is not taken apart together with it.
            length = _HEAD_BYTES if self._body is None else len(data)
            self._take(data[:length])
            data = data[length:]
            if not data:  # There may be none from the start: aiohttp goes on with what it has.
                return

    def _listens(self) -> bool:
        return not self._chunked and (self._body is None or not self._body.is_eof())

    def _take(self, data: bytes) -> None:
        waiting = len(self._messages)
        super().data_received(data)
        if self._body is None and self._messages:
            waiting = 1
            message, self._body = self._messages[0]
            self._chunked = getattr(message, "chunked", False)
        while len(self._messages) > waiting:
            self._messages.pop()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # Logs it.
        fault = cleaned((message or "").partition(":")[0], 200).rstrip(".")
        answer = refusal(status, f"this is no request of HTTP{': ' if fault else ''}{fault}")
        answer.headers[hdrs.SERVER] = _NAME
        answer.force_close()
        return answer


class _Counted(asyncio.Protocol):
    """aiohttp's protocol of a connection, counted from its first to its last moment."""

    def __init__(self, inner: asyncio.Protocol, connections: Connections) -> None:
        self._inner = inner
        self._connections = connections
        self._transport: asyncio.BaseTransport | None = None
        self.data_received = inner.data_received  # type: ignore[method-assign]
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._inner.connection_made(transport)
        self._connections.enter(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.leave(self._transport)
        self._inner.connection_lost(exc)


def _most() -> int:
    """Connections that the process can have: each may hold a file beside its socket."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(CONNECTIONS, (files - _RESERVED) // 2))


def _aiohttps_log() -> logging.Logger:
    """A log for aiohttp, whose records are of requests that are none: one line now and then."""
    logger = logging.getLogger(f"{__name__}.http")
    seldom = Seldom(_log)

    def instead(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        seldom(logging.DEBUG, "no request of ours: %s", cleaned(error or record.getMessage(), 200))
        return False

    logger.filters[:] = [instead]
    return logger


def _loops_log() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]:
    """What says a line now and then of what fails in asyncio itself, such as a connection without a file."""
    seldom = Seldom(_log)

    def tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        why = f" ({reason(error, 200)})" if error else ""
        seldom(logging.ERROR, "%s%s", cleaned(context["message"], 200), why)

    return tell


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}: {cleaned(error, 200)}{place}"
