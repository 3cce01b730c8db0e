"""Real commands and a running keeper behind nodes that answer as providers do."""
# ruff: noqa: E501  (a dialect a line)

import json
import logging

import pytest
from click.testing import CliRunner
from fake_node import Http, Says, batch_of_more_than, error, fake_node, logs_of_more_than, more_than
from live import FAST, signer

from offchain.errors import CallRevertedError
from offchain.live.access import chain as chain_module
from offchain.live.access import rpc as rpc_module
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.network import Nodes
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.errors import NodeUnavailableError
from offchain.live.keeping.keeper import Keeper
from offchain.live.service import Stopped, run_forever
from offchain.live.starting import connect_to
from offchain.live.watching.history import History
from offchain.live.watching.view import read_view
from scripts.status import cli as status_command

pytestmark = pytest.mark.usefixtures("snapshot")

RANGES = {
    "-32005, results": Says("eth_getLogs", error(-32005, "query returned more than 10000 results"), more_than(200)),
    "-32005, range": Says("eth_getLogs", error(-32005, "eth_getLogs block range too large, range: 9, max: 200"),
                          more_than(200)),
    "-32602": Says("eth_getLogs", error(-32602, "range 700 exceeds limit of 200"), more_than(200)),
    "-32600": Says("eth_getLogs", error(-32600, "You can make eth_getLogs requests with up to a 200 block range."),
                   more_than(200)),
    "-32701": Says("eth_getLogs", error(-32701, "exceed maximum block range: 200"), more_than(200)),
    "413": Http(413, "<html>413 Request Entity Too Large</html>", logs_of_more_than(200)),
    "504": Http(504, "<html>504 Gateway Time-out</html>", logs_of_more_than(200)),
    "524": Http(524, "<html>error code: 524</html>", logs_of_more_than(200)),
    "slow": Http(200, "", logs_of_more_than(200), seconds=3),
}  # fmt: skip
BATCHES = {
    "500": Http(500, {"message": "Batch of more than 3 requests are not allowed on free tier", "code": 31},
                batch_of_more_than(3)),
    "413": Http(413, error(-32600, "batch too large"), batch_of_more_than(3)),
    "200": Http(200, error(-32014, "maximum 3 calls in 1 batch"), batch_of_more_than(3)),
    "one": Http(200, [error(-32600, "batch not supported")], batch_of_more_than(1)),
    "HTML": Http(400, "<html>", batch_of_more_than(1)),
}  # fmt: skip
AWAY = {
    "403": Http(
        403, error(-32600, "Monthly capacity limit exceeded. Visit the dashboard to upgrade your scaling")
    ),
    "402": Http(402, {"message": "Payment Required"}),
    "401": Http(401, error(-32000, "invalid project id")),
    "quota": Says("", error(-32005, "daily request count exceeded, request rate limited")),
    "503": Http(503, "<html>"),
    "HTML": Http(200, "<html>Just a moment...</html>"),
}


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Time limits and pauses of tests."""
    monkeypatch.setattr(rpc_module, "SECONDS", 1.5)
    monkeypatch.setattr(Rpc.__init__, "__defaults__", (1.5, 3, 0.01))
    monkeypatch.setattr(chain_module, "_LAG_PAUSES", (0.01, 0.01, 0.01))


@pytest.fixture
def told(founded_path):
    """What `status` prints as JSON, and what it logs, at some nodes."""

    def run(url, *options):
        arguments = ["--deployment", str(founded_path), "--network", f"ethereum:sepolia:{url}", "--json"]
        result = CliRunner().invoke(status_command, [*arguments, *options])
        assert result.exit_code == 0, result.output
        said, _, found = result.output.partition("{")
        return json.loads("{" + found), said

    return run


@pytest.mark.parametrize("how", RANGES)
def test_status_asks_for_fewer_blocks_where_a_node_wants_it(how, founded, anvil_node, told):
    anvil_node.mine(700)
    with fake_node(anvil_node.url, RANGES[how]) as (node, url):
        found, _ = told(url)
    assert found["block"] == founded[1].head().number and len(found["members"]) == 6
    assert len(node.asked("eth_getLogs")) < 25


def test_the_first_range_can_be_chosen(founded, anvil_node, told):
    anvil_node.mine(700)
    with fake_node(anvil_node.url) as (node, url):
        told(url, "--log-range", "100")
    first = node.asked("eth_getLogs")[0][0]
    assert int(first["toBlock"], 16) - int(first["fromBlock"], 16) + 1 == 100


@pytest.mark.parametrize("how", BATCHES)
def test_status_asks_for_less_at_once_where_a_node_wants_it(how, founded, anvil_node, told):
    with fake_node(anvil_node.url, BATCHES[how]) as (_, url):
        assert len(told(url)[0]["members"]) == 6


@pytest.mark.parametrize("how", AWAY)
def test_a_second_node_stands_in_from_the_start(how, founded, anvil_node, told):
    with fake_node(None, AWAY[how]) as (_, url):
        found, said = told(url, "--rpc", anvil_node.url)
    assert len(found["members"]) == 6
    assert "hidden" not in said and f"now asking {anvil_node.url[7:]}" in said
    assert found["node"].startswith(f"{anvil_node.url[7:]} (anvil")


def test_logs_that_end_before_the_head_are_read_as_far_as_they_go(founded, anvil_node, told):
    anvil_node.mine(3)
    head = founded[1].head().number
    beyond = error(
        -32602, f"block range extends beyond current head block: requested {head}, head {head - 1}"
    )
    always = Says("eth_getLogs", beyond, lambda p: int(p[0]["toBlock"], 16) >= head)
    with fake_node(anvil_node.url, always) as (_, url):
        found, _ = told(url)
    assert found["block"] == head - 1 and len(found["members"]) == 6


def test_null_is_taken_for_no_logs_and_said(founded, anvil_node, told, tmp_path):
    told(anvil_node.url, "--cache", str(tmp_path))
    anvil_node.mine(80)
    none = Says("eth_getLogs", lambda logs: logs or None)
    with fake_node(anvil_node.url, none) as (_, url):
        found, said = told(url, "--cache", str(tmp_path))
        told(url, "--cache", str(tmp_path))
        again, said = told(url, "--cache", str(tmp_path))
    assert len(found["members"]) == len(again["members"]) == 6
    assert "null where a list of logs is due" in said


@pytest.mark.parametrize(
    "late",
    [
        Says("eth_getCode", {"result": "0x"}, times=1),
        Says("eth_getCode", {"result": None}, times=1),
        Says("eth_call", {"result": "0x"}, times=1),
        Says("eth_getBlockByNumber", {"result": None}, times=1),
        Says("eth_getBlockByNumber", {"result": None}, lambda p: p[0] != "latest", times=1),
        Says("eth_getTransactionByHash", {"result": None}, times=1),
        Says("eth_call", error(-32000, "header not found"), times=1),
        Says("eth_call", error(-32000, "missing trie node abc (path )"), times=2),
    ],
)
def test_a_node_that_is_behind_is_asked_again(late, founded, anvil_node, told):
    with fake_node(anvil_node.url, late) as (_, url):
        found, said = told(url)
    assert len(found["members"]) == 6 and "is not what this version compiles" not in said
    assert "does not know the transaction" not in said


@pytest.mark.parametrize(
    "fees",
    [
        {"result": None},
        {"result": {"oldestBlock": "0x1", "reward": None}},
        {"result": {"oldestBlock": "0x1", "reward": [[None]] * 3}},
        {"result": {"oldestBlock": "0x1", "reward": [None, [], ["x"]]}},
        {"result": []},
        error(-32601, "the method eth_feeHistory does not exist/is not available"),
    ],
)
def test_a_tip_that_is_not_told_is_none(fees, founded, anvil_node):
    with fake_node(anvil_node.url, Says("eth_feeHistory", fees)) as (_, url):
        assert Chain(Rpc([url])).tip() == 0


@pytest.mark.parametrize(
    "spelled",
    [
        lambda data: error(-32015, "VM execution error.", data="Reverted " + data),
        lambda data: error(-32000, "execution reverted", data={"message": "x", "data": data}),
        lambda data: error(-32603, "Internal JSON-RPC error.", data={"code": 3, "data": data}),
        lambda data: error(3, "execution reverted: custom error", data=data),
        lambda data: error(-32000, "VM Exception", data={"0xaa": {"error": "revert", "return": data}}),
    ],
)
def test_a_refusal_of_a_contract_has_its_name_in_every_dialect(spelled, founded, anvil_node):
    deployment, chain = founded
    join = Invocation(deployment.manager, "join", (b"",))
    with pytest.raises(CallRevertedError) as refused:
        chain.simulate(join, "0x" + "11" * 20)
    real = anvil_node_error(anvil_node, join)
    with fake_node(anvil_node.url, Says("eth_call", spelled(real))) as (_, url):
        with pytest.raises(CallRevertedError) as again:
            Chain(Rpc([url]), deployment.interfaces).simulate(join, "0x" + "11" * 20)
    assert again.value.error == refused.value.error == "BondNotCovered" and again.value.values


@pytest.mark.parametrize("logs", [{}, {"logs": None}, {"logs": []}], ids=str)
def test_a_receipt_without_logs_has_none(logs, founded, anvil_node):
    digest = "0x" + "ab" * 32
    mined = {
        "transactionHash": digest.upper(),
        "blockNumber": "0x1",
        "gasUsed": "0x1",
        "status": "0x1",
        **logs,
    }
    with fake_node(anvil_node.url, Says("eth_getTransactionReceipt", {"result": mined})) as (_, url):
        assert Chain(Rpc([url])).receipt(digest)["logs"] == []


def test_nethermind_without_data_is_a_refusal_too(founded, anvil_node):
    deployment, _ = founded
    said = Says("eth_call", error(-32015, "VM execution error.", data="revert"))
    with fake_node(anvil_node.url, said) as (_, url), pytest.raises(CallRevertedError):
        Chain(Rpc([url])).simulate(Invocation(deployment.manager, "join", (b"",)), "0x" + "11" * 20)


def anvil_node_error(anvil_node, call):
    """What a call reverts with, as hex."""
    import requests

    body = {"from": "0x" + "11" * 20, "to": call.to, "data": "0x" + call.data.hex()}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [body, "latest"]}
    return requests.post(anvil_node.url, json=asked, timeout=10).json()["error"]["data"]


class Patience:
    """Lets a daemon look some times, then ends it; the chain has a block more at each look."""

    def __init__(self, node, looks):
        self._node, self._left = node, looks

    def __call__(self, seconds):
        self._left -= 1
        if self._left < 0:
            raise Stopped("SIGTERM")
        self._node.mine()


@pytest.mark.parametrize("how", AWAY)
def test_a_running_keeper_goes_on_at_another_node(how, founded, anvil_node, monkeypatch):
    deployment, chain = founded
    with fake_node(anvil_node.url) as (node, url):
        own = connect_to(deployment, Nodes(f"ethereum:sepolia:{url}", (anvil_node.url,)))
        keeper = Keeper(own, deployment, Sender(own, signer(1), FAST))
        keeper.step()  # Opens the round, at the first node.
        node.dialects.append(AWAY[how])
        monkeypatch.setattr("offchain.live.service.time.sleep", Patience(anvil_node, 6))
        with pytest.raises(Stopped):
            run_forever(keeper.step, 1)
    assert read_view(chain, deployment).drawn_at, "the keeper did not draw"


def _capitals(value):
    if isinstance(value, list):
        return [_capitals(each) for each in value]
    return "0x" + value[2:].upper() if isinstance(value, str) else value


def shouted(block):
    return {**block, **{name: block[name].upper().replace("0X", "0x") for name in ("hash", "parentHash")}}


ODD_LOGS = {
    "each twice": lambda logs: [each for log in logs for each in (log, log)],
    "backwards": lambda logs: logs[::-1],
    "with one taken back": lambda logs: logs + [{**log, "removed": True, "data": "0x"} for log in logs],
    "in capitals": lambda logs: [
        {
            **log,
            "blockHash": log["blockHash"].upper().replace("0X", "0x"),
            "address": "0x" + log["address"][2:].upper(),
        }
        for log in logs
    ],
    "all in capitals": lambda logs: [{name: _capitals(value) for name, value in log.items()} for log in logs],
    "with numbers as JSON has them": lambda logs: [
        {**log, **{name: int(log[name], 16) for name in ("blockNumber", "logIndex", "transactionIndex")}}
        for log in logs
    ],
    "with zeros in front": lambda logs: [
        {**log, **{name: "0x000" + log[name][2:] for name in ("blockNumber", "logIndex")}} for log in logs
    ],
}


@pytest.mark.parametrize("how", ODD_LOGS)
def test_logs_count_once_however_they_are_told(how, founded, anvil_node, told):
    with fake_node(anvil_node.url, Says("eth_getLogs", ODD_LOGS[how])) as (_, url):
        found, said = told(url)
    assert found == told(anvil_node.url)[0] | {"node": found["node"]}
    assert "reorganised" not in said and "do not agree" not in said


def test_two_logs_in_one_place_are_an_error_of_the_node(founded, anvil_node):
    deployment, _ = founded
    with fake_node(
        anvil_node.url, Says("eth_getLogs", lambda logs: logs + [{**logs[0], "data": "0x1234"}])
    ) as (
        _,
        url,
    ):
        with pytest.raises(NodeUnavailableError, match="two logs in place .* of block .*--rpc"):
            History(Chain(Rpc([url])), [deployment.manager], deployment.first_block).advance()


def test_a_hash_in_capitals_is_the_same_block(founded, anvil_node, caplog):
    deployment, _ = founded
    odd = Says("eth_getBlockByNumber", shouted)
    with fake_node(anvil_node.url) as (node, url):
        history = History(Chain(Rpc([url])), [deployment.manager], deployment.first_block)
        known = len(history.advance().events)
        node.dialects.append(odd)
        anvil_node.mine(3)
        news = history.advance()
    assert known == 6 and not news.rewound and not news.events and "reorganised" not in caplog.text


@pytest.mark.parametrize("spelled", ["11155111", 11155111, "aa36a7", "0x00AA36A7"])
def test_commands_take_a_chains_id_in_any_spelling(spelled, founded, anvil_node, told):
    with fake_node(anvil_node.url, Says("eth_chainId", {"result": spelled})) as (_, url):
        assert len(told(url)[0]["members"]) == 6


NONSENSE = [None, "", "0x", 7, [], {}, [None], [{}], [[None]], {"number": None}, "latest", True, {"logs": 5}]


@pytest.mark.parametrize("method", ["eth_getBlockByNumber", "eth_call", "eth_getLogs", "eth_getTransactionCount",
                                    "eth_getBalance", "eth_feeHistory", "eth_estimateGas", "eth_getTransactionReceipt",
                                    "eth_sendRawTransaction", "eth_chainId", ""])  # fmt: skip
def test_nothing_that_a_node_answers_ends_a_keeper(method, founded, anvil_node, monkeypatch, caplog):
    deployment, chain = founded
    with fake_node(anvil_node.url) as (node, url):
        own = Chain(Rpc([url]), deployment.interfaces)
        keeper = Keeper(own, deployment, Sender(own, signer(1), FAST.model_copy(update={"outage": 0.2})))
        odd = [Says(method, {"result": each}, times=3) for each in NONSENSE]
        odd += [Says(method, {"error": each}, times=3) for each in NONSENSE[1:]]
        odd += [Http(200, "[" * 50_000, times=1), Http(200, '{"result', times=1), Http(200, "\xff", times=1)]
        node.dialects += odd
        monkeypatch.setattr("offchain.live.service.time.sleep", Patience(anvil_node, 120))
        with pytest.raises(Stopped):
            run_forever(keeper.step, 1)
        node.dialects.clear()
        monkeypatch.setattr("offchain.live.service.time.sleep", Patience(anvil_node, 6))
        with pytest.raises(Stopped):
            run_forever(keeper.step, 1)
    assert read_view(chain, deployment).round >= 1


def test_ranges_grow_again(founded, anvil_node, caplog):
    deployment, chain = founded
    for _ in range(3):
        anvil_node.mine(600)
    limited = Says("eth_getLogs", error(-32005, "limit exceeded"), more_than(50), times=3)
    with fake_node(anvil_node.url, limited) as (node, url):
        own = Chain(Rpc([url]), log_range=200)
        with caplog.at_level(logging.INFO, logger="offchain"):
            assert len(History(own, [deployment.manager], deployment.first_block).advance().events) == 6
    sizes = [int(p[0]["toBlock"], 16) - int(p[0]["fromBlock"], 16) + 1 for p in node.asked("eth_getLogs")]
    assert sizes[:3] == [200, 100, 50] and max(sizes[-3:]) > 150, sizes
