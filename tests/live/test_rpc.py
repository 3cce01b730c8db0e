"""Each kind of answer and its treatment, over real sockets: next node, wait, less at once, say so."""

import gzip
import json
import logging
import time
import zlib
from collections import UserDict

import pytest
from aiohttp import web
from fake_node import FakeNode, Http, Says, batch_of_more_than, blocks_asked, error, fake_node, more_than
from live import free_port
from serving import serving

from offchain.live.access import chain as chain_module
from offchain.live.access import rpc as module
from offchain.live.access.chain import Chain
from offchain.live.access.network import Nodes, connect
from offchain.live.access.portion import Portion
from offchain.live.access.rpc import Rpc
from offchain.live.errors import BeyondHeadError, NodeRefusedError, NodeUnavailableError, TooMuchAskedError

BALANCE = Says("eth_getBalance", {"result": "0x2a"})
CHAIN = Says("eth_chainId", {"result": "0xaa36a7"})
ASK = ("eth_getBalance", "0x" + "ab" * 20, "latest")
CALLS = [("eth_getBalance", ["0x" + "ab" * 20, "latest"])] * 14
LOGS = {"address": [], "fromBlock": "0x0", "toBlock": "0x3e7"}  # 1,000 blocks


@pytest.fixture
def slept(monkeypatch):
    """Seconds that were waited."""
    seconds = []
    monkeypatch.setattr(module.time, "sleep", seconds.append)
    return seconds


CLOSED = {
    "402": Http(402, {"message": "Payment Required"}),
    "403": Http(403, error(-32600, "Monthly capacity limit exceeded.")),
    "401": Http(401, error(-32000, "invalid project id")),
    "quota": Says("", error(-32005, "daily request count exceeded, request rate limited")),
    "moved": Http(308, "", headers={"Location": "https://elsewhere.example"}),
}
BUSY = {
    "429": Http(429, "<html>Too Many Requests</html>"),
    "credits": Says("", error(-32012, "credits limited to 6000/sec")),
    "502": Http(502, "<html>Bad Gateway</html>"),
    "530": Http(530, "<html>error 1033</html>"),
}
NONSENSE = {
    "HTML": Http(200, "<html>Just a moment...</html>"),
    "cut off": Http(200, '{"jsonrpc": "2.0", "id": 1, "resu'),
    "deep": Http(200, "[" * 100_000),
    "null": Http(200, "null"),
    "no quantity": Says("eth_getBalance", {"result": {"a": 1}}),
    "another's answer": Http(200, lambda asked: {"id": 10**9, "result": "0x1"}),
}


@pytest.mark.parametrize("how", CLOSED | BUSY | NONSENSE)
def test_the_next_node_is_asked_where_one_does_not_serve(how, slept, caplog):
    with (
        fake_node(None, (CLOSED | BUSY | NONSENSE)[how]) as (bad, url),
        fake_node(None, BALANCE) as (good, other),
    ):
        rpc = Rpc([url, other])
        with caplog.at_level(logging.WARNING, logger="offchain"):
            assert rpc.request(*ASK) == "0x2a" and rpc.request(*ASK) == "0x2a"
    assert (len(bad.posts), len(good.posts), slept) == (1, 2, [])
    (said,) = [record.getMessage() for record in caplog.records]
    assert "now asking 127.0.0.1:" in said and "hidden" not in said


@pytest.mark.parametrize("how", CLOSED)
def test_alone_a_node_that_serves_nobody_is_asked_once(how, slept):
    with fake_node(None, CLOSED[how]) as (node, url):
        with pytest.raises(NodeUnavailableError, match="asked once.*cannot serve us.*--rpc") as refused:
            Rpc([url]).request(*ASK)
    assert len(node.posts) == 1 and not slept and "hidden" not in str(refused.value)


@pytest.mark.parametrize("how", BUSY | NONSENSE)
def test_alone_others_are_asked_again(how, slept):
    dialect = (BUSY | NONSENSE)[how]
    with fake_node(None, Http(dialect.status, dialect.body, times=2) if isinstance(dialect, Http)
                   else Says(dialect.method, dialect.answer, times=2), BALANCE) as (node, url):  # fmt: skip
        assert Rpc([url]).request(*ASK) == "0x2a"
    assert len(node.posts) == 3 and slept == [0.5, 1.0]


