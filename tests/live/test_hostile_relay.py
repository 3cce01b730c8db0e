"""The relay under attack over real sockets, in front of a real chain: strangers ask it, not the node."""

import json
import logging
import random
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests
from hostile import connected, request, requests_of, says_little, sent
from live import FAST, signer
from players import SALT, Players, relay_line, root_of
from serving import serving

from offchain import serving as limits
from offchain.chain import intents
from offchain.live.access.chain import Chain
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.keeping.keeper import Keeper
from offchain.live.relaying import line, server
from offchain.live.relaying.desk import Desk
from offchain.live.relaying.entries import opening, signed
from offchain.live.relaying.server import application
from offchain.live.store_gate import ChainGate
from offchain.live.watching.view import read_view
from offchain.reference import Phase, commitments

pytestmark = pytest.mark.usefixtures("snapshot")


class Counting(Rpc):
    """Counts what the node is asked."""

    def __init__(self, url):
        super().__init__([url])
        self.asked = Counter()

    def request(self, method, *parameters):
        self.asked[method] += 1
        return super().request(method, *parameters)

    def batch(self, requests_):
        self.asked["batch"] += 1
        return super().batch(requests_)


@pytest.fixture
def rpc(anvil_node):
    return Counting(anvil_node.url)


@pytest.fixture
def desk(founded, anvil_node, rpc):
    deployment, chain = founded
    anvil_node.give(signer(50).address)
    return Desk(Chain(rpc, deployment.interfaces), Sender(chain, signer(50), FAST), deployment)


@pytest.fixture
def drawn(founded, anvil_node, members):
    """A round whose seats are known; proposers and voters."""
    deployment, chain = founded
    keeper = Keeper(chain, deployment, Sender(chain, signer(1), FAST))
    for _ in range(20):
        if read_view(chain, deployment).phase == Phase.PROPOSE:
            break
        keeper.step()
        anvil_node.mine()
    return Players(deployment, chain, members).seated()


def proposal(founded, key, root=None):
    deployment, chain = founded
    bound = (chain.chain_id, deployment.manager.address, 1, key.address)
    commitment = commitments.update_commitment(*bound, root or root_of(key), 1, SALT)
    bound = chain.chain_id, deployment.manager.address, key.address, 1
    message = intents.message("Propose", *bound, commitment)
    return signed(key.address, commitment, key.sign_intent(message)).model_dump_json().encode()


def post(body, function="propose"):
    return request(f"POST /{function}", f"Content-Length: {len(body)}", body=body)


def complaints(caplog):
    """Errors and tracebacks in the log of our server and of what it is made of."""
    ours = [record for record in caplog.records if record.name.startswith(("offchain", "aiohttp"))]
    return [record for record in ours if record.exc_info or record.levelno >= logging.ERROR]


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None


def require_honest(url, body):
    assert requests.post(f"{url}/propose", data=body, timeout=20).status_code == 202


@pytest.mark.parametrize("ends", [True, False], ids=["closes", "stays"])
def test_no_request_of_the_campaign_harms_the_relay(founded, desk, rpc, drawn, monkeypatch, caplog, ends):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(server, "BODY_SECONDS", 1)
    honest, stranger = proposal(founded, drawn[0][0]), proposal(founded, signer(77))
    campaign = requests_of("POST", "/propose", stranger, f"Content-Length: {len(stranger)}")
    with serving(application(desk, founded[0])) as url, ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda data: sent(url, data, ends), campaign.values()))
        for name, answer in zip(campaign, answers, strict=True):
            assert answer == b"" or status(answer) in {*range(100, 203), *range(400, 432)}, (name, answer)
            assert b"Traceback" not in answer and says_little(answer), (name, answer)
        require_honest(url, honest)
    assert not complaints(caplog)
    assert {name: len(waiting) for name, waiting in desk._waiting.items() if waiting} == {"propose": 1}


