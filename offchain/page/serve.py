"""The page over HTTP on this machine, which follows the chain: told anew whenever it is asked for."""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from ml.errors import MLError
from offchain.errors import OffchainError
from offchain.page.story import Story
from offchain.page.write import page, page_data
from offchain.serving import Handler, application, refusal, sent_by_pieces, serve

HOST = "127.0.0.1"
SECONDS = 120
"""For a whole exchange: a page is told anew in it, one after another."""
FOLLOW_SECONDS = 10.0
"""Until a page asks what is new."""


def page_application(tell: Callable[[], Story]) -> web.Application:
    """Return the server of one page.

    Args:
        tell: The story as it is now; one at a time.
    """
    teller = ThreadPoolExecutor(1, thread_name_prefix="telling")

    def answers(text: Callable[[Story], str], kind: str) -> Handler:
        told = _Told(teller, lambda: text(tell()).encode())

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                body = await told.newest()
            except (OffchainError, MLError) as error:
                return refusal(503, error)
            file = io.BytesIO(body)

            async def read(size: int) -> bytes:
                return file.read(size)

            return await sent_by_pieces(request, f"{kind}; charset=utf-8", len(body), read)

        return answer

    show = answers(lambda story: page(story, FOLLOW_SECONDS), "text/html")
    data = answers(page_data, "application/json")
    routes = [web.get("/", show), web.get("/index.html", show), web.get("/data.json", data)]
    return application(routes, SECONDS, 0)


class _Told:
    """What is told anew for all who asked before that began: a crowd waits no longer than one."""

    def __init__(self, teller: ThreadPoolExecutor, tell: Callable[[], bytes]) -> None:
        self._teller = teller
        self._tell = tell
        self._next: asyncio.Future[bytes] | None = None

    async def newest(self) -> bytes:
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = asyncio.wrap_future(self._teller.submit(self._begin, loop))
        return await asyncio.shield(self._next)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> bytes:
        loop.call_soon_threadsafe(setattr, self, "_next", None)
        return self._tell()


def serve_page(port: int, tell: Callable[[], Story], started: Callable[[int], None]) -> None:
    """Serve one page on this machine's own address until the process is told to end.

    Args:
        port: Where; 0 for one that is free.
        tell: As for `page_application`.
        started: Called with the port once connections are taken.

    Raises:
        OffchainError: When the port cannot be had.
    """
    serve(page_application(tell), HOST, port, started, "--serve")