def test_a_node_is_left_alone_for_as_long_as_it_asks(slept):
    busy = Http(429, "", headers={"Retry-After": "4"}, times=1)
    with fake_node(None, busy, BALANCE) as (node, url):
        assert Rpc([url]).request(*ASK) == "0x2a" and slept == [4]
    late = Http(429, "", headers={"Retry-After": "3600"})
    with fake_node(None, late) as (node, url), fake_node(None, BALANCE) as (good, other):
        slept.clear()
        with pytest.raises(NodeUnavailableError, match="too busy"):
            Rpc([url]).request(*ASK)
        assert slept == [module._LONGEST_WAIT] * 2
        rpc, node.posts[:] = Rpc([url, other]), []
        assert [rpc.request(*ASK) for _ in range(3)] == ["0x2a"] * 3
        good.dialects.insert(0, Http(503, "", times=1))
        assert rpc.request(*ASK) == "0x2a" and len(node.posts) == 1, "it asked for an hour"


def test_a_refusal_is_said_at_once(slept):
    refused = Says("", error(-32602, "too many arguments, want at most 2"))
    with fake_node(None, refused) as (node, url), fake_node(None, BALANCE) as (good, other):
        with pytest.raises(NodeRefusedError, match="refused eth_getBalance: too many arguments"):
            Rpc([url, other]).request(*ASK)
    assert len(node.posts) == 1 and not good.posts


def test_what_one_node_lacks_another_may_have(slept):
    lacks = Says("", error(-32601, "the method eth_getBalance does not exist/is not available"))
    with fake_node(None, lacks) as (node, url), fake_node(None, BALANCE) as (_, other):
        assert Rpc([url, other]).request(*ASK) == "0x2a"
        with pytest.raises(NodeRefusedError, match="does not exist") as refused:
            Rpc([url]).request(*ASK)
    assert not isinstance(refused.value, TooMuchAskedError) and not slept


@pytest.mark.parametrize("spelling", ["0xaa36a7", "0xAA36A7", "0x0aa36a7", "0x00AA36a7"])
def test_chain_ids_are_numbers(spelling):
    with fake_node(None, Says("eth_chainId", {"result": spelling}), BALANCE) as (_, url):
        rpc = Rpc([url], tries=1)
        rpc.require_chain(11_155_111)
        assert rpc.request(*ASK) == "0x2a"
        other = Rpc([url], tries=1)
        other.require_chain(1)
        with pytest.raises(NodeUnavailableError, match="is a node of chain 11155111, not of 1"):
            other.request(*ASK)


def test_a_node_that_becomes_one_of_another_chain_is_told():
    ours, another = (Says("eth_chainId", {"result": each}) for each in ("0xaa36a7", "0x1"))
    with fake_node(None, ours, Says("eth_call", {"result": "0x"})) as (node, url):
        rpc = Rpc([url], tries=1)
        rpc.require_chain(11_155_111)
        assert rpc.request("eth_call", {}, "latest") == "0x"
        node.dialects[0] = another
        rpc.prefer_another()  # As whoever reads contracts does where nothing is there.
        with pytest.raises(NodeUnavailableError, match="is a node of chain 1, not of 11155111"):
            rpc.request("eth_call", {}, "latest")


@pytest.mark.parametrize(
    "how",
    [
        Says("eth_getLogs", error(-32005, "query returned more than 10000 results")),
        Http(413, "<html>413 Request Entity Too Large</html>"),
        Http(504, "<html>504 Gateway Time-out</html>"),
        Http(524, "<html>A timeout occurred</html>"),
        Http(200, "{}", seconds=5),
    ],
    ids=["results", "413", "504", "524", "slow"],
)
def test_too_large_a_range_is_said_without_asking_again(how, slept):
    with fake_node(None, how) as (node, url), pytest.raises(TooMuchAskedError):
        Rpc([url], seconds=0.5).request("eth_getLogs", LOGS)
    assert len(node.posts) == 1 and not slept


