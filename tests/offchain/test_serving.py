"""What strangers reach: crowds at each stage of an exchange, beside somebody honest."""

import asyncio
import os
import resource
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests
from aiohttp import web
from hostile import connected, request
from serving import serving

from offchain.serving import CONNECTIONS_OF, Rank, application, sent_by_pieces

MOST = 16
BYTES = 2**25


@pytest.fixture
def url():
    """A server of sixteen connections: answers, answers never, lets in, sends what is long."""

    async def here(request):
        return web.Response(text="here\n")

    async def never(request):
        await asyncio.Event().wait()

    async def member(request):
        request.app[CONNECTIONS_OF].promote(request, Rank.ADMITTED)
        await web.StreamResponse().prepare(request)
        await asyncio.Event().wait()

    async def large(request):
        left = [BYTES]

        async def read(size):
            piece = bytes(min(size, left[0]))
            left[0] -= len(piece)
            return piece

        return await sent_by_pieces(request, "application/octet-stream", BYTES, read)

    routes = [web.get(f"/{handler.__name__}", handler) for handler in (here, never, member, large)]
    with serving(application(routes, 60, 0, MOST)) as url:
        yield url


def crowd(url, held, path, count):
    for _ in range(count):
        line = held.enter_context(connected(url, receives=4096))
        with suppress(ConnectionError):
            line.sendall(request(f"GET {path}") if path else b"GET /")


def require_honest(url):
    assert requests.get(f"{url}/here", timeout=10).text == "here\n"


@pytest.mark.parametrize("path", ["", "/never", "/member", "/large"])
def test_a_crowd_at_any_stage_keeps_no_newcomer_out(url, path):
    with ExitStack() as held:
        for _ in range(4):
            crowd(url, held, path, MOST)
            require_honest(url)


@pytest.mark.parametrize("path", ["", "/never"])
def test_a_crowd_of_strangers_cuts_no_member_off(url, path):
    with ExitStack() as held, connected(url) as member:
        member.sendall(request("GET /member"))
        assert member.recv(1000).endswith(b"\r\n\r\n")
        for _ in range(4):
            crowd(url, held, path, MOST)
            require_honest(url)
        member.settimeout(0.3)
        with pytest.raises(TimeoutError):
            member.recv(1)


def test_who_takes_what_is_sent_stays_before_those_who_take_nothing(url):
    with ExitStack() as held, connected(url, receives=2**16) as reader:  # Else a system may hold all of it.
        reader.sendall(request("GET /large"))
        taken = crowds = 0
        while piece := reader.recv(2**20):
            taken += len(piece)
            if taken > crowds * 2**20:
                crowds += 1
                crowd(url, held, "/large", 2)  # Four times as many in all as there are places.
        assert taken > BYTES


def test_an_answer_that_nobody_takes_is_cut_off_at_the_deadline():
    """One in one piece, as measures and refusals are: aiohttp alone waits for ever."""

    async def whole(request):
        return web.Response(body=bytes(BYTES))

    with (
        serving(application([web.get("/whole", whole)], 1, 0)) as url,
        connected(url, receives=4096) as line,
    ):
        line.sendall(request("GET /whole"))
        time.sleep(2.5)
        line.settimeout(10)
        taken = 0
        with suppress(ConnectionResetError):
            while piece := line.recv(2**20):
                taken += len(piece)
        assert 0 < taken < BYTES


BOTH = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (640, 640))
from offchain.monitoring import measures
from offchain.monitoring.server import monitored
from offchain.serving import serve
from offchain.stores.files import FileStore
from offchain.stores.permits import Place
from offchain.stores.server import Keeping, application
from ml.updates.schema import Schema
large = Schema((("w", (4 * 1024 * 1024,)),))
app = application(Keeping(Place(31337, "0x" + "ab" * 20), large, FileStore(sys.argv[1]), None))
with monitored(0, "127.0.0.1", measures.STORE) as port:
    serve(app, "127.0.0.1", 0, lambda found: print(found, port, flush=True))
"""


def test_two_servers_of_a_process_have_descriptors_for_both_crowds(tmp_path):
    """Readers of a store hold a file beside their socket."""
    (tmp_path / f"{bytes(32).hex()}.update").write_bytes(bytes(2**24))
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root}/tests/support"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", BOTH, str(tmp_path)], stdout=subprocess.PIPE, stderr=log, env=environment
        )
    files, _ = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, 4096), before[1]))
        store, metrics = (f"http://127.0.0.1:{port}" for port in process.stdout.readline().decode().split())
        with ExitStack() as held:
            for _ in range(5):
                crowd(store, held, f"/artefacts/{bytes(32).hex()}", 50)
                crowd(metrics, held, "", 50)
                assert requests.get(store, timeout=10).ok
                assert requests.get(f"{metrics}/health", timeout=10).status_code in (200, 503)
            assert (
                len(os.listdir(f"/proc/{process.pid}/fd")) <= 640 - 192
            )  # For nodes, disks, and those counted still.
        process.terminate()
        assert process.wait(20) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        process.kill()
        process.wait()
        process.stdout.close()
    assert (tmp_path / "log").read_text() == ""
