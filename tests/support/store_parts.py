"""A small model's artefacts, stores that misbehave, and servers on free ports."""

import json
import time

import numpy as np
from aiohttp import web

from ml.updates.canonical import digest, to_bytes
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema
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

    def check(self, size=0):
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

    app = web.Application()
    app.router.add_post("/api/v0/block/put", put)
    app.router.add_post("/api/v0/block/get", get)
    return app