def test_logs_beyond_the_head_are_said_as_such(slept):
    beyond = Says("eth_getLogs", error(-32602, "block range extends beyond current head block"))
    with fake_node(None, beyond) as (node, url), pytest.raises(BeyondHeadError):
        Rpc([url]).request("eth_getLogs", LOGS)
    assert len(node.posts) == 1


def sizes(node):
    return [len(post) for post in node.posts]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Http(500, {"message": "Batch of more than 3 requests are not allowed on free tier", "code": 31}), 3),
        (Http(413, error(-32600, "batch too large")), 3),
        (Http(200, error(-32014, "maximum 3 calls in 1 batch")), 3),
        (Http(200, [error(-32600, "batch not supported")]), 3),
        (Http(503, "<html>"), 3),
        (Http(200, "<html>"), 3),
        (Http(200, []), 3),
        (Http(200, lambda asked: [{"id": each["id"], "result": "0x2a"} for each in asked[1:]]), 3),
        (Http(200, lambda asked: [{"id": asked[0]["id"], "result": "0x2a"}] * len(asked)), 3),
    ],
)
def test_batches_that_a_node_refuses_get_smaller_and_their_answers_are_whole(how, expected, slept):
    how.when = batch_of_more_than(expected)
    with fake_node(None, how, BALANCE) as (node, url):
        rpc = Rpc([url])
        assert rpc.batch(CALLS) == ["0x2a"] * 14
        assert rpc.batch(CALLS) == ["0x2a"] * 14
    assert sum(size <= expected for size in sizes(node)) >= 2 * 14 / expected and not slept
    assert len(node.posts) < 40


def test_answers_of_a_batch_are_told_apart_by_their_ids():
    def shuffled(asked):
        return [{"id": str(each["id"]), "result": hex(each["id"])} for each in reversed(asked)]

    with fake_node(None, Http(200, shuffled)) as (node, url):
        found = [int(each, 16) for each in Rpc([url]).batch(CALLS)]
    assert found == sorted(found) and len(set(found)) == 14 and sizes(node) == [14]


def test_where_some_of_a_batch_are_too_many_the_others_count(slept):
    answered = []

    def some(asked):
        asked = asked if isinstance(asked, list) else [asked]
        said = [
            {"id": each["id"], **({"result": "0x2a"} if place < 5 else error(-32016, "over rate limit"))}
            for place, each in enumerate(asked)
        ]
        answered.append(min(5, len(asked)))
        return said if len(said) > 1 else said[0]

    with fake_node(None, Http(200, some)) as (node, url):
        assert Rpc([url]).batch(CALLS) == ["0x2a"] * 14
    assert sum(answered) == 14, "what was answered is asked again"


@pytest.mark.parametrize("status", [207, 400, 429, 500])
def test_results_count_though_http_says_that_one_of_the_batch_failed(status, slept):
    def one_failed(asked):
        *others, last = [{"id": each["id"], "result": "0x2a"} for each in asked]
        return [*others, {"id": last["id"], **error(-32016, "over rate limit")}]

    some = Http(status, one_failed, when=batch_of_more_than(1))
    with fake_node(None, some, BALANCE) as (node, url):
        assert Rpc([url]).batch(CALLS) == ["0x2a"] * 14
    assert sizes(node) == [14, 1]


def test_batches_grow_again(slept):
    limited = Http(413, "", when=batch_of_more_than(3), times=2)
    with fake_node(None, limited, BALANCE) as (node, url):
        rpc = Rpc([url])
        for _ in range(20):
            assert rpc.batch(CALLS) == ["0x2a"] * 14
    assert sizes(node)[-1] == 14


def test_a_portion_finds_what_is_taken_and_keeps_near_it():
    portion, limit, asked = Portion(10_000), 1000, []
    for _ in range(60):
        asked.append(portion.size)
        if portion.size > limit:
            portion.refuse(portion.size)
        else:
            portion.take(portion.size)
    assert sum(size > limit for size in asked[20:]) <= 6
    assert sum(size for size in asked[20:] if size <= limit) > 0.8 * 34 * limit
    for _ in range(60):  # The limit is gone.
        portion.take(portion.size)
    assert portion.size == 10_000


