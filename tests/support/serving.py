"""Real servers in tests."""

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from offchain.serving import CONNECTIONS_OF, listening


@contextmanager
def serving(app):
    """The URL of a server on a free port, in a thread of its own; ours as its command runs it."""
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    started = threading.Event()
    found = []

    async def run():
        try:
            async with (listening if CONNECTIONS_OF in app else _plain)(app, "127.0.0.1", 0) as port:
                found.append(port)
                started.set()
                await ended.wait()
        finally:
            started.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert started.wait(10) and found
    try:
        yield f"http://127.0.0.1:{found[0]}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)


@asynccontextmanager
async def _plain(app, host, port):
    runner = web.AppRunner(app, shutdown_timeout=0.5, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
