"""The store under attack over real sockets: what nobody honest sends, and senders that take places.

After every class an honest request is served; nothing is measured in seconds.
"""

import logging
import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import process_time

import pytest
import requests
from eth_account import Account
from eth_account.messages import encode_defunct
from hostile import connected, request, requests_of, resident, says_little, sent
from serving import serving
from store_parts import SCHEMA, artefact

from ml.updates.schema import Schema
from offchain import serving as limits
from offchain.errors import OffchainError
from offchain.stores import server
from offchain.stores.files import FileStore
from offchain.stores.http import HttpStore
from offchain.stores.permits import Place, permit
from offchain.stores.server import Keeping, application

PLACE = Place(31337, "0x" + "ab" * 20)
NOW = 1_700_000_000
MEMBERS = [Account.from_key(bytes([i]) * 32) for i in range(1, 5)]
(ROOT, DATA), (OTHER, OTHER_DATA) = artefact(), artefact(1)


class Gate:
    """A chain that counts who asks; `hold` makes it hang."""

    def __init__(self):
        self.asked = []
        self.free = threading.Event()
        self.free.set()

    def now(self):
        return NOW

    def may_write(self, address):
        self.asked.append(address)
        self.free.wait(30)
        return address in {member.address.lower() for member in MEMBERS}

    def is_published(self, root):
        return root in (ROOT, OTHER)


def signed(account, root, expires=NOW + 60):
    def sign(message):
        return bytes(account.sign_message(encode_defunct(message)).signature)

    return permit(PLACE, root, expires, sign)


def put(account, root, data, *more, expires=NOW + 60):
    return request(
        f"PUT /artefacts/{root.hex()}",
        f"Content-Length: {len(data)}",
        f"Authorization: StakeFed {signed(account, root, expires)}",
        *more,
    )


def by_stranger(root, number):
    made = random.Random(number)
    signature = b"\1" + made.randbytes(31) + b"\1" + made.randbytes(31) + b"\x1b"
    return request(
        f"PUT /artefacts/{root.hex()}",
        f"Content-Length: {len(DATA)}",
        f"Authorization: StakeFed {NOW + 60}.{signature.hex()}",
    )


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.free.set()


@pytest.fixture
def url(tmp_path, gate):
    FileStore(str(tmp_path)).put(ROOT, DATA)
    with serving(application(Keeping(PLACE, SCHEMA, FileStore(str(tmp_path)), gate))) as url:
        yield url


def complaints(caplog):
    """Errors and tracebacks in the log of our server and of what it is made of."""
    ours = [record for record in caplog.records if record.name.startswith(("offchain", "aiohttp"))]
    return [record for record in ours if record.exc_info or record.levelno >= logging.ERROR]


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None


def answered_first(url, data):
    """What a server answers at first; it may wait for the rest of a body."""
    with connected(url) as line:
        line.sendall(data)
        return line.recv(1000)


def require_honest_reader(url):
    assert HttpStore(url, PLACE).get(ROOT, len(DATA)) == DATA


def require_honest_writer(url, account=MEMBERS[1]):
    HttpStore(url, PLACE, lambda root: signed(account, root)).put(OTHER, OTHER_DATA)


def files():
    return len(os.listdir("/proc/self/fd"))


CAMPAIGN = requests_of(
    "PUT",
    f"/artefacts/{OTHER.hex()}",
    OTHER_DATA,
    f"Content-Length: {len(OTHER_DATA)}",
    f"Authorization: StakeFed {signed(MEMBERS[0], OTHER)}",
)
WORDS = list(CAMPAIGN)


@pytest.mark.parametrize("ends", [True, False], ids=["closes", "stays"])
@pytest.mark.parametrize("part", range(6))
def test_no_request_of_the_campaign_harms_the_store(tmp_path, gate, monkeypatch, caplog, part, ends):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(server, "SECONDS", 2)
    FileStore(str(tmp_path)).put(ROOT, DATA)
    with serving(application(Keeping(PLACE, SCHEMA, FileStore(str(tmp_path)), gate))) as url:
        require_honest_reader(url)
        before = files()
        for name, answer in zip(WORDS[part::6], all_sent(url, WORDS[part::6], ends), strict=True):
            assert answer == b"" or status(answer) in {*range(100, 205), *range(400, 432)}, (name, answer)
            assert b"Traceback" not in answer and b"root:" not in answer, name
            assert says_little(answer), (name, answer)
        require_honest_reader(url)
        require_honest_writer(url)
        assert files() <= before + 2  # Connections of our own clients, no more with more requests.
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {f"{ROOT.hex()}.update", f"{OTHER.hex()}.update"}
    assert not complaints(caplog)


