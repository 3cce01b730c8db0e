"""The page over HTTP: told anew at each load, and kept from nobody by who sends or takes nothing."""

import contextlib
import socket
import time
import urllib.error
import urllib.request

import pytest
from serving import serving

from ml.errors import DataError
from offchain.errors import ChainError, OffchainError
from offchain.page.serve import page_application, serve_page


def test_it_is_served_as_it_is_now_on_this_machine_alone():
    pages = iter(["first", "second"])
    with serving(page_application(lambda: next(pages))) as base:
        assert [urllib.request.urlopen(base).read() for _ in range(2)] == [b"first", b"second"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(base + "/etc/passwd")
        with pytest.raises(OffchainError, match="another program listens there; choose another --serve"):
            serve_page(int(base.rpartition(":")[2]), lambda: "", lambda port: None)


@pytest.mark.parametrize("error", [ChainError("no node answered"), DataError("no node answered")])
def test_what_cannot_be_told_is_said_and_told_later(error):
    def tell():
        if not told:
            told.append(1)
            raise error
        return "<!doctype html>"

    told = []
    with serving(page_application(tell)) as base:
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            urllib.request.urlopen(base)
        assert refused.value.read() == b"no node answered\n"
        assert urllib.request.urlopen(base).read() == b"<!doctype html>"


def test_who_drips_a_head_or_takes_nothing_keeps_nobody_from_the_page(monkeypatch):
    monkeypatch.setattr("offchain.serving.HEAD_SECONDS", 0.4)
    with serving(page_application(lambda: "x" * 2**22)) as base:
        place = ("127.0.0.1", int(base.rpartition(":")[2]))
        dripping, idle = socket.create_connection(place), socket.create_connection(place)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")  # And reads none of it.
        dripping.settimeout(10)
        dripping.sendall(b"GET / HTT")
        assert len(urllib.request.urlopen(base, timeout=10).read()) == 2**22
        assert dripping.recv(100) == b"", "its head has a time limit"
        for each in (dripping, idle):
            each.close()


def test_who_takes_nothing_of_a_page_is_cut_off_at_the_deadline(monkeypatch):
    monkeypatch.setattr("offchain.page.serve.SECONDS", 0.5)
    with serving(page_application(lambda: "x" * 2**25)) as base:
        idle = socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])))
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2)
        idle.settimeout(10)
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := idle.recv(2**20):
                taken += len(piece)
        assert taken < 2**25
        idle.close()
