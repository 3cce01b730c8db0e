"""The page over HTTP: told anew at each load, and kept from nobody by who sends or takes nothing."""

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import requests
from browser import Browser
from hostile import connected, request, resident
from live import eventually
from serving import serving

from ml.errors import DataError
from offchain.errors import ChainError, OffchainError
from offchain.page.serve import page_application, serve_page
from offchain.page.story import Fact, Round, Story
from offchain.page.write import page


def story(title, member="client"):
    return Story(title, [], [], "T", [member], {}, [], [])


def large(megabytes):
    return Story("large", [], [], "T", ["x" * 200] * (megabytes * 2**20 // 200), {}, [], [])


def test_it_is_served_as_it_is_now_on_this_machine_alone():
    stories = iter([story("first"), story("second"), story("third")])
    with serving(page_application(lambda: next(stories))) as base:
        for title in (b"first", b"second"):
            assert b"<title>" + title + b"</title>" in urllib.request.urlopen(base).read()
        assert json.load(urllib.request.urlopen(base + "/data.json"))["title"] == "third"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(base + "/etc/passwd")
        with pytest.raises(OffchainError, match="another program listens there; choose another --serve"):
            serve_page(int(base.rpartition(":")[2]), lambda: story(""), lambda port: None)


@pytest.mark.parametrize("error", [ChainError("no node answered"), DataError("no node answered")])
def test_what_cannot_be_told_is_said_and_told_later(error):
    def tell():
        if not told:
            told.append(1)
            raise error
        return story("told")

    told = []
    with serving(page_application(tell)) as base:
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            urllib.request.urlopen(base)
        assert refused.value.read() == b"no node answered\n"
        assert b"<title>told</title>" in urllib.request.urlopen(base).read()


def test_who_drips_a_head_or_takes_nothing_keeps_nobody_from_the_page(monkeypatch):
    monkeypatch.setattr("offchain.serving.HEAD_SECONDS", 0.4)
    with serving(page_application(lambda: large(4))) as base:
        place = ("127.0.0.1", int(base.rpartition(":")[2]))
        dripping, idle = socket.create_connection(place), socket.create_connection(place)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")  # And reads none of it.
        dripping.settimeout(10)
        dripping.sendall(b"GET / HTT")
        assert len(urllib.request.urlopen(base, timeout=10).read()) > 2**22
        assert dripping.recv(100) == b"", "its head has a time limit"
        for each in (dripping, idle):
            each.close()


def test_who_takes_nothing_of_a_page_is_cut_off_at_the_deadline(monkeypatch):
    monkeypatch.setattr("offchain.page.serve.SECONDS", 1)
    told = page(large(32), 10)  # Made before: making it can take longer than the deadline.
    monkeypatch.setattr("offchain.page.serve.page", lambda *_: told)
    with serving(page_application(lambda: large(0))) as base:
        idle = socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])))
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2.5)
        idle.settimeout(10)
        taken = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := idle.recv(2**20):
                taken += piece
        assert taken.startswith(b"HTTP/1.1 200 ")
        assert len(taken) < 2**25
        idle.close()


def test_a_crowd_waits_for_one_story_together():
    free, told = threading.Event(), []

    def tell():
        told.append(1)
        free.wait(20)
        return story(f"told {len(told)}")

    with serving(page_application(tell)) as base, ThreadPoolExecutor(31) as crowd:
        first = crowd.submit(requests.get, base, timeout=20)
        eventually(lambda: told)
        others = [crowd.submit(requests.get, base, timeout=20) for _ in range(30)]
        time.sleep(0.3)  # They wait by then; whom this finds on the way adds a story, at most.
        free.set()
        assert "<title>told 1</title>" in first.result().text
        assert all("<title>told 1</title>" not in each.result().text for each in others)
    assert len(told) <= 4


def test_readers_that_take_nothing_of_a_page_hold_no_memory(monkeypatch):
    text = page(large(16), 10)
    monkeypatch.setattr("offchain.page.serve.page", lambda *_: text)
    with serving(page_application(lambda: large(0))) as base, contextlib.ExitStack() as held:
        requests.get(base, timeout=20)
        before = resident()
        for _ in range(40):
            held.enter_context(connected(base, receives=4096)).sendall(request("GET /"))
        assert len(requests.get(base, timeout=20).content) > 2**24
        assert resident() - before < 200 * 2**20  # 640 MiB were asked for.


@pytest.fixture
def tab(tmp_path):
    opened = Browser(tmp_path / "chromium")
    yield opened
    opened.close()


def test_a_page_that_is_open_follows(monkeypatch, tab):
    """In place: what a person looks at, and what has the keyboard, stays; what cannot be told is said."""
    monkeypatch.setattr("offchain.page.serve.FOLLOW_SECONDS", 0.2)
    told = [played(2)]

    def tell():
        if isinstance(told[-1], Exception):
            raise told[-1]
        return told[-1]

    with serving(page_application(tell)) as base:
        tab.open(base)
        assert tab.text("#where") == "round 2 of 2"
        told.append(played(3))
        until(tab, "#where", "round 3 of 3")
        tab.value("choose(1, 0)")
        tab.value("document.querySelector('#members [data-member=\"1\"]').focus()")
        told.append(played(4))
        until(tab, "#where", "round 1 of 4")
        assert (
            tab.value("document.activeElement.innerText") == "client 1"
            and tab.text("#place") == "client 1, round 1: no seat; 0 T after it."
        )
        told.append(ChainError("no node answered"))
        until(tab, "#unheard", "Nothing new is told: no node answered")
        told.append(played(5))
        until(tab, "#where", "round 1 of 5")
        assert tab.text("#unheard") == ""
        tab.click("#follow")
        assert not tab.value("document.getElementById('follow').checked")
        told.append(played(6))
        time.sleep(1)
        assert tab.text("#where") == "round 1 of 5"
    assert {url.rpartition("/")[0] for url in tab.requests if url.startswith("http")} == {base}


def played(rounds):
    each = [Round(number, "decided", [], [], [], model=f"{number:064x}") for number in range(1, rounds + 1)]
    return Story(
        "live", [], [Fact("Phase", "vote")], "T", ["client 0", "client 1"], {}, [Decimal(0)] * 2, each
    )


def until(tab, selector, text):
    eventually(lambda: tab.text(selector) == text, 30)