def all_sent(url, names, ends):
    with ThreadPoolExecutor(16) as crowd:
        return list(crowd.map(lambda name: sent(url, CAMPAIGN[name], ends), names))


def test_the_campaign_is_of_hundreds():
    assert len(CAMPAIGN) > 300


N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
EXPIRY, SIGNATURE = signed(MEMBERS[0], OTHER).split(".")
NUMBERS = (0, 1, N - 1, N, N + 1, 2**256 - 1)
PERMITS = [
    "",
    ".",
    f"{EXPIRY}.",
    f".{SIGNATURE}",
    f"{EXPIRY}.{SIGNATURE[:-2]}",
    f"{EXPIRY}.{SIGNATURE}00",
    f"{EXPIRY}.{SIGNATURE}.{SIGNATURE}",
    f"-1.{SIGNATURE}",
    f"{10**30}.{SIGNATURE}",
    "9" * 5000 + f".{SIGNATURE}",
    f"1e9.{SIGNATURE}",
    f"nan.{SIGNATURE}",
    f"{NOW}.{SIGNATURE}",
    f"{NOW + 3601}.{SIGNATURE}",
    f"{EXPIRY}.0x{SIGNATURE}",
    f"{EXPIRY}.{'zz' * 65}",
    f"+{EXPIRY}.{SIGNATURE}",
    f" {EXPIRY}.{SIGNATURE}",
    f"{EXPIRY}. {SIGNATURE}",
    f"{EXPIRY}.{SIGNATURE.upper()}",
    f"1_700_000_060.{SIGNATURE}",
    f"0{EXPIRY}.{SIGNATURE}x",
    *[f"{EXPIRY}.{SIGNATURE[:128]}{v:02x}" for v in range(256) if v not in (0, 1, 27, 28)],
    *[f"{EXPIRY}.{r:064x}{s:064x}{v:02x}" for r in NUMBERS for s in NUMBERS for v in (0, 27, 28)],
]


def test_nothing_but_a_permit_permits(url, tmp_path, gate, caplog):
    with requests.Session() as session:
        for text in PERMITS:
            answer = session.put(
                f"{url}/artefacts/{OTHER.hex()}",
                data=OTHER_DATA,
                headers={"Authorization": f"StakeFed {text}"},
                timeout=20,
            )
            assert answer.status_code in (401, 403), text
    assert not (tmp_path / f"{OTHER.hex()}.update").exists()
    assert not complaints(caplog)
    require_honest_writer(url)


def test_a_permit_that_is_none_asks_nobody(url, gate):
    for text in ("x", f"{EXPIRY}.", f"{EXPIRY}.{'00' * 65}"):
        line = request(
            f"PUT /artefacts/{OTHER.hex()}", f"Content-Length: {len(DATA)}", f"Authorization: StakeFed {text}"
        )
        assert status(answered_first(url, line)) == 401
    assert gate.asked == []


def test_a_member_that_drips_its_uploads_keeps_nobody_else_out(url):
    with ExitStack() as held:
        for _ in range(2 * server.UPLOADS_AT_ONCE):
            line = held.enter_context(connected(url))
            line.sendall(put(MEMBERS[0], OTHER, OTHER_DATA) + b"x")
        require_honest_reader(url)
        require_honest_writer(url)


def test_members_that_drip_together_keep_nobody_else_out(url):
    with ExitStack() as held:
        for number in range(24):
            line = held.enter_context(connected(url))
            line.sendall(put(MEMBERS[(0, 2, 3)[number % 3]], OTHER, OTHER_DATA) + b"x")
        require_honest_writer(url)


def test_what_waits_for_a_place_is_inside_the_time_limit(tmp_path, gate, monkeypatch):
    monkeypatch.setattr(server, "UPLOAD_SECONDS", 0.5)
    with (
        serving(application(Keeping(PLACE, SCHEMA, FileStore(str(tmp_path)), gate))) as url,
        ExitStack() as held,
    ):
        lines = [held.enter_context(connected(url)) for _ in range(5)]
        for line in lines:
            line.sendall(put(MEMBERS[0], OTHER, OTHER_DATA) + b"x")
        assert [status(line.recv(1000)) for line in lines] == [408] * 5