def test_a_portion_takes_a_node_at_its_word():
    portion = Portion(10_000)
    portion.refuse(10_000, 800)
    assert portion.size == 800
    portion.take(800)
    assert portion.size == 800
    portion.refuse(800, 900)
    assert portion.size == 400, "what it says is more than what it just refused"


def test_a_node_that_drips_or_hangs_up_is_passed_over():
    dead = f"http://127.0.0.1:{free_port()}"
    with fake_node(None, Http(200, "{}", seconds=20)) as (_, slow), fake_node(None, BALANCE) as (_, good):
        began = time.monotonic()
        assert Rpc([dead, slow, good], seconds=0.5).request(*ASK) == "0x2a"
        assert time.monotonic() - began < 15  # A deadline, no speed: it would be twenty seconds.


@pytest.mark.parametrize(
    "echo",
    [
        Says("", error(-32602, "no such thing for hidden0123456789, see https://x/v3/hidden0123456789")),
        Says("", {"result": "hidden0123456789"}),
        Says("", error(-32602, "the key hidden7 of hidden8:hidden9 is not that of hidden%20ten")),
        Says("", error(-32602, "hidden ten is no path")),
        Http(401, "invalid api key hidden0123456789"),
    ],
)
def test_keys_that_a_node_repeats_are_not_said(echo, slept, caplog):
    with fake_node(None, echo) as (_, url):
        url = url.replace("//", "//hidden8:hidden9@") + "/hidden%20ten?apikey=hidden7"
        with (
            pytest.raises((NodeRefusedError, NodeUnavailableError)) as refused,
            caplog.at_level(logging.DEBUG),
        ):
            Rpc([url]).request(*ASK)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("offchain")]
    assert "hidden" not in " ".join([str(refused.value), *said])


@pytest.mark.parametrize(
    "answer",
    [
        lambda asked: {"jsonrpc": "2.0", "id": asked["id"], "error": None, "result": "0x2a"},
        lambda asked: {"jsonrpc": "2.0", "id": asked["id"], "error": {}, "result": "0x2a"},
        lambda asked: {"jsonrpc": "2.0", "id": str(asked["id"]), "result": "0X2A"},
        lambda asked: {"id": asked["id"], "result": "0x000000002A", "error": ""},
        lambda asked: "\ufeff" + json.dumps({"id": asked["id"], "result": "0x2a"}),
        lambda asked: "\n  " + json.dumps({"id": asked["id"], "result": "0x2a"}) + "\r\n",
    ],
)
def test_an_answer_in_another_dress_is_one(answer, slept):
    with fake_node(None, Http(200, answer)) as (node, url):
        assert int(Rpc([url]).request(*ASK), 16) == 42
    assert len(node.posts) == 1


def test_a_requests_number_may_have_a_point(slept):
    def pointed(asked):
        asked = asked if isinstance(asked, list) else [asked]
        said = [{"id": float(each["id"]), "result": "0x2a"} for each in asked]
        return said if len(said) > 1 else said[0]

    with fake_node(None, Http(200, pointed)) as (node, url):
        assert Rpc([url]).request(*ASK) == "0x2a" and Rpc([url]).batch(CALLS) == ["0x2a"] * 14
    assert sizes(node) == [1, 14]


def test_logs_that_break_off_are_asked_for_in_shorter_ranges(slept):
    cut = Http(200, '{"jsonrpc": "2.0", "id": 1, "result": [{"addr')
    with fake_node(None, cut) as (node, url):
        with pytest.raises(TooMuchAskedError, match="broke off its answer"):
            Rpc([url]).request("eth_getLogs", LOGS)
        with pytest.raises(NodeUnavailableError, match="127.0.0.1:[0-9]+ broke off its answer"):
            Rpc([url]).request(*ASK)
        assert len(node.posts) == 4
        with pytest.raises(NodeUnavailableError, match="broke off its answer"):
            Rpc([url], tries=1).batch(CALLS)
    assert sizes(node)[4:6] == [14, 7]


