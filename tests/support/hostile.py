"""Requests as nobody honest sends them, in bytes; and sockets to send them over."""

import gzip
import random
import resource
import socket
from pathlib import Path
from urllib.parse import urlsplit

METHODS = (
    "HEAD",
    "OPTIONS",
    "DELETE",
    "POST",
    "PUT",
    "PATCH",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "FOO",
    "get",
    "G T",
    "",
)
PATHS = (
    "/",
    "//",
    "/..",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/artefacts",
    "/artefacts/",
    "/artefacts/%00",
    "/artefacts/" + "0" * 63,
    "/artefacts/" + "0" * 65,
    "/artefacts/" + "A" * 64,
    "/artefacts/" + "%EF%BC%90" * 64,
    "/artefacts/" + "%D9%A0" * 64,
    "/artefacts/" + "0" * 64 + "%0a",
    "/artefacts/" + "0" * 64 + "/",
    "/artefacts/" + "0" * 64 + ".update",
    "/propose/",
    "/propose%00",
    "/Propose",
    "/?x=1",
    "/#x",
    "*",
    "http://evil/",
    "http://evil:99999/",
    "/" + "a" * 9000,
    "/" + "%" * 50,
    "/\x7f",
    "/é",
    "/ x",
    "?",
    "/;a=b",
    "/\\..\\x",
)
HEADERS = (
    "Content-Length: -1",
    "Content-Length: +5",
    "Content-Length: 5_0",
    "Content-Length: 0x10",
    "Content-Length: ",
    "Content-Length: 5, 5",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: " + "9" * 30,
    "Content-Length: 99999999999999999999",
    "Content-Length: 1e3",
    "Content-Length: \uff15",
    "Content-Length: 5 5",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: x",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\tchunked\r\nTE: x",
    "Content-Encoding: gzip",
    "Content-Encoding: deflate",
    "Content-Encoding: br",
    "Content-Encoding: zstd",
    "Content-Encoding: x" * 50,
    "Content-Encoding: identity, gzip",
    "Expect: 100-continue",
    "Expect: x",
    "Upgrade: websocket\r\nConnection: upgrade",
    "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings",
    "Connection: keep-alive, x, y",
    "Connection: " + "a," * 3000,
    "Host: a\r\nHost: b",
    "Host: ",
    "Host: \x01",
    "X: " + "a" * 100_000,
    "X" * 9000 + ": a",
    "\r\n".join(f"X{i}: a" for i in range(500)),
    ": a",
    "A b: c",
    " folded: x",
    "A: b\r\n folded",
    "A: b\0c",
    "A: b\x1b[2J",
    "A: b\nC: d",
    "A: b\rC: d",
    "Cookie: " + "a=b; " * 2000,
    "X: \xff\xfe",
    "Range: bytes=0-0,1-1," + "2-2," * 1000,
    "If-None-Match: *",
    "If-Modified-Since: x",
    "Content-Type: \x00",
    "X:",
    "Content-Type: multipart/form-data; boundary=" + "x" * 5000,
    "Content-Type: application/x-www-form-urlencoded",
    "Accept: text/html",
    "Accept-Encoding: " + "gzip;q=0.1," * 500,
    "Authorization: ",
    "Authorization: StakeFed",
    "Authorization: StakeFed  ",
    "Authorization: Basic bWU6cHc=",
    "Authorization: stakefed 1.00",
    "Forwarded: for=x",
)
LINES = (
    b"",
    b"\r\n",
    b"\r\n" * 5000,
    b"\n",
    b"GET",
    b"GET /",
    b"GET /\r\n\r\n",
    b"GET / HTTP/0.9\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.2\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"GET / HTTP/11\r\n\r\n",
    b"GET / HTTP/1.1\nHost: x\n\n",
    b"GET  /  HTTP/1.1\r\n\r\n",
    b"GET\t/\tHTTP/1.1\r\n\r\n",
    b" GET / HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
    b"SSH-2.0-OpenSSH_9.0\r\n",
    b"EHLO x\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"\0" * 4096,
    b"\xff" * 4096,
    b"a" * 200_000,
    b"GET / HTTP/1.1\r\n" + b"A" * 200_000,
    b"HTTP/1.1 200 OK\r\n\r\n",
    b'{"jsonrpc": "2.0"}',
    b"<xml/>\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\x00\xff",
)
CHUNKS = (
    b"5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n",
    b"ffffffffffffffffff\r\n",
    b"5;" + b"x" * 20_000 + b"\r\nhello\r\n",
    b"5\r\nhelloXX",
    b"zz\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"0\r\nX: " + b"a" * 100_000,
    b"5\nhello\n0\n\n",
    b"1\r\na\r\n" * 5000 + b"0\r\n\r\n",
    b"\r\n",
    b"5\r\n",
    b"",
)