def test_what_is_kept_is_not_taken_again(url, tmp_path):
    before = (tmp_path / f"{ROOT.hex()}.update").stat().st_mtime_ns
    assert status(answered_first(url, put(MEMBERS[0], ROOT, DATA) + b"x")) == 200
    assert (tmp_path / f"{ROOT.hex()}.update").stat().st_mtime_ns == before


def test_what_was_damaged_is_taken_again(url, tmp_path):
    (tmp_path / f"{ROOT.hex()}.update").write_bytes(bytes(len(DATA)))
    assert status(sent(url, put(MEMBERS[0], ROOT, DATA) + DATA, ends=False)) == 201
    require_honest_reader(url)
    (tmp_path / f"{ROOT.hex()}.update").write_bytes(bytes(len(DATA)))
    assert status(sent(url, put(MEMBERS[0], ROOT, DATA) + DATA, ends=False)) == 201


def test_strangers_and_a_node_that_hangs_keep_no_reader_waiting(url, gate):
    gate.free.clear()
    with ExitStack() as held:
        for number in range(60):
            held.enter_context(connected(url)).sendall(by_stranger(ROOT, number))
        for _ in range(5):
            require_honest_reader(url)


def test_nobody_is_asked_for_those_who_left(url, gate):
    gate.free.clear()
    for number in range(60):
        with connected(url) as line:
            line.sendall(by_stranger(ROOT, number))
    require_honest_reader(url)
    gate.free.set()
    require_honest_writer(url)
    assert len(gate.asked) <= 2 * 4 + 1  # Those that threads had begun with, not the sixty.


LARGE_ROOT = bytes(32)
LARGE = Schema((("w", (4 * 1024 * 1024,)),))
BYTES = 4 * LARGE.size


@contextmanager
def serving_large(folder, gate):
    """A store with one update of 16 MiB, `LARGE_ROOT`."""
    (folder / f"{LARGE_ROOT.hex()}.update").write_bytes(bytes(BYTES))
    with serving(application(Keeping(PLACE, LARGE, FileStore(str(folder)), gate))) as url:
        yield url


def test_readers_that_take_nothing_hold_no_memory(tmp_path, gate):
    with serving_large(tmp_path, gate) as url, ExitStack() as held:
        before = resident()
        for _ in range(40):
            held.enter_context(connected(url, receives=4096)).sendall(
                request(f"GET /artefacts/{LARGE_ROOT.hex()}")
            )
        assert len(HttpStore(url).get(LARGE_ROOT, BYTES)) == BYTES
        assert resident() - before < 200 * 2**20  # 640 MiB were asked for; 16 + 16 are our own reader's.


ENDLESS = {
    "requests": ((), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000),
    "what is no request": ((), b"\xff" * 65_536),
    "another protocol": (("Upgrade: h2c", "Connection: Upgrade"), b"x" * 65_536),
    "a socket of the web": (("Upgrade: websocket", "Connection: Upgrade"), b"x" * 65_536),
    "a body": (("Content-Length: 99999999999",), b"x" * 65_536),
}


@pytest.mark.parametrize("more", ENDLESS)
def test_what_follows_a_request_without_end_holds_no_memory(tmp_path, gate, more):
    """While it is answered, to those who do not take the answer."""
    headers, piece = ENDLESS[more]
    with serving_large(tmp_path, gate) as url, ExitStack() as held:
        lines = [held.enter_context(connected(url, receives=4096)) for _ in range(8)]
        for line in lines:
            line.sendall(request(f"GET /artefacts/{LARGE_ROOT.hex()}", *headers))
            assert line.recv(12) == b"HTTP/1.1 200"
        before = resident()
        for line in lines:
            flood(line, piece)
        assert len(HttpStore(url).get(LARGE_ROOT, BYTES)) == BYTES
        assert resident() - before < 60 * 2**20  # 16 + 16 are our own reader's; 128 were sent.


CHUNKS = {
    "small ones": b"1\r\na\r\n" * 10_000,
    "an extension": b"5;" + b"x" * 65_536,
    "trailers": b"0\r\n" + b"A: a\r\n" * 10_000,
}


@pytest.mark.parametrize("more", CHUNKS)
def test_chunks_without_end_take_neither_memory_nor_time(url, more):
    """They are not read: an honest answer would wait for millions of them to be taken apart."""
    with ExitStack() as held:
        lines = [held.enter_context(connected(url)) for _ in range(8)]
        for line in lines:
            line.sendall(request("GET /", "Transfer-Encoding: chunked"))
            assert status(line.recv(1000)) == 411
        before, spent = resident(), process_time()
        for line in lines:
            flood(line, CHUNKS[more])
        require_honest_reader(url)
        assert resident() - before < 20 * 2**20
        assert process_time() - spent < 3  # 20 s where they are read: 21 million of the small ones.