def test_a_nodes_words_are_told_as_its_own_whatever_they_sound_like(slept):
    with fake_node(None, Http(429, "did not fit into the queue")) as (_, url):
        with pytest.raises(NodeUnavailableError, match=r"is too busy \(.*did not fit into the queue"):
            Rpc([url], tries=1).request(*ASK)


def test_what_leaves_out_null_answers_null(slept):
    bare = Http(200, lambda asked: {"jsonrpc": "2.0", "id": asked["id"]})
    with fake_node(None, bare) as (_, url):
        assert Rpc([url]).request("eth_getTransactionReceipt", "0x" + "12" * 32) is None
        with pytest.raises(NodeUnavailableError, match="none of its results"):
            Rpc([url], tries=1).request(*ASK)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("no healthy upstream", 200, "too busy .no healthy upstream"),
        ("Too Many Requests", 200, "too busy .Too Many Requests"),
        ("invalid api key", 400, "cannot serve us .invalid api key"),
        ("<h1>301 Moved Permanently</h1>", 301, "HTTP status 301; it sends elsewhere: give that URL"),
        ({"msg": "the monthly quota is used up"}, 400, "cannot serve us .the monthly quota"),
        ({"statusCode": 429, "message": "x"}, 200, "too busy"),
        ({"result": {"error": {"code": 403, "message": "no"}}}, 200, "cannot serve us"),
        ("<html><h1>quota</h1></html>", 200, "did not answer as a node does"),
    ],
)
def test_words_that_are_no_json_rpc_are_read(body, status, words, slept):
    def say(asked):
        return {"id": asked["id"], **body} if isinstance(body, dict) else body

    with fake_node(None, Http(status, say)) as (_, url), pytest.raises(NodeUnavailableError, match=words):
        Rpc([url], tries=1).request(*ASK)


def test_a_range_that_is_refused_in_plain_text_is_too_much(slept):
    with fake_node(None, Http(400, "block range is too wide")) as (_, url), pytest.raises(TooMuchAskedError):
        Rpc([url]).request("eth_getLogs", LOGS)


@pytest.mark.parametrize("packed", [gzip.compress, zlib.compress])
def test_packed_answers_are_unpacked_within_the_limit(packed, slept, monkeypatch):
    name = {gzip.compress: "gzip", zlib.compress: "deflate"}[packed]

    async def answer(request):
        asked = json.loads(await request.read())
        body = json.dumps(
            {"id": asked["id"], "result": "0x" + "0" * 62 + "2a", "pad": "x" * asked["params"][0]}
        )
        return web.Response(body=packed(body.encode()), headers={"Content-Encoding": name})

    monkeypatch.setattr(module, "_LARGEST", 2**20)
    app = web.Application()
    app.add_routes([web.post("/", answer)])
    with serving(app) as url:
        rpc = Rpc([url], tries=1)
        assert int(rpc.request("eth_getBalance", 5), 16) == 42
        with pytest.raises(NodeUnavailableError, match="more than 1048576 bytes"):
            rpc.request("eth_getBalance", 2**24)


def test_a_url_may_be_written_in_capitals(slept):
    with fake_node(None, CHAIN, BALANCE) as (_, url):
        chain = connect(Nodes(None, (url.replace("http", "HTTP", 1),)), 11_155_111)
        assert chain.balance(ASK[1]) == 42


@pytest.mark.parametrize(
    "url",
    [
        "ws://me:hidden99@node.example/v3/hidden0123",
        "wss://node.example/v3/hidden0123?key=hidden99",
        "https:/node.example/hidden0123",
        "node.example/hidden0123",
        "me:hidden99@node.example",
        "//node.example/v3/hidden0123",
        "ipc:///hidden0123/geth.ipc",
    ],
)
def test_what_is_no_http_url_is_refused_without_its_keys(url):
    for nodes in (Nodes(None, (url,)), Nodes(f"ethereum:sepolia:{url}")):
        with pytest.raises(NodeUnavailableError) as refused:
            connect(nodes)
        assert "hidden" not in str(refused.value) and "https://..." in str(refused.value)