def request(line, *headers, body=b""):
    """The bytes of a request."""
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: x", *headers, "", ""])
    return head.encode("utf-8", "surrogateescape") + body


def requests_of(method, path, body, *honest):
    """Several hundred, by what they are: around one honest request of a server."""
    found = {f"method {each!r}": request(f"{each} {path}") for each in METHODS}
    found |= {f"GET {each[:40]!r}": request(f"GET {each}") for each in PATHS}
    found |= {f"{method} {each[:40]!r}": request(f"{method} {each}", *honest, body=body) for each in PATHS}
    found |= {f"header {each[:40]!r} {i}": request(f"GET {path}", each) for i, each in enumerate(HEADERS)}
    found |= {
        f"with a body, header {each[:40]!r} {i}": request(f"{method} {path}", each, *honest, body=body)
        for i, each in enumerate(HEADERS)
    }
    found |= {f"line {i}": each for i, each in enumerate(LINES)}
    chunked = "Transfer-Encoding: chunked"
    without = [each for each in honest if not each.startswith("Content-Length")]
    found |= {
        f"chunks {i}": request(f"{method} {path}", chunked, *without, body=each)
        for i, each in enumerate(CHUNKS)
    }
    found |= {
        f"cut off after {share} tenths": request(f"{method} {path}", *honest, body=body)[
            : share * len(body) // 10
        ]
        for share in range(10)
    }
    random_ = random.Random(7)
    found |= {f"noise {i}": random_.randbytes(random_.randrange(1, 3000)) for i in range(20)}
    whole = request(f"{method} {path}", *honest, body=body)
    for number in range(60):
        changed = bytearray(whole)
        for _ in range(random_.randrange(1, 4)):
            changed[random_.randrange(min(len(changed), 400))] = random_.randrange(256)
        found[f"changed {number}"] = bytes(changed)
    packed = gzip.compress(bytes(10_000_000))
    found["bomb"] = request(
        f"{method} {path}", "Content-Encoding: gzip", f"Content-Length: {len(packed)}", *without, body=packed
    )
    found["pipelined"] = whole * 5
    found["much more than said"] = whole + bytes(1_000_000)
    return found


def says_little(answer):
    """Whether a refusal is one line, and no answer tells what the server is made of."""
    head, _, body = answer.partition(b"\r\n\r\n")
    refuses = head.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 5", b"HTTP/1.0 5"))
    is_line = body.count(b"\n") <= 1 and body.rstrip(b"\n").decode().isprintable()
    return (is_line or not refuses) and b"aiohttp" not in head and b"Python" not in head


def connected(url, receives=None):
    """A socket to a server; of which little is read where `receives` says so many bytes."""
    parts = urlsplit(url)
    found = socket.socket()
    if receives:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    found.settimeout(20)
    found.connect((parts.hostname, parts.port))
    return found


def sent(url, data, ends=True):
    """Everything that a server answers to bytes, until it closes; `ends` closes our side first."""
    answer = b""
    with connected(url) as line:
        try:
            line.sendall(data)
            if ends:
                line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                answer += piece
        except ConnectionError:
            pass
    return answer


def resident():
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