def flood(line, piece):
    """Send 16 MiB, or what is taken of them, or until the other side has had enough."""
    line.settimeout(0.2)
    with suppress(TimeoutError, ConnectionError):
        for _ in range(2**24 // len(piece)):
            line.sendall(piece)


def test_half_a_head_is_not_waited_for_for_ever(tmp_path, gate, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.3)
    with serving(application(Keeping(PLACE, SCHEMA, FileStore(str(tmp_path)), gate))) as url:
        for half in (b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: "):
            assert sent(url, half, ends=False) == b""


def test_a_reader_that_takes_nothing_is_left(tmp_path, gate, monkeypatch):
    monkeypatch.setattr(server, "SECONDS", 0.5)
    large = Schema((("w", (8 * 1024 * 1024,)),))
    (tmp_path / f"{bytes(32).hex()}.update").write_bytes(bytes(4 * large.size))
    with (
        serving(application(Keeping(PLACE, large, FileStore(str(tmp_path)), gate))) as url,
        connected(url, receives=4096) as line,
    ):
        line.sendall(request(f"GET /artefacts/{bytes(32).hex()}"))
        threading.Event().wait(1.5)
        got = 0
        with pytest.raises(ConnectionError):
            while piece := line.recv(65536):
                got += len(piece)
            raise ConnectionError("closed")
        assert got < 4 * large.size


def test_the_oldest_that_has_not_asked_makes_room(tmp_path, gate, monkeypatch):
    monkeypatch.setattr(limits, "CONNECTIONS", 16)
    FileStore(str(tmp_path)).put(ROOT, DATA)
    with (
        serving(application(Keeping(PLACE, SCHEMA, FileStore(str(tmp_path)), gate))) as url,
        ExitStack() as held,
    ):
        upload = held.enter_context(connected(url))
        upload.sendall(put(MEMBERS[0], OTHER, OTHER_DATA, "Expect: 100-continue"))
        assert status(upload.recv(1000)) == 100  # It has asked.
        upload.sendall(OTHER_DATA[:-1])
        for _ in range(100):
            held.enter_context(connected(url)).sendall(b"GET / HTTP/1.1\r\n")
        require_honest_reader(url)
        upload.sendall(OTHER_DATA[-1:])
        assert status(upload.recv(1000)) == 201


def test_a_pipe_in_the_folder_stops_no_reader(url, tmp_path):
    os.mkfifo(tmp_path / f"{OTHER.hex()}.update")
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(connected(url)).sendall(request(f"GET /artefacts/{OTHER.hex()}"))
        require_honest_reader(url)


class Broken(Gate):
    def may_write(self, address):
        raise RuntimeError("ours\nforged line\x1b[2J")


class Down(Gate):
    def may_write(self, address):
        raise OffchainError("no node answers")


@pytest.mark.parametrize("kind, answered", [(Broken, 500), (Down, 503)])
def test_a_crowd_of_failures_is_one_line_of_log(tmp_path, caplog, kind, answered):
    with serving(application(Keeping(PLACE, SCHEMA, FileStore(str(tmp_path)), kind()))) as url:
        for _ in range(20):
            assert status(answered_first(url, put(MEMBERS[0], OTHER, OTHER_DATA))) == answered
    (record,) = complaints(caplog)
    assert record.getMessage().isprintable() and not record.exc_info


PROCESS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
from store_parts import SCHEMA
from offchain.serving import serve
from offchain.stores.files import FileStore
from offchain.stores.permits import Place
from offchain.stores.server import Keeping, application
app = application(Keeping(Place(31337, "0x" + "ab" * 20), SCHEMA, FileStore(sys.argv[1]), None))
serve(app, "127.0.0.1", 0, lambda port: print(port, flush=True))
"""


def test_a_process_with_few_descriptors_serves_beside_more_half_heads_than_it_has(tmp_path):
    FileStore(str(tmp_path)).put(ROOT, DATA)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root}/tests/support"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
    try:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        with ExitStack() as held:
            for _ in range(400):
                try:
                    held.enter_context(connected(url)).sendall(b"GET / HTTP/1.1\r\n")
                except (TimeoutError, ConnectionError):
                    continue
            require_honest_reader(url)
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert (tmp_path / "log").read_text() == ""
