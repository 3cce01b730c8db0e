"""One deadline, one size, no detours: against servers that drip, flood, hang up and send elsewhere."""

import asyncio
import gzip
import socket
import threading
import time
import zlib
from contextlib import contextmanager

import pytest
from aiohttp import web
from serving import serving

from offchain.exchange import (
    BrokenOffError,
    ExchangeError,
    TooLongError,
    TooSlowError,
    _Line,
    _read,
    _trusted,
    exchange,
)
from offchain.unpacking import DamagedError, unpacked

DRIPS = {
    "says nothing": [],
    "drips its status": [b"HTTP/1.1 200 ", *(b"O" for _ in range(100))],
    "drips headers": [b"HTTP/1.1 200 OK\r\n", *(b"X-A: b\r\n" for _ in range(100))],
    "drips a body": [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *(b"x" for _ in range(1000))],
    "drips chunks": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        *(b"1\r\nx\r\n" for _ in range(1000)),
    ],
}


@contextmanager
def raw_server(pieces, pause):
    """A server that sends pieces of bytes with pauses, whatever it is asked."""
    listening, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def talk(connection):
        with connection:
            try:
                connection.recv(65536)
                for piece in pieces:
                    connection.sendall(piece)
                    if over.wait(pause):
                        return
                if not pieces:
                    over.wait(30)
            except OSError:
                pass

    def run():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def ask(url, limit=10_000, seconds=5.0, **more):
    return exchange("POST", url, seconds, limit, b"{}", {"Content-Type": "application/json"}, **more)


@pytest.mark.parametrize("how", DRIPS)
def test_a_server_that_drips_is_left_at_the_deadline(how):
    with raw_server(DRIPS[how], pause=0.05) as url:
        began = time.monotonic()
        with pytest.raises(TooSlowError, match="did not answer within 0.5 seconds"):
            ask(url, seconds=0.5)
        # It would take 5 seconds and more: this measures the deadline, not a speed.
        assert time.monotonic() - began < 4


