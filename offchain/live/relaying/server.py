"""The relay's HTTP server: `GET /` says for which deployment, `POST /<function>` takes one entry."""

import asyncio
import logging

from aiohttp import web

from offchain.errors import CallRevertedError, ChainError
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import RelayError, UnfitEntryError
from offchain.live.relaying.desk import Desk
from offchain.live.relaying.entries import FUNCTIONS, Entry, Function, parse
from offchain.serving import CONNECTIONS_OF, Places, Rank, Seldom, Work, refusal
from offchain.serving import application as serving_application

_log = logging.getLogger(__name__)

SECONDS = 30
"""For a whole exchange."""
BODY_SECONDS = 5
_LARGEST = 1024  # bytes of a request; an entry has some 350
_AT_ONCE = 64
_SCREENERS, _TRIERS = 2, 4


def application(desk: Desk, deployment: LiveDeployment, every: float = 0.0) -> web.Application:
    """Return the server of a desk that is emptied every `every` seconds."""
    handlers = _Handlers(desk, deployment, every)
    routes = [web.get("/", handlers.describe)]
    routes += [web.post(f"/{function}", handlers.take, name=function) for function in FUNCTIONS]
    return serving_application(routes, SECONDS, _LARGEST)


class _Handlers:
    def __init__(self, desk: Desk, deployment: LiveDeployment, every: float) -> None:
        self._desk = desk
        self._about = {
            "chainId": deployment.book.chain_id,
            "manager": deployment.manager.address,
            "everySeconds": every,
        }
        self._tries = Places(_AT_ONCE)
        self._screening = Work("screening", _SCREENERS)
        self._trying = Work("trying", _TRIERS)
        self._failed = Seldom(_log)

    async def describe(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._about)

    async def take(self, request: web.Request) -> web.StreamResponse:
        function: Function = request.match_info.route.name  # type: ignore[assignment]
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
            return await self._hand_in(request, function, parse(function, body))
        except TimeoutError:
            return refusal(408, f"an entry must arrive within {BODY_SECONDS} seconds")
        except (CallRevertedError, UnfitEntryError) as error:
            return refusal(409, error)
        except RelayError as error:
            return refusal(400, error)
        except ChainError as error:
            self._failed(logging.WARNING, "cannot try an entry: %s", error)
            return refusal(503, "the chain does not answer; try again")

    async def _hand_in(self, request: web.Request, function: Function, entry: Entry) -> web.StreamResponse:
        if await self._screening.do(request, self._desk.screen, function, entry):
            request.app[CONNECTIONS_OF].promote(request, Rank.ADMITTED)
            async with self._tries.of(entry.client):
                await self._trying.do(request, self._desk.take, function, entry)
        return web.Response(status=202)