def test_the_fake_node_counts():
    node = FakeNode(None)
    node.posts.append([("eth_getLogs", [LOGS]), ("eth_chainId", [])])
    assert node.asked("eth_getLogs") == [[LOGS]] and blocks_asked([LOGS]) == 1000
    assert more_than(999)([LOGS]) and not more_than(1000)([LOGS])


def block(number):
    """A block as nodes tell it."""
    return {
        "number": hex(number),
        "hash": "0x" + f"{number:064x}",
        "parentHash": "0x" + "ab" * 32,
        "timestamp": "0x1",
    }


class Next(UserDict):
    """An answer with a later block each time."""

    def __init__(self, heads):
        super().__init__(result=None)
        self._heads = heads

    def __getitem__(self, name):
        return block(next(self._heads))


@pytest.mark.parametrize("looks", ["head", "since"])
def test_a_node_that_stands_still_is_left_for_another(looks, monkeypatch, caplog):
    now, heads = [100.0], iter(range(8, 100))
    monkeypatch.setattr(chain_module, "_clock", lambda: now[0])
    still = Says("eth_getBlockByNumber", {"result": block(7)})
    moving = Says("eth_getBlockByNumber", Next(heads))
    none = Says("eth_getLogs", {"result": []})
    with (
        fake_node(None, CHAIN, still, none) as (first, url),
        fake_node(None, CHAIN, moving, none) as (_, other),
    ):
        chain = Chain(Rpc([url, other]))
        before = chain.head()
        look = chain.head if looks == "head" else lambda: chain.since(before, [])[0]
        for _ in range(9):
            now[0] += 10
            assert look().number == 7
        now[0] += 1
        assert look().number == 7, "the last answer of the one that stands still"
        assert [look().number for _ in range(3)] == [8, 9, 10]
        asked = len(first.posts)
        now[0] += 80
        look()
    assert len(first.posts) == asked
    (said,) = [each.getMessage() for each in caplog.records if "asking another node" in each.getMessage()]
    assert "has told no block after 7 for 91 seconds" in said and "hidden" not in said


def test_what_one_node_told_of_heights_is_no_measure_of_another(monkeypatch, caplog):
    now, heads = [100.0], iter(range(8, 100))
    monkeypatch.setattr(chain_module, "_clock", lambda: now[0])
    boasting = Says("eth_getBlockByNumber", {"result": block(10**9)})
    moving = Says("eth_getBlockByNumber", Next(heads))
    with fake_node(None, CHAIN, boasting) as (_, url), fake_node(None, CHAIN, moving) as (_, other):
        chain = Chain(Rpc([url, other]))
        assert chain.head().number == 10**9
        chain.rpc.prefer_another()
        for number in range(8, 20):
            now[0] += 20
            assert chain.head().number == number
    assert not [each for each in caplog.records if "asking another node" in each.getMessage()]


def test_the_node_that_is_asked_now_is_named():
    named = [Says("web3_clientVersion", {"result": f"software {place}"}) for place in (1, 2)]
    with fake_node(None, CHAIN, named[0]) as (first, url), fake_node(None, CHAIN, named[1]) as (_, other):
        chain = Chain(Rpc([url, other]))
        assert "software 1" in chain.node and "software 1" in chain.node
        asked = len(first.posts)
        chain.rpc.prefer_another()
        assert "software 2" in chain.node
        chain.rpc.prefer_another()
        assert "software 1" in chain.node and len(first.posts) == asked


def test_a_node_alone_that_stands_still_is_asked_on(monkeypatch, caplog):
    now = [100.0]
    monkeypatch.setattr(chain_module, "_clock", lambda: now[0])
    with fake_node(None, CHAIN, Says("eth_getBlockByNumber", {"result": block(7)})) as (_, url):
        chain = Chain(Rpc([url]))
        for _ in range(3):
            now[0] += 100
            assert chain.head().number == 7
    assert not caplog.records
