"""The page over HTTP on this machine, told anew from the chain when it is asked for."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from offchain.errors import OffchainError, PageError

_HOST = "127.0.0.1"


def page_server(port: int, tell: Callable[[], str]) -> ThreadingHTTPServer:
    """Return a server of one page, not started, on this machine's own address.

    Args:
        port: Where; 0 for one that is free.
        tell: The page's HTML as it is now; one request at a time.

    Raises:
        PageError: When the port cannot be had.
    """
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path not in ("/", "/index.html"):
                self._answer(404, "there is one page here: /\n", "text/plain")
                return
            try:
                with turn:
                    html = tell()
            except OffchainError as error:
                self._answer(503, f"{error}\n", "text/plain")
                return
            self._answer(200, html, "text/html")

        def _answer(self, status: int, text: str, kind: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        return ThreadingHTTPServer((_HOST, port), Handler)
    except (OSError, OverflowError) as error:
        raise PageError(f"port {port} cannot be had: {error}; choose another with --serve") from error
