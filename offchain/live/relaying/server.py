"""The relay's HTTP server: `GET /` says for which deployment, `POST /<function>` takes one entry."""

import asyncio
import logging

from aiohttp import web

from offchain.errors import CallRevertedError, ChainError
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import RelayError
from offchain.live.relaying.desk import Desk
from offchain.live.relaying.entries import FUNCTIONS, Function, parse

_log = logging.getLogger(__name__)

_LARGEST = 1024  # bytes of a request; an entry has some 350
_AT_ONCE = 64


def application(desk: Desk, deployment: LiveDeployment, every: float = 0.0) -> web.Application:
    """Return the server of a desk that is emptied every `every` seconds."""
    about = {
        "chainId": deployment.book.chain_id,
        "manager": deployment.manager.address,
        "everySeconds": every,
    }
    room = asyncio.Semaphore(_AT_ONCE)

    async def describe(request: web.Request) -> web.Response:
        return web.json_response(about)

    async def take(request: web.Request) -> web.Response:
        function: Function = request.match_info.route.name  # type: ignore[assignment]
        try:
            entry = parse(function, await request.read())
            async with room:
                await asyncio.to_thread(desk.take, function, entry)
        except RelayError as error:
            return _refusal(400, error)
        except CallRevertedError as error:
            return _refusal(409, error)
        except ChainError as error:
            _log.warning("cannot try an entry: %s", error)
            return _refusal(503, RelayError("the chain does not answer; try again"))
        return web.Response(status=202)

    app = web.Application(client_max_size=_LARGEST)
    app.add_routes([web.get("/", describe)])
    app.add_routes([web.post(f"/{function}", take, name=function) for function in FUNCTIONS])
    return app


def _refusal(status: int, error: Exception) -> web.Response:
    return web.Response(status=status, text=f"{error}\n")