def test_an_answer_is_read_up_to_its_largest_size():
    async def answer(request):
        await request.read()
        return web.Response(body=b"x" * int(request.query["bytes"]))

    async def packed(request):
        response = web.Response(body=b"\0" * 10_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    app = web.Application()
    app.add_routes([web.post("/", answer), web.post("/packed", packed)])
    with serving(app) as url:
        assert ask(f"{url}/?bytes=10000").body == b"x" * 10_000
        for path in ("?bytes=10001", "packed"):
            with pytest.raises(TooLongError, match="sends more than 10000 bytes"):
                ask(f"{url}/{path}")


def test_nobody_is_sent_elsewhere():
    taken = []

    async def elsewhere(request):
        raise web.HTTPTemporaryRedirect("/other")

    async def other(request):
        taken.append(request)
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/", elsewhere), web.post("/other", other)])
    with serving(app) as url:
        answer = ask(url)
    assert answer.status == 307 and answer.headers["location"] == "/other" and not taken


def test_no_cookie_of_a_server_comes_back():
    """It would tell servers who asks, and let each of them fill our memory and our requests."""
    asked = []

    async def answer(request):
        asked.append(dict(request.headers))
        return web.Response(text="ok", headers={"Set-Cookie": "who=we; Path=/; Max-Age=99999"})

    application = web.Application()
    application.add_routes([web.post("/", answer)])
    with serving(application) as url:
        for _ in range(2):
            ask(url.replace("127.0.0.1", "localhost"))
    assert len(asked) == 2 and not any("Cookie" in headers for headers in asked)


def test_connections_are_kept_and_many_threads_ask_at_once():
    peers = set()

    async def answer(request):
        peers.add(request.transport.get_extra_info("peername"))
        await asyncio.sleep(0.01)
        return web.Response(text=await request.text())

    app = web.Application()
    app.add_routes([web.post("/", answer)])
    with serving(app) as url:
        for _ in range(5):
            assert ask(url).body == b"{}"
        assert len(peers) == 1
        threads = [threading.Thread(target=ask, args=(url,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(peers) > 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/v3/secret", "cannot be reached"),
        ("http://nowhere.invalid/v3/secret", "cannot be reached"),
        ("http://[::1/v3/secret", "cannot be reached|no valid URL"),
        ("ftp://127.0.0.1/v3/secret", "cannot be reached|no valid URL"),
    ],
)
def test_what_is_not_there_is_said_so_without_the_url(url, words):
    with pytest.raises(ExchangeError, match=words) as refused:
        ask(url)
    assert "secret" not in str(refused.value)


def test_a_port_where_nobody_listens_is_told_as_people_say_it():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ExchangeError) as refused:
        exchange("GET", f"http://127.0.0.1:{port}", 5, 100)
    assert str(refused.value) == "cannot be reached (Connection refused)"


def test_a_server_without_tls_is_no_matter_of_certificates():
    with raw_server([b"HTTP/1.1 400 Bad Request\r\n\r\n"], 0) as url, pytest.raises(ExchangeError) as refused:
        exchange("GET", url.replace("http:", "https:"), 5, 100)
    assert str(refused.value) == "does not answer as https does: is it http:// there?"


def test_a_server_that_hangs_up_is_said_so():
    with raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"], 0) as url:
        with pytest.raises(BrokenOffError, match="broke off its answer"):
            ask(url)
    with raw_server([b""], 0) as url, pytest.raises(ExchangeError, match="hung up without an answer"):
        ask(url)


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9\r\n", b"{}", b"\x15\x03\x01\x00\x02\x02\x46" * 2])
def test_what_is_no_http_is_said_so(said):
    with raw_server([said], 0) as url, pytest.raises(ExchangeError, match="did not answer in HTTP"):
        ask(url)


def raw_deflate(body):
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


PACKED = {
    "gzip": (gzip.compress(b"whole" * 100), "gzip"),
    "GZIP": (gzip.compress(b"whole" * 100), " GZIP"),
    "members": (gzip.compress(b"whole" * 50) * 2, "x-gzip"),
    "zlib": (zlib.compress(b"whole" * 100), "deflate"),
    "without a header": (raw_deflate(b"whole" * 100), "deflate"),
}


@pytest.mark.parametrize("how", PACKED)
def test_a_packed_body_is_whole_or_none(how):
    body, encoding = PACKED[how]
    assert unpacked(body, encoding, 1000) == b"whole" * 100
    assert unpacked(body, encoding, 7) == b"wholewh"
    for end in (-1, -5, -9, len(body) // 2 - 1, 1):
        with pytest.raises(DamagedError):
            unpacked(body[:end], encoding, 1000)
    with pytest.raises(DamagedError):
        unpacked(b"plain", encoding, 1000)


def test_a_packed_body_that_ends_within_its_announced_length_is_broken_off():
    body = gzip.compress(b"[]" + b" " * 1000)
    head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n"
    with raw_server([head.format(len(body)).encode() + body], 0) as url:
        assert ask(url).body == b"[]" + b" " * 1000
    with raw_server([head.format(len(body) - 9).encode() + body[:-9]], 0) as url:
        with pytest.raises(BrokenOffError, match="broke off its answer"):
            ask(url)


def test_proxies_are_the_environments_but_never_for_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def answer(request):
        return web.Response(text="here")

    app = web.Application()
    app.add_routes([web.post("/", answer)])
    with serving(app) as url:
        assert ask(url).body == b"here"
        with pytest.raises(ExchangeError, match="through the proxy that HTTP_PROXY"):
            ask("http://node.example/")


@pytest.fixture
def no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "spelling", ["http://127.0.0.1:1", "127.0.0.1:1", "HTTP://127.0.0.1:1", "nowhere.invalid"]
)
def test_a_proxy_that_is_not_there_is_not_told_as_the_server(variable, spelling, no_proxies, monkeypatch):
    monkeypatch.setenv(variable, spelling)
    with pytest.raises(ExchangeError, match="through the proxy that HTTP_PROXY"):
        ask("http://node.example/")


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("socks5://me:secret@127.0.0.1:1", "only proxies of HTTP"),
        ("http://", "names no host"),
        ("::% nonsense", "spaces or invisible"),
        ("http://[::1", "host or port is none"),
        ("127.0.0.1:99999", "host or port is none"),
    ],
)
def test_what_is_no_proxy_is_said_by_its_variable(proxy, why, no_proxies, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(ExchangeError, match=f"HTTP_PROXY or ALL_PROXY names no proxy.*{why}") as refused:
        ask("http://node.example/")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("named", ["missing.pem", "text.pem"])
def test_certificates_that_cannot_be_read_are_said_where_they_count(named, tmp_path, no_proxies, monkeypatch):
    (tmp_path / "text.pem").write_text("no certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / named))
    _trusted.cache_clear()
    try:
        with pytest.raises(ExchangeError, match=f"REQUESTS_CA_BUNDLE names .*{named}, which holds no certif"):
            ask("https://127.0.0.1:1/")
        with pytest.raises(ExchangeError, match="cannot be reached"):
            ask("http://127.0.0.1:1/")
    finally:
        _trusted.cache_clear()


def test_certificates_may_be_a_folder(tmp_path, no_proxies, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    _trusted.cache_clear()
    assert _trusted() is not None
    _trusted.cache_clear()


def test_what_is_asked_while_the_program_ends_is_refused(monkeypatch):
    line = _Line()
    line._close()
    monkeypatch.setattr("offchain.exchange._line", lambda: line)
    with pytest.raises(ExchangeError, match="this program is ending"):
        exchange("GET", "http://127.0.0.1:1/", 5, 100)


def test_an_answer_that_still_comes_in_while_the_program_ends_is_given_up(monkeypatch):
    line = _Line()
    monkeypatch.setattr("offchain.exchange._line", lambda: line)

    async def ending(response, limit):
        await line.session.close()
        return await _read(response, limit)

    monkeypatch.setattr("offchain.exchange._read", ending)
    with raw_server(DRIPS["drips a body"], pause=0.05) as url:
        with pytest.raises(ExchangeError, match="was not answered: this program is ending"):
            exchange("GET", url, 10, 10_000)