def bodies(good):
    """What is no entry, or nobody's."""
    yield from (b"", b"null", b"[]", b"{}", b"[" * 1000, b'{"a":' * 170, b"\xff\xfe", b"1e999", b"-" * 900)
    yield from (b'"' + b"\\ud800" * 100 + b'"', b"\0" * 1024, b"x" * 1025, good[:-1] + b',"extra":1}')
    fields = json.loads(good)
    for name, value in fields.items():
        for other in (
            *(None, 0, -1, True, [], {}, "", "0x", "0x" + "zz" * 32, value.upper(), value + " ", value[:-1]),
            *(
                value + "0",
                "0x" + " ab" * 21 + "a",
                "\u0660" * len(value),
                "0x" + "\uff11" * (len(value) - 2),
            ),
        ):
            yield json.dumps({**fields, name: other}).encode()[:1024]
    made = random.Random(3)
    for _ in range(60):
        changed = bytearray(good)
        for _ in range(made.randrange(1, 4)):
            changed[made.randrange(len(changed))] = made.randrange(256)
        if bytes(changed) != good:
            yield bytes(changed)


def test_nothing_but_a_members_entry_is_taken_or_tried(founded, desk, rpc, drawn, caplog):
    good = proposal(founded, drawn[0][0])
    with serving(application(desk, founded[0])) as url, requests.Session() as session:
        require_honest(url, proposal(founded, drawn[0][1]))
        for body in bodies(good):
            for function in ("propose", "publish", "commitBallot", "revealBallot"):
                answer = session.post(f"{url}/{function}", data=body, timeout=20)
                taken = answer.status_code == 202 and json.loads(body.lower()) == json.loads(good.lower())
                assert taken or answer.status_code in (400, 409, 413), (function, body)
                assert answer.text.strip().isprintable()
    assert not complaints(caplog)


def test_a_crowd_of_strangers_costs_the_node_no_call_each(founded, desk, rpc, drawn):
    fields = json.loads(proposal(founded, drawn[0][0]))
    with serving(application(desk, founded[0])) as url, ExitStack() as held:
        require_honest(url, proposal(founded, drawn[0][1]))
        rpc.asked.clear()
        for number in range(200):
            body = json.dumps({**fields, "client": f"0x{number + 1:040x}"}).encode()
            held.enter_context(connected(url)).sendall(post(body))
        require_honest(url, proposal(founded, drawn[0][0]))
        assert rpc.asked["eth_call"] == 1  # The honest one's.
        assert rpc.asked.total() < 100  # Ten readings at the most, for whatever number of strangers.


def test_nobody_acts_in_the_name_of_a_member(founded, desk, rpc, drawn, anvil_node, members):
    deployment, chain = founded
    (proposer, other), players = drawn[0][:2], Players(deployment, chain, members)
    forged = json.loads(proposal(founded, other))
    with serving(application(desk, deployment)) as url:
        forgery = json.dumps({**forged, "client": proposer.address})
        answer = requests.post(f"{url}/propose", data=forgery, timeout=20)
        assert answer.status_code == 409 and answer.text.startswith("NotSigner: ")
        players.propose([proposer, other])
        rpc.asked.clear()
        wrong = opening("publish", proposer.address, (root_of(proposer), 2, SALT)).model_dump_json()
        answer = requests.post(f"{url}/publish", data=wrong, timeout=20)
        assert answer.status_code == 409 and answer.text.startswith("CommitmentMismatch: ")
        assert rpc.asked["eth_call"] == 0
        right = opening("publish", proposer.address, (root_of(proposer), 1, SALT)).model_dump_json()
        assert requests.post(f"{url}/publish", data=right, timeout=20).status_code == 202


def test_the_same_entry_again_is_no_work(founded, desk, rpc, drawn):
    good = proposal(founded, drawn[0][0])
    with serving(application(desk, founded[0])) as url:
        require_honest(url, good)
        rpc.asked.clear()
        for _ in range(20):
            require_honest(url, good)
    assert rpc.asked.total() == 0


def test_what_one_member_signs_without_end_costs_the_node_no_call_each(founded, desk, rpc, drawn):
    """Ten are tried at once; others are served meanwhile, and the next act is anew."""
    hostile, other = drawn[0][:2]
    with serving(application(desk, founded[0])) as url, requests.Session() as session:
        require_honest(url, proposal(founded, hostile))
        rpc.asked.clear()
        made = [proposal(founded, hostile, root=bytes([number]) * 32) for number in range(40)]
        answers = [session.post(f"{url}/propose", data=body, timeout=20) for body in made]
        assert [answer.status_code for answer in answers] == [202] * 9 + [400] * 31
        assert rpc.asked["eth_call"] == 9
        assert answers[-1].text == (
            f"{hostile.address} has handed in too many for propose; try again, or send it yourself\n"
        )
        require_honest(url, made[8])  # What waits already costs nothing.
        require_honest(url, proposal(founded, other))
        assert desk.flush() and not desk._budgets


