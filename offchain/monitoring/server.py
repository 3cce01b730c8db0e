"""`--metrics PORT`: measures at `/metrics` and the program's health at `/health`, in a thread beside it."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from offchain.listening import cannot_listen
from offchain.machine_json import for_programs
from offchain.monitoring.measures import BLOCK_LAG, HEALTHY, PROGRAM, RESPONSES
from offchain.monitoring.vitals import VITALS, Vitals
from offchain.serving import FEW_CONNECTIONS, application, listening

SECONDS = 10
"""For a whole exchange."""


@contextmanager
def monitored(
    port: int | None, host: str, own: Iterable[Collector], vitals: Vitals = VITALS
) -> Iterator[int | None]:
    """Answer a monitor for the length of the block; the port, None where none was asked for.

    Args:
        port: To listen on; 0 for a free one, None for not at all.
        host: Address to listen on.
        own: What the program tells beside what all tell.
        vitals: Its health.

    Raises:
        OffchainError: When it cannot listen there.
    """
    if port is None:
        yield None
        return
    with _beside(monitor(own, vitals), host, port) as found:
        yield found


def monitor(own: Iterable[Collector], vitals: Vitals) -> web.Application:
    """Return the server of some measures and a program's health."""
    registry = CollectorRegistry()
    for each in (*PROGRAM, *own):
        registry.register(each)
    ProcessCollector(registry=registry)
    BLOCK_LAG.set_function(lambda: vitals.lag)
    HEALTHY.set_function(lambda: float(not vitals.problems()))

    async def metrics(request: web.Request) -> web.StreamResponse:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(request: web.Request) -> web.StreamResponse:
        problems = vitals.problems()
        told = for_programs("health", {"healthy": not problems, "problems": problems})
        return web.json_response(told, status=503 if problems else 200)

    routes = [web.get("/metrics", metrics), web.get("/health", health)]
    return application(routes, SECONDS, 0, FEW_CONNECTIONS)


def counted(app: web.Application) -> web.Application:
    """Return a server whose answers are counted."""

    async def count(request: web.Request, answer: web.StreamResponse) -> None:
        RESPONSES.labels(request.method, str(answer.status)).inc()

    app.on_response_prepare.append(count)
    return app


@contextmanager
def _beside(app: web.Application, host: str, port: int) -> Iterator[int]:
    """Serve in a thread of its own for the length of the block; the port."""
    loop, ended, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    found: list[int | OSError] = []

    async def run() -> None:
        try:
            async with listening(app, host, port) as there:
                found.append(there)
                started.set()
                await ended.wait()
        except OSError as error:
            found.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="monitor", daemon=True)
    thread.start()
    started.wait()
    (result,) = found
    if isinstance(result, OSError):
        thread.join()
        loop.close()
        raise cannot_listen(host, port, result, "--metrics or --metrics-host")
    try:
        yield result
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(SECONDS)
