"""A small model's artefacts, stores that misbehave, and servers on free ports."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager

import numpy as np
from aiohttp import web

from ml.canonical import digest, to_bytes
from ml.hashing import keccak256
from ml.schema import Schema
from offchain.errors import StoreError

SCHEMA = Schema((("weight", (1500, 3)), ("bias", (3,))))
"""18,012 bytes: five leaves, the last padded."""


def artefact(number=0):
    """An update and its root; every number another."""
    values = np.random.default_rng(number).integers(-(2**31), 2**31, SCHEMA.size, dtype=np.int64)
    data = to_bytes(values.astype(np.int32))
    return digest(data, SCHEMA), data


class Scripted:
    """A store that answers as told, one answer a call: bytes, None, or an exception to raise."""

    def __init__(self, *answers, name="scripted"):
        self.name = name
        self.answers = list(answers)
        self.written = {}
        self.calls = 0

    def get(self, root, size):
        return self._next()

    def put(self, root, data):
        if self.answers:
            self._next()
        self.written[root] = data

    def check(self):
        self._next()

    def _next(self):
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer


class Slow(Scripted):
    """A store that takes its time."""

    def _next(self):
        time.sleep(1)
        return super()._next()


DOWN = StoreError("down")


@contextmanager
def serving(app):
    """The URL of a server on a free port, in a thread of its own."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, shutdown_timeout=0.5, handler_cancellation=True)

    def run():
        asyncio.set_event_loop(loop)
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    async def start():
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner.addresses[0][1]

    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        yield f"http://127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def answering(handler, method="*"):
    """A server that answers everything with one handler."""
    app = web.Application()
    app.router.add_route(method, "/{path:.*}", handler)
    return app


def kubo(kept):
    """A node's block API, as Kubo's reference describes it, over a dict from CID bytes to blocks."""

    async def put(request):
        q = request.query
        assert (q["cid-codec"], q["mhtype"], q["mhlen"], q["pin"]) == ("raw", "keccak-256", "32", "true")
        part = await (await request.multipart()).next()
        block = bytes(await part.read())
        name = bytes([1, 0x55, 0x1B, 32]) + keccak256(block)
        kept[name] = block
        from base64 import b32encode

        return web.json_response(
            {"Key": "b" + b32encode(name).decode().lower().rstrip("="), "Size": len(block)}
        )

    async def get(request):
        arg = request.query["arg"]
        assert arg[0] == "f"
        block = kept.get(bytes.fromhex(arg[1:]))
        if block is None:
            text = json.dumps(
                {"Message": f"ipld: could not find {arg}: not found", "Code": 0, "Type": "error"}
            )
            return web.Response(status=500, text=text, content_type="application/json")
        return web.Response(body=block)

    async def version(request):
        return web.json_response({"Version": "0.39.0"})

    app = web.Application()
    app.router.add_post("/api/v0/block/put", put)
    app.router.add_post("/api/v0/block/get", get)
    app.router.add_post("/api/v0/version", version)
    return app
