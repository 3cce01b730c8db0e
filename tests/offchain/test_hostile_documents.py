"""Whatever stands in JSON of others, a file's or an answer's: it is read, or one sentence says why not.

Each reader is given documents that are none, and a good one with every value in it replaced by each of sixty
others; nothing but its own errors may come of it, and nothing may be written.
"""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from aiohttp import web
from eth_account import Account
from hostile_documents import changed, texts
from safetensors.numpy import save
from serving import serving
from small_runs import quiet, reference, small

from ml.errors import DataError, MLError, TaskError
from ml.json_file import read_json, read_value
from ml.tasks.built_in.lending_club.columns import CATEGORICAL, encoded_numbers
from ml.tasks.built_in.lending_club.common_encoding import read_encoding
from ml.tasks.tables.form import read_form
from ml.updates.schema import Schema
from offchain.bench.bench import measured, peer_seconds
from offchain.chain import compiled
from offchain.chain.local_rpc import LocalRpc
from offchain.errors import (
    ChainError,
    OffchainError,
    ReproductionError,
    RunFolderError,
    StoreError,
    WorkerError,
)
from offchain.live.access import chain as chain_module
from offchain.live.access.chain import Chain
from offchain.live.access.headers import header_proof
from offchain.live.access.keyfile import Keyfile
from offchain.live.access.rpc import Rpc
from offchain.live.client import apart
from offchain.live.deploying.book import AddressBook, read_book
from offchain.live.errors import AccountError, ConfigurationError, RelayError
from offchain.live.relaying.entries import FUNCTIONS, parse
from offchain.live.relaying.line import require_relay
from offchain.live.watching.own_votes import OwnVotes
from offchain.reproduction.claimed_folder import claim
from offchain.runs.run import start_run
from offchain.runs.run_folder import RunFolder
from offchain.stores.http import HttpStore
from offchain.stores.ipfs import IpfsStore
from offchain.stores.permits import Place
from offchain.worker.messages import _LENGTHS, read

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 4500
ADDRESS, WORD = "0x" + "ab" * 20, "0x" + "12" * 32
PLACE = {"chainId": 31337, "manager": ADDRESS}
SCHEMA = Schema.of([("w", (3,))])