def test_what_came_too_late_is_not_paid_for(founded, desk, drawn, anvil_node):
    chain = founded[1]
    with serving(application(desk, founded[0])) as url:
        require_honest(url, proposal(founded, drawn[0][0]))
    anvil_node.warp(700)
    before = chain.balance(signer(50).address)
    assert not desk.flush()
    assert chain.balance(signer(50).address) == before
    assert not any(desk._waiting.values())


def test_half_a_body_is_not_waited_for(founded, desk, monkeypatch):
    monkeypatch.setattr(server, "BODY_SECONDS", 0.3)
    with serving(application(desk, founded[0])) as url, connected(url) as half:
        half.sendall(request("POST /propose", "Content-Length: 500") + b"{")
        assert status(half.recv(1000)) == 408


def test_a_body_of_no_length_is_refused_unread(founded, desk):
    with serving(application(desk, founded[0])) as url, connected(url) as broken:
        broken.sendall(request("POST /propose", "Transfer-Encoding: chunked") + b"1\r\n{\r\n")
        assert status(broken.recv(1000)) == 411


def test_fifty_strangers_cost_the_stores_gate_no_call_each(founded, rpc):
    deployment, chain = founded
    gate = ChainGate(Chain(rpc, deployment.interfaces), deployment)
    assert gate.may_write(signer(100).address)
    rpc.asked.clear()
    assert not any(gate.may_write(f"0x{number + 1:040x}") for number in range(50))
    assert not any(gate.is_published(bytes([number]) * 32) for number in range(50))
    assert rpc.asked.total() <= 50  # Ten readings at the most, for whatever number of strangers.
    before = rpc.asked.total()
    assert not any(gate.may_write(f"0x{number + 1:040x}") for number in range(1000))
    assert rpc.asked.total() - before <= 5
    assert abs(gate.now() - chain.head().time) < 60


def hostile_relay(answer, drips=0):
    """A server that answers everything with `answer`, then a byte now and then; its socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = []

    def serve(line):
        with line:
            try:
                seen.append(line.recv(65536))
                line.sendall(answer)
                for _ in range(drips):
                    line.sendall(b"X: a\r\n")
                    threading.Event().wait(0.1)
            except OSError:
                return

    def accept():
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(line,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}", seen


def test_a_relay_that_drips_its_head_holds_the_loop_no_longer_than_its_limit(
    founded, members, monkeypatch, caplog
):
    monkeypatch.setattr(line, "_SECONDS", 0.5)
    listener, url, _ = hostile_relay(b"HTTP/1.1 202 Accepted\r\n", drips=600)
    with listener:
        assert not relay_line(url, founded[0], members[0]).hand_over("propose", 1, (bytes(24),))
    assert "did not answer within 0.5 seconds; sending directly" in caplog.text


def test_a_relay_that_sends_elsewhere_is_not_followed(founded, members):
    inner, inside, seen = hostile_relay(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
    told = f"HTTP/1.1 307 x\r\nLocation: {inside}/admin\r\nContent-Length: 0\r\n\r\n".encode()
    outer, url, _ = hostile_relay(told)
    with inner, outer:
        relay = relay_line(url, founded[0], members[0])
        assert not relay.carries("propose", 1)
        relay.hand_over("propose", 1, (bytes(24),))
        assert not relay.carries("propose", 1)
    assert seen == []


def test_what_a_relay_says_forges_no_line_of_the_log(founded, members, caplog):
    body = b"oops\n2026-01-01T00:00:00Z error   forged\x1b]0;pwned\x07\x1b[2J"
    listener, url, _ = hostile_relay(b"HTTP/1.1 400 x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    with listener:
        relay_line(url, founded[0], members[0]).hand_over("propose", 1, (bytes(24),))
    assert caplog.messages and all(message.isprintable() for message in caplog.messages)
