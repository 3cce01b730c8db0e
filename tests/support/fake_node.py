"""A node as providers are: in front of a real one, or of none, it answers some requests in their dialects.

A dialect is data: `Says` a JSON-RPC error or result for a method, or `Http` a status and a body for a whole
request. What was asked is kept, so that tests can count.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from aiohttp import web
from serving import serving


def error(code, message, **more):
    """A JSON-RPC error."""
    return {"error": {"code": code, "message": message, **more}}


@dataclass
class Says:
    """An answer to one request: `{"error": …}` or `{"result": …}`, or a function that changes the real one.

    Attributes:
        method: Of which requests; "" for all.
        answer: What is said.
        when: Which requests, by their parameters.
        times: How often; None for always.
    """

    method: str
    answer: Any
    when: Callable[[list], bool] = lambda parameters: True
    times: int | None = None


@dataclass
class Http:
    """An answer to a whole HTTP request.

    Attributes:
        status: HTTP's.
        body: JSON, or text as it is, or a function from the requests to JSON.
        when: Which, by the list of requests and whether it is a batch.
        headers: More of them.
        times: How often; None for always.
        seconds: How long it takes.
    """

    status: int = 200
    body: Any = ""
    when: Callable[[list, bool], bool] = lambda requests, is_batch: True
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    seconds: float = 0.0


class FakeNode:
    """A server of JSON-RPC.

    Attributes:
        dialects: Of which the first that fits answers; the node behind does else.
        posts: What was asked: for each HTTP request its (method, parameters).
    """

    def __init__(self, upstream: str | None, *dialects):
        self.upstream, self.dialects = upstream, list(dialects)
        self.posts: list[list[tuple[str, list]]] = []
        self._lock = threading.Lock()
        self._line = requests.Session()
        self._line.trust_env = False
        self.app = web.Application(client_max_size=2**26)
        self.app.add_routes([web.post("/{key:.*}", self._answer)])

    @property
    def calls(self):
        """Everything that was asked, in order."""
        return [call for post in self.posts for call in post]

    def asked(self, method):
        """Parameters of the requests of one method."""
        return [parameters for name, parameters in self.calls if name == method]

    async def _answer(self, request):
        content = json.loads(await request.read())
        is_batch = isinstance(content, list)
        asked = content if is_batch else [content]
        self.posts.append([(each["method"], each["params"]) for each in asked])
        said = self._take(Http, lambda each: each.when(asked, is_batch))
        if said is not None:
            await asyncio.sleep(said.seconds)
            body = said.body(content) if callable(said.body) else said.body
            text = body if isinstance(body, str) else json.dumps(body)
            kind = "text/html" if isinstance(body, str) else "application/json"
            return web.Response(status=said.status, text=text, content_type=kind, headers=said.headers)
        answers = [await asyncio.to_thread(self._one, each) for each in asked]
        return web.json_response(answers if is_batch else answers[0])

    def _one(self, asked):
        method, parameters = asked["method"], asked["params"]
        said = self._take(Says, lambda each: each.method in ("", method) and each.when(parameters))
        if said is not None and not callable(said.answer):
            return {"jsonrpc": "2.0", "id": asked["id"], **said.answer}
        real = self._upstream(asked)
        return {**real, "result": said.answer(real.get("result"))} if said is not None else real

    def _upstream(self, asked):
        if self.upstream is None:
            return {"jsonrpc": "2.0", "id": asked["id"], **error(-32601, f"{asked['method']} is not here")}
        with self._lock:
            return self._line.post(self.upstream, json=asked, timeout=60).json()

    def _take(self, kind, fits):
        for dialect in self.dialects:
            if isinstance(dialect, kind) and dialect.times != 0 and fits(dialect):
                if dialect.times is not None:
                    dialect.times -= 1
                return dialect
        return None


@contextmanager
def fake_node(upstream, *dialects):
    """A fake node and its URL, with a key in its path."""
    node = FakeNode(upstream, *dialects)
    with serving(node.app) as url:
        yield node, f"{url}/v3/hidden0123456789"


def blocks_asked(parameters):
    """How many blocks a request of logs is about."""
    wanted = parameters[0]
    return int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1


def more_than(blocks):
    """Requests of logs of more blocks than these."""
    return lambda parameters: blocks_asked(parameters) > blocks


def logs_of_more_than(blocks):
    """The same of a whole HTTP request."""
    return lambda asked, is_batch: (
        asked[0]["method"] == "eth_getLogs" and more_than(blocks)(asked[0]["params"])
    )


def batch_of_more_than(size):
    """Batches of more requests than these."""
    return lambda asked, is_batch: is_batch and len(asked) > size
