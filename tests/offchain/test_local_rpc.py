import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from offchain.chain.local_rpc import REQUESTS_AT_ONCE, LocalRpc
from offchain.errors import ChainError


@contextmanager
def node(answer):
    """A node that answers a request's body with what `answer` makes of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content = answer(json.loads(body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def doubled(request):
    return {"id": request["id"], "result": 2 * request["params"][0]}


def test_answers_of_a_batch_are_in_the_order_asked_whatever_the_nodes_order():
    with node(lambda requests: [doubled(request) for request in reversed(requests)]) as url:
        numbers = range(REQUESTS_AT_ONCE + 3)
        assert LocalRpc(url).batch([("double", [n]) for n in numbers]) == [2 * n for n in numbers]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"error": {"code": -1, "message": "no such thing"}}, "the node refused double: no such thing"),
        ({"error": "too large"}, "the node refused double: too large"),
        ({"error": ["no"]}, r"the node refused double: \['no'\]"),
        (b"not JSON", "does not answer"),
        (b"[" * 100_000, "does not answer: recursion limit exceeded"),
        ({"id": 0}, "the node answered double with neither a result nor an error"),
        ([], r"the node answered double with '\[\]', which is no answer of a node's"),
    ],
)
def test_a_refusal_or_nonsense_is_one_sentence(answer, message):
    with node(lambda request: answer) as url, pytest.raises(ChainError, match=message):
        LocalRpc(url).request("double", 1)


def test_a_batch_refused_as_a_whole_is_said_so():
    with node(lambda requests: {"error": "too large"}) as url:
        with pytest.raises(ChainError, match="refused a batch of 2 requests: .*too large"):
            LocalRpc(url).batch([("double", [1]), ("double", [2])])


@pytest.mark.parametrize("odd", [None, 5, {"result": 1}, {"id": [], "result": 1}, {"id": 7, "result": 1}])
def test_a_batch_with_an_answer_that_is_none_is_one_sentence(odd):
    with node(lambda requests: [doubled(requests[0]), odd]) as url:
        with pytest.raises(ChainError, match="the node answered double with 'None', which is no answer"):
            LocalRpc(url).batch([("double", [1]), ("double", [2])])


def test_a_node_that_is_gone_is_one_sentence():
    with node(doubled) as url:
        pass
    with pytest.raises(ChainError, match=f"the node at {url} does not answer: "):
        LocalRpc(url).request("double", 1)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ChainError, match="'ws://localhost:1' is not of the form http://HOST:PORT"):
        LocalRpc("ws://localhost:1")
