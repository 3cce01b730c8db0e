"""The page over HTTP on this machine, told anew from the chain when it is asked for."""

from collections.abc import Callable

from aiohttp import web

from ml.errors import MLError
from offchain.errors import OffchainError
from offchain.serving import Work, application, refusal, serve

HOST = "127.0.0.1"
SECONDS = 120
"""For a whole exchange: a page is told anew in it, one after another."""


def page_application(tell: Callable[[], str]) -> web.Application:
    """Return the server of one page.

    Args:
        tell: The page's HTML as it is now; one request at a time.
    """
    telling = Work("telling", 1)

    async def show(request: web.Request) -> web.StreamResponse:
        try:
            html = await telling.do(request, tell)
        except (OffchainError, MLError) as error:
            return refusal(503, error)
        return web.Response(text=html, content_type="text/html")

    return application([web.get("/", show), web.get("/index.html", show)], SECONDS, 0)


def serve_page(port: int, tell: Callable[[], str], started: Callable[[int], None]) -> None:
    """Serve one page on this machine's own address until the process is told to end.

    Args:
        port: Where; 0 for one that is free.
        tell: As for `page_application`.
        started: Called with the port once connections are taken.

    Raises:
        OffchainError: When the port cannot be had.
    """
    serve(page_application(tell), HOST, port, started, "--serve")
