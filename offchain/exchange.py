"""HTTP with one deadline for a whole exchange, whatever the other side does in the meantime.

Limits on each receive, as most clients have them, are none against a server that sends a byte now and then:
here name, connection, request, headers and body have one limit together. An answer has a largest size, and
one that sends us elsewhere is not followed: whoever answers does not choose what we connect to.
"""

import asyncio
import atexit
import os
import ssl
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from ml.messages import cleaned
from offchain.errors import OffchainError
from offchain.unpacking import ENCODINGS, DamagedError, unpacked
from offchain.urls import url_fault

Result = TypeVar("Result")

_KEEP_ALIVE = 60.0  # Seconds; a client of a chain with blocks of 12 s then keeps its connection.
_CLOSING = 1.0


class ExchangeError(OffchainError):
    """There is no whole answer; the message says why, without the URL: keys may be in it."""


class TooSlowError(ExchangeError):
    """The answer was not whole at the deadline."""


class TooLongError(ExchangeError):
    """The answer has more bytes than may be."""


class BrokenOffError(ExchangeError):
    """The answer began, and ended before it was whole."""


@dataclass(frozen=True)
class Answer:
    """A whole answer.

    Attributes:
        status: HTTP's.
        headers: By name, in any case.
        body: Unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(
    method: str,
    url: str,
    seconds: float,
    limit: int,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return what a server answers, from any thread; connections are kept and shared.

    Proxies are those of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), but for this
    machine's own addresses. An answer of status 3xx is returned as it is.

    Args:
        method: Such as "POST".
        url: An http or https URL.
        seconds: For all of it.
        limit: Most bytes of the answer's body, unpacked.
        body: What to send.
        headers: What to send with it.

    Raises:
        TooSlowError: When the answer is not whole after `seconds`.
        TooLongError: When it is longer than `limit`.
        BrokenOffError: When it began and is not whole.
        ExchangeError: When there is none.
    """
    wanted = {"Accept-Encoding": ENCODINGS, **(headers or {})}
    answer = _line().wait(_exchange(method, url, seconds, limit, body, wanted))
    return replace(answer, body=_unpacked(answer, limit))


def is_local(host: str) -> bool:
    """Whether a host is this machine, which no proxy reaches.

    >>> [is_local(host) for host in ("localhost", "127.0.0.1", "::1", "node.example")]
    [True, True, True, False]
    """
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Line:
    """An event loop in a thread of its own, and the connections that live in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="exchange", daemon=True).start()
        self.session = self.wait(_open())
        atexit.register(self._close)

    def wait(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # A signal may end the wait.
            raise

    def _close(self) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self.session.close(), self._loop).result(_CLOSING)
        except (TimeoutError, CancelledError):
            pass


@cache
def _line() -> _Line:
    return _Line()


os.register_at_fork(after_in_child=_line.cache_clear)  # Threads do not come along.


async def _open() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(keepalive_timeout=_KEEP_ALIVE)
    # Cookies would follow us, fill our memory, and make later requests as long as a server likes.
    jar = aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(connector=connector, cookie_jar=jar, auto_decompress=False)


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates hold: the system's and those that REQUESTS_CA_BUNDLE names, a file or a folder.

    Raises:
        ExchangeError: When these cannot be read.
    """
    context = ssl.create_default_context()
    named = os.environ.get("REQUESTS_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    try:
        context.load_verify_locations(**{"capath" if os.path.isdir(named) else "cafile": named})
    except OSError as error:
        raise ExchangeError(
            f"cannot be asked: REQUESTS_CA_BUNDLE names {cleaned(named)}, which holds no certificates that "
            f"can be read ({error.strerror or error})"
        ) from None
    return context


async def _exchange(
    method: str, url: str, seconds: float, limit: int, body: bytes | None, headers: Mapping[str, str]
) -> Answer:
    proxy, session = None, _line().session
    if session.closed:
        raise ExchangeError("was not asked: this program is ending")
    try:
        proxy = _proxy(url)
        async with session.request(
            method,
            url,
            data=body,
            headers=headers,
            proxy=proxy,
            ssl=_trusted() if url.lower().startswith("https:") else True,
            timeout=aiohttp.ClientTimeout(total=seconds),
            allow_redirects=False,
        ) as response:
            found = await _read(response, limit)
            return Answer(response.status, response.headers, found)
    except TimeoutError:
        raise TooSlowError(f"did not answer within {seconds:g} seconds") from None
    except aiohttp.ClientPayloadError:
        raise BrokenOffError("broke off its answer") from None
    except (aiohttp.ClientError, ValueError, OSError) as error:
        raise ExchangeError(_reason(error, proxy)) from None
    except RuntimeError:  # What aiohttp raises of a session that is closed while an answer comes in.
        if not session.closed:
            raise
        raise ExchangeError("was not answered: this program is ending") from None


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    found = bytearray()
    async for piece in response.content.iter_any():
        found += piece
        if len(found) > limit:
            response.close()
            raise _too_long(limit)
    return bytes(found)


def _unpacked(answer: Answer, limit: int) -> bytes:
    try:
        body = unpacked(answer.body, answer.headers.get("Content-Encoding", ""), limit + 1)
    except DamagedError:
        raise BrokenOffError("broke off its answer, or sent a damaged one") from None
    if len(body) > limit:
        raise _too_long(limit)
    return body


def _too_long(limit: int) -> TooLongError:
    return TooLongError(f"sends more than {limit} bytes")


def _proxy(url: str) -> str | None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_local(host) or proxy_bypass(host):
        return None
    named = getproxies()
    found = named.get(parts.scheme) or named.get("all")
    return _usable(found, f"{parts.scheme}_proxy".upper()) if found else None


def _usable(proxy: str, variable: str) -> str:
    """A proxy as a URL, for which curl and others take a host and a port too."""
    url = proxy if "://" in proxy else f"http://{proxy}"
    fault = url_fault(url)
    if fault is None and not url.lower().startswith(("http://", "https://")):
        fault = "only proxies of HTTP are used here"
    if fault:
        raise ExchangeError(
            f"cannot be asked: {variable} or ALL_PROXY names no proxy that can be used ({fault}); "
            "correct it, or unset it"
        )
    return url


def _reason(error: Exception, proxy: str | None) -> str:
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError) or (
        isinstance(error, aiohttp.ClientConnectorError) and error.host == urlsplit(proxy or "").hostname
    ):
        return "cannot be reached through the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names"
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "has no certificate that holds"
        case aiohttp.ClientSSLError():
            return "does not answer as https does: is it http:// there?"
        case aiohttp.ServerDisconnectedError():
            return "hung up without an answer"
        case aiohttp.ClientResponseError():
            return "did not answer in HTTP that can be read"
        case aiohttp.InvalidURL():
            return "has no valid URL"
        case aiohttp.ClientConnectorDNSError():
            return "cannot be reached (its name is not known)"
        case aiohttp.ClientOSError() if error.errno:
            return f"cannot be reached ({os.strerror(error.errno)})"
    return f"cannot be reached ({type(error).__name__})"
