"""The page over HTTP on this machine, which follows the chain: told anew whenever it is asked for."""

from collections.abc import Callable

from aiohttp import web

from ml.errors import MLError
from offchain.errors import OffchainError
from offchain.page.story import Story
from offchain.page.write import page, page_data
from offchain.serving import Handler, Work, application, refusal, serve

HOST = "127.0.0.1"
SECONDS = 120
"""For a whole exchange: a page is told anew in it, one after another."""
FOLLOW_SECONDS = 10.0
"""Until a page asks what is new."""


def page_application(tell: Callable[[], Story]) -> web.Application:
    """Return the server of one page.

    Args:
        tell: The story as it is now; one request at a time.
    """
    telling = Work("telling", 1)

    def answers(text: Callable[[Story], str], kind: str) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                told = await telling.do(request, lambda: text(tell()))
            except (OffchainError, MLError) as error:
                return refusal(503, error)
            return web.Response(text=told, content_type=kind)

        return answer

    show = answers(lambda story: page(story, FOLLOW_SECONDS), "text/html")
    data = answers(page_data, "application/json")
    routes = [web.get("/", show), web.get("/index.html", show), web.get("/data.json", data)]
    return application(routes, SECONDS, 0)


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
