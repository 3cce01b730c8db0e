"""A node in front of another one that answers some methods in its own way, as nodes of others do."""

import json
import threading
import urllib.request
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes


class Says(Exception):
    """What the node answers in place of a result."""

    def __init__(self, message, code=-32000):
        super().__init__(message)
        self.error = {"code": code, "message": message}


class Dialect:
    """The node behind, asked directly, and what this one says instead.

    Attributes:
        answers: By method: a function of the parameters that returns a result, raises `Says`, or returns
            NotImplemented to let the node behind answer.
        asked: How often, by method.
    """

    def __init__(self, upstream):
        self._upstream = upstream
        self.answers, self.asked = {}, Counter()

    def ask(self, method, *parameters):
        """The result of the node behind."""
        answer = self._pass_on({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})
        return answer["result"]

    def answer(self, request):
        """What a client gets."""
        self.asked[request["method"]] += 1
        try:
            result = self.answers.get(request["method"], lambda *_: NotImplemented)(*request["params"])
        except Says as says:
            return {"jsonrpc": "2.0", "id": request["id"], "error": says.error}
        if result is NotImplemented:
            return self._pass_on(request)
        return {"jsonrpc": "2.0", "id": request["id"], "result": result}

    def _pass_on(self, body):
        request = urllib.request.Request(
            self._upstream, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


@contextmanager
def speaking(upstream):
    """A `Dialect` in front of a node's URL, and its own URL."""
    dialect = Dialect(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told = (
                [dialect.answer(one) for one in asked] if isinstance(asked, list) else dialect.answer(asked)
            )
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield dialect, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def sent(raw):
    """The fields of a raw transaction, and who signed it."""
    fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    return {**fields, "from": Account.recover_transaction(raw).lower()}