def documents(good, most=300):
    """All documents that are none, and some changes of a good one, of a large one about `most`."""
    each = changed(good)
    step = max(1, len(each) // most | 1)
    return texts(good) | dict(list(each.items())[::step])


def tried(good, reader, refusals, most=300):
    """Give a reader every document; how many it took, and what is said of the others."""
    reader(good)
    told, taken = [], 0
    for name, document in documents(good, most).items():
        try:
            reader(document)
            taken += 1
        except refusals as error:
            told.append(str(error))
        except BaseException as error:
            pytest.fail(f"{name}: {type(error).__name__}: {str(error)[:300]}")
    for sentence in told:
        assert sentence and sentence.isprintable() and len(sentence) < LONGEST, sentence[:300]
        assert "Traceback" not in sentence and "object at 0x" not in sentence
    assert told
    return taken


def state(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tried_in(file, good, reader, refusals, most=300):
    """The same of a file, beside which nothing may appear."""

    def in_file(document):
        file.unlink(missing_ok=True)  # What is written over is on the disk before it goes on.
        file.write_bytes(document)
        before = state(file.parent)
        try:
            reader(file)
        finally:
            assert state(file.parent) == before

    return tried(good, in_file, refusals, most)


def entry(**more):
    return {"address": ADDRESS, "transaction": WORD, "block": 5, **more}


BOOK = AddressBook(
    network="sepolia",
    chain_id=11155111,
    deployer=ADDRESS,
    configuration=WORD,
    parameters_digest=WORD,
    parameters={"proposers": 3, "bond": "128000000000000000000"},
    software={"version": "0.3", "lock": "12" * 32},
    contracts={"RoundManager": entry()},
    pending={"contract": "StakePool", "address": ADDRESS, "nonce": 3, "hashes": [WORD]},
)
VOTE = {
    "schema_version": 1,
    "round": 3,
    "binding": {
        "policy": "verdict",
        "against": 2,
        "ballot": 5,
        "refused": {"1": {"test": "size", "found": 2.5, "limit": 1.5}},
    },
    "shadow": None,
}


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A whole run's settings and its first round."""
    folder = tmp_path_factory.mktemp("run") / "run"
    start_run(folder, small(rounds=1, baselines=False), reference, quiet(), picture=False)
    return folder


def test_any_file_of_json(tmp_path):
    tried_in(tmp_path / "x.json", b'{"a": [1, {"b": "x"}]}', read_json, (OSError, ValueError))
    tried_in(tmp_path / "x.json", b'{"a": [1, {"b": "x"}]}', read_value, (OSError, ValueError))


def test_an_address_book(tmp_path):
    tried_in(tmp_path / "x.json", BOOK.model_dump_json().encode(), read_book, ConfigurationError)


def test_a_keyfile(tmp_path):
    def opened(path):
        Keyfile(path).opened("")

    content = Account.encrypt(bytes(31) + b"\x01", "", kdf="pbkdf2", iterations=2)
    tried_in(tmp_path / "x.json", json.dumps(content).encode(), opened, AccountError)


def test_an_encoding(tmp_path):
    good = {
        "features": "application",
        "categories": {name: ["A", "B"] for name in CATEGORICAL},
        "numbers": {name: {"mean": 1.0, "scale": 2.0} for name in encoded_numbers("application")},
    }
    tried_in(tmp_path / "x.json", json.dumps(good).encode(), read_encoding, DataError)


def test_a_tables_form(tmp_path):
    good = (ROOT / "examples" / "lending_club.json").read_bytes()
    tried_in(tmp_path / "x.json", good, read_form, TaskError)


def test_a_runs_settings(tmp_path, whole_run):
    def opened(path):
        with RunFolder.open(path.parent):
            pass

    good = (whole_run / "settings.json").read_bytes()
    tried_in(tmp_path / "settings.json", good, opened, RunFolderError)


def test_a_runs_rounds(tmp_path, whole_run):
    for path in whole_run.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def loaded(path):
        with RunFolder.open(path.parent) as folder:
            folder.load()

    good = (whole_run / "rounds.jsonl").read_bytes()
    tried_in(tmp_path / "rounds.jsonl", good, loaded, RunFolderError, most=120)


def test_measurements_and_a_peers_seconds(tmp_path):
    tried_in(
        tmp_path / "flower.json",
        b'[{"rows": 5, "seconds": 0.5}]',
        lambda path: peer_seconds(path.parent, "flower"),
        OffchainError,
    )
    for name, document in documents(b'{"case": {}}').items():
        (tmp_path / "rounds.jsonl").write_bytes(document)
        assert measured(tmp_path) == {}, name


def test_a_claimed_folder(tmp_path):
    good = {"seed": 1, "epsilon": 0.5, "names": ["a"], "data": None}
    tried_in(
        tmp_path / "s.json",
        json.dumps(good).encode(),
        lambda path: claim(path.parent, path.name, good),
        ReproductionError,
    )


def test_a_clients_own_votes(tmp_path):
    (tmp_path / "votes").mkdir()
    tried_in(
        tmp_path / "votes" / "3.vote.json",
        json.dumps(VOTE).encode(),
        lambda path: OwnVotes(path.parent.parent).all(),
        OffchainError,
    )


def test_contracts_that_a_wheel_brings(tmp_path, monkeypatch):
    file = tmp_path / "contracts.json"
    monkeypatch.setattr(compiled, "_BROUGHT", file)
    abi = [{"type": "error", "name": "No", "inputs": [{"name": "a", "type": "uint256"}]}]
    good = {"Pool": {"contractName": "Pool", "abi": abi, "deploymentBytecode": {"bytecode": "0x00"}}}
    tried_in(file, json.dumps(good).encode(), lambda path: compiled.compiled_contracts(), ChainError)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_relay_is_handed(function):
    good = {
        "propose": {"client": ADDRESS, "commitment": "0x" + "12" * 24, "r": WORD, "vs": WORD},
        "publish": {"client": ADDRESS, "root": WORD, "samples": 5, "salt": WORD},
        "commitBallot": {"client": ADDRESS, "commitment": "0x" + "12" * 24, "r": WORD, "vs": WORD},
        "revealBallot": {"client": ADDRESS, "ballot": 5, "salt": WORD},
    }[function]
    tried(json.dumps(good).encode(), lambda document: parse(function, document), RelayError)


class Telling:
    """A server that answers everything with one body."""

    def __init__(self):
        self.body, self.status, self.headers = b"", 200, {}
        self.app = web.Application(client_max_size=2**26)
        self.app.add_routes([web.route("*", "/{any:.*}", self._answer)])

    async def _answer(self, request):
        await request.read()
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@pytest.fixture
def telling():
    server = Telling()
    with serving(server.app) as url:
        server.url = url
        yield server


def said(telling, function):
    def reader(document):
        telling.body = document
        function()

    return reader


def test_what_a_store_says_of_itself(telling):
    store = HttpStore(telling.url, Place(31337, ADDRESS))
    tried(json.dumps(PLACE).encode(), said(telling, store.check), StoreError)


def test_what_an_ipfs_node_says(telling):
    store = IpfsStore(f"ipfs+{telling.url}", SCHEMA)
    for telling.status in (200, 500, 404):
        for document in documents(b'{"Key": "f", "Message": "block not found"}', 60).values():
            telling.body = document
            for ask in (lambda: store.put(bytes(32), bytes(12)), lambda: store.get(bytes(32), 12)):
                try:
                    ask()
                except StoreError as error:
                    assert str(error).isprintable() and len(str(error)) < LONGEST


def test_what_a_relay_says_of_itself(telling):
    book = SimpleNamespace(chain_id=31337)
    parameters = SimpleNamespace(propose_for=60, publish_for=60, vote_for=60, reveal_for=60)
    deployment = SimpleNamespace(
        book=book, manager=SimpleNamespace(address=ADDRESS), name="x", parameters=parameters
    )
    good = json.dumps(PLACE | {"everySeconds": 1}).encode()
    tried(good, said(telling, lambda: require_relay(telling.url, deployment)), RelayError)


def test_what_a_node_of_this_machine_says(telling):
    def reader(document):
        telling.body = document
        LocalRpc(telling.url).request("x")

    good = {"jsonrpc": "2.0", "id": 0, "result": "0x1"}
    tried(json.dumps(good).encode(), reader, ChainError)
    tried_error = {"jsonrpc": "2.0", "id": 0, "error": {"code": 3, "message": "no", "data": "0x"}}
    for document in documents(json.dumps(tried_error).encode()).values():
        with pytest.raises(ChainError):
            reader(document)
            raise ChainError("it was taken")

    def batch(document):
        telling.body = document
        LocalRpc(telling.url).batch([("x", ()), ("y", ())])

    tried(json.dumps([good, good | {"id": 1}]).encode(), batch, ChainError)


BLOCK = {"number": "0x5", "hash": WORD, "parentHash": WORD, "timestamp": "0x5", "baseFeePerGas": "0x7"}
LOG = {
    "address": ADDRESS,
    "topics": [WORD],
    "data": "0x00",
    "blockNumber": "0x5",
    "blockHash": WORD,
    "transactionHash": WORD,
    "logIndex": "0x0",
    "removed": False,
}
MINED = {
    "transactionHash": WORD,
    "blockNumber": "0x5",
    "status": "0x1",
    "gasUsed": "0x5",
    "logs": [LOG],
    "effectiveGasPrice": "0x7",
    "contractAddress": None,
    "l1Fee": "0x1",
}
MESSAGE = SimpleNamespace(
    name="x", to=ADDRESS, data=b"", interface=SimpleNamespace(decode_error=lambda _: None), gas=None
)
ASKED = {
    "eth_chainId": ("0x7a69", lambda chain: Chain(chain.rpc)),
    "eth_getBlockByNumber": (BLOCK, lambda chain: (chain.head(), header_proof(chain, "latest"))[0]),
    "eth_getBlockByNumber 5": (BLOCK, lambda chain: (chain.block(5), chain.times([5]))),
    "eth_getLogs": ([LOG], lambda chain: (chain.logs([ADDRESS], 1, 9), chain.logs([ADDRESS], 5, 5))),
    "eth_getTransactionReceipt": (MINED, lambda chain: (chain.receipt(WORD), chain.receipts([WORD, WORD]))),
    "eth_getTransactionByHash": ({"hash": WORD, "nonce": "0x1"}, lambda chain: chain.transaction(WORD)),
    "eth_getTransactionCount": ("0x5", lambda chain: chain.nonce(ADDRESS)),
    "eth_getBalance": ("0x5", lambda chain: chain.balance(ADDRESS)),
    "eth_getCode": ("0x6001", lambda chain: (chain.code(ADDRESS), chain.code(ADDRESS, due=True))),
    "eth_call": (
        "0x" + "00" * 32,
        lambda chain: (chain.simulate(MESSAGE, ADDRESS), chain.simulate(MESSAGE, ADDRESS, 5)),
    ),
    "eth_estimateGas": ("0x5208", lambda chain: chain.gas_of(MESSAGE, ADDRESS)),
    "eth_sendRawTransaction": (WORD, lambda chain: chain.broadcast(b"")),
    "eth_feeHistory": (
        {"reward": [["0x5"], ["0x6"]], "oldestBlock": "0x1"},
        lambda chain: (chain.tip(), chain.tips()),
    ),
    "web3_clientVersion": ("Geth/v1", lambda chain: str(chain.node)),
}


class Node:
    """A node that answers one method with a document and all others well."""

    def __init__(self):
        self.method, self.document = "", b""
        self.app = web.Application(client_max_size=2**26)
        self.app.add_routes([web.post("/", self._answer)])

    async def _answer(self, request):
        asked = json.loads(await request.read())
        each = asked if isinstance(asked, list) else [asked]
        if any(one["method"] == self.method for one in each):
            number = str(each[0]["id"]).encode()
            body = self.document.replace(b'"id": 77', b'"id": ' + number, 1)
            return web.Response(body=b"[" + body + b"]" if isinstance(asked, list) else body)
        answers = [{"jsonrpc": "2.0", "id": one["id"], "result": ASKED[one["method"]][0]} for one in each]
        return web.json_response(answers if isinstance(asked, list) else answers[0])


@pytest.fixture(scope="module")
def answering_node():
    server = Node()
    with serving(server.app) as url:
        server.url = url
        yield server


ERROR = {
    "code": -32005,
    "message": "wait",
    "data": {"rate": {"backoff_seconds": 1}, "data": "0x", "message": "m"},
}


@pytest.mark.parametrize("what", ASKED)
def test_what_a_node_says(answering_node, what, monkeypatch):
    monkeypatch.setattr(chain_module, "_LAG_PAUSES", ())
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    node, (good, use) = answering_node, ASKED[what]
    node.method = ""
    answers = documents(json.dumps({"jsonrpc": "2.0", "id": 77, "result": good}).encode(), 150)
    if what in ("eth_call", "eth_getLogs"):
        error = {"jsonrpc": "2.0", "id": 77, "error": ERROR}
        answers |= {f"error, {name}": each for name, each in documents(json.dumps(error).encode()).items()}
    chain = Chain(Rpc([node.url], tries=1))
    node.method = what.split()[0]
    for name, node.document in answers.items():
        chain.__dict__.pop("node", None)
        try:
            use(chain)
        except OffchainError as refused:
            assert str(refused).isprintable() and len(str(refused)) < LONGEST
        except BaseException as odd:
            pytest.fail(f"{name}: {type(odd).__name__}: {str(odd)[:300]}")


def message(text, arrays=b"\x02\0\0\0\0\0\0\0{}"):
    return io.BytesIO(_LENGTHS.pack(len(text), len(arrays)) + text + arrays)


def test_a_message_of_a_worker():
    def reader(document):
        read(message(document), 1 << 20)

    tried(b'{"base": 0, "finding": {"accepted": [0]}}', reader, WorkerError)


ANSWERS = {
    "update": {"base": 0, "shortened": False},
    "quality": {"quality": {"accuracy": 0.5, "loss": 1.0}},
    "judged": {
        "base": 0,
        "finding": {
            "accepted": [0],
            "reasons": {"1": {"test": "x", "found": 1.0, "limit": 2.0}},
            "scorings": 3,
        },
    },
}


class Pipe:
    """A worker whose answers are documents."""

    def __init__(self, document, arrays):
        self._document, self._arrays = document, arrays

    def ask(self, asked, doing, seconds):
        return read(message(self._document, self._arrays), 1 << 20)


@pytest.mark.parametrize("call", ANSWERS)
def test_what_a_worker_answers(call):
    model = np.zeros(3, np.int32)
    arrays = save({"update": model})
    learning = object.__new__(apart.LearningApart)
    learning.schema = SCHEMA
    learning._limits = SimpleNamespace(train=1, judge=1)

    def reader(document):
        learning._worker = Pipe(document, arrays)
        if call == "update":
            learning.update([model], 1, 0)
        elif call == "quality":
            learning.quality(model)
        else:
            learning.judged("verdict", {0: b"", 1: b""}, {0: 1, 1: 1}, [model])

    tried(json.dumps(ANSWERS[call]).encode(), reader, (WorkerError, MLError))
