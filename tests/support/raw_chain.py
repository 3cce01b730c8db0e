"""A node of one's own and a bare line to it, for tests that send thousands of calls: a millisecond each."""

import gzip
import itertools
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from eth_abi import encode
from eth_utils import keccak
from ports import free_port

from offchain.chain.nodes import HISTORY

GENESIS_TIME = 2_000_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"(?i)\ncontent-length: *(\d+)")
QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)  # Linux has it.
GAS = 16_000_000  # Below the cap of EIP-7825, and above what any call takes.


class RpcError(Exception):
    """An answer of the node that is an error."""

    def __init__(self, method, error):
        super().__init__(f"{method}: {error}")
        self.data = error.get("data")


@dataclass(frozen=True)
class Log:
    """A decoded log; addresses in lower case, bytes as bytes."""

    name: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction. `error` is None when it succeeded."""

    gas: int
    logs: Sequence[Log]
    error: tuple[str, tuple] | None


class Interface:
    """Encodes calls and decodes logs and errors of a set of contracts; static types but for arguments."""

    def __init__(self, *containers):
        self.functions, self.events, self.errors = {}, {}, {}
        for abi in (item for c in containers for item in c.contract_type.abi):
            types = [i.canonical_type for i in getattr(abi, "inputs", ())]
            kind = abi.type
            if kind == "function":
                self.functions[abi.name] = (selector(abi.name, types), types, bool(abi.outputs))
            elif kind == "event":
                topic = keccak(text=f"{abi.name}({','.join(types)})").hex()
                self.events[topic] = (abi.name, [(i.name, i.canonical_type, i.indexed) for i in abi.inputs])
            elif kind == "error":
                self.errors[selector(abi.name, types)] = (abi.name, types)

    def call(self, name, *args):
        """Calldata of a call."""
        head, types, _ = self.functions[name]
        return head + encode(types, args)

    def error(self, data):
        """Name and values of a revert."""
        name, types = self.errors.get(data[:4], (f"0x{data[:4].hex()}", None))
        if types is None:
            return name, (data[4:],)
        words = [data[at : at + 32] for at in range(4, len(data), 32)]
        return name, tuple(static(t, w) for t, w in zip(types, words, strict=True))

    def log(self, entry):
        """A decoded log, or None when its event is of none of the contracts."""
        topics = [bytes.fromhex(topic[2:]) for topic in entry["topics"]]
        name, fields = self.events.get(topics[0].hex(), (None, ()))
        if name is None:
            return None
        data = bytes.fromhex(entry["data"][2:])
        rest = iter(data[at : at + 32] for at in range(0, len(data), 32))
        indexed = iter(topics[1:])
        return Log(name, {n: static(t, next(indexed if i else rest)) for n, t, i in fields})


@contextmanager
def anvil(hardfork="osaka"):
    """A fresh chain: the same clock, addresses and gas in every run, whatever other tests did to theirs."""
    program = shutil.which("anvil")
    assert program, "anvil is not on the PATH: run the tests in the environment that `make` creates"
    port = free_port()
    options = [
        "--hardfork",
        hardfork,
        "--gas-price",
        "0",
        "--base-fee",
        "0",
        "--timestamp",
        str(GENESIS_TIME),
        "--no-request-size-limit",
    ]
    node = subprocess.Popen(
        [program, "--port", str(port), "--silent", "--auto-impersonate", "--order", "fifo", *options]
    )
    try:
        chain = RawChain(port)
        chain.rpc("anvil_setCode", HISTORY, "0x")
        yield chain
    finally:
        node.terminate()
        node.wait(timeout=20)


class Connection:
    """JSON over HTTP to anvil, which tells lengths; http.client reads headers as mail, slowly."""

    def __init__(self, port):
        self._port, self._socket, self._read = port, None, b""

    def ask(self, *contents):
        """What the node answers to each; it takes them in order, and waits for none to be read in between."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=120)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bodies = [json.dumps(content).encode() for content in contents]
        self._socket.sendall(b"".join(HEAD % len(body) + body for body in bodies))
        return [json.loads(self._answer()) for _ in bodies]

    def _answer(self):
        self._read_on(lambda: b"\r\n\r\n" in self._read)
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        length = int(CONTENT_LENGTH.search(head)[1])
        self._read_on(lambda: len(self._read) >= length)
        body, self._read = self._read[:length], self._read[length:]
        return body

    def _read_on(self, is_enough):
        while not is_enough():
            if QUICK_ACK:  # Else the node holds the second answer back until the first is acknowledged.
                self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
            part = self._socket.recv(1 << 20)
            if not part:
                raise ConnectionError("the node closed the connection")
            self._read += part


class RawChain:
    """One connection to a node. Every transaction is a block of its own."""

    def __init__(self, port):
        self._connection = Connection(port)
        self._ids = itertools.count()
        self._await()

    def _await(self):
        for _ in range(200):
            try:
                return self.rpc("eth_chainId")
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise AssertionError("anvil did not start within ten seconds")

    def deploy(self, sender, container, *args):
        """Address of a new contract."""
        kind = container.contract_type
        types = [i.canonical_type for i in kind.constructor.inputs] if kind.constructor else []
        data = kind.get_deployment_bytecode() + encode(types, args)
        receipt = self.rpc("eth_sendTransactionSync", transaction(sender, None, data))
        assert receipt["status"] == "0x1", f"{kind.name} was not deployed"
        return receipt["contractAddress"].lower()

    def rpc(self, method, *params):
        """The result of one request."""
        [result] = self.rpcs([(method, *params)])
        return result

    def rpcs(self, requests):
        """The results of several, (method, *params), done in order and in one journey."""
        answers = self._connection.ask(*(self._request(method, params) for method, *params in requests))
        for (method, *_), answer in zip(requests, answers, strict=True):
            if "error" in answer:
                raise RpcError(method, answer["error"])
        return [answer["result"] for answer in answers]

    def _request(self, method, params):
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    def view(self, to, data, sender=None):
        """What a call returns on the latest block, or the RpcError with its revert data."""
        call = {"to": to, "data": "0x" + data.hex(), **({"from": sender} if sender else {})}
        return bytes.fromhex(self.rpc("eth_call", call, "latest")[2:])

    def head(self):
        """Number and time of the latest block."""
        block = self.rpc("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), int(block["timestamp"], 16)

    def send(self, sender, to, data, interface, at=None):
        """Mine one transaction, in a block of time `at`."""
        return self.send_and_view(sender, to, data, interface, at)[0]

    def send_and_view(self, sender, to, data, interface, at=None, *views):
        """The same, and what calls (to, data) return on that block: two journeys wake everyone twice."""
        timing = [] if at is None else [("evm_setNextBlockTimestamp", at)]
        looks = [("eth_call", {"to": where, "data": "0x" + what.hex()}, "latest") for where, what in views]
        sent = ("eth_sendTransactionSync", transaction(sender, to, data))
        receipt, *seen = self.rpcs([*timing, sent, *looks])[len(timing) :]
        seen = [bytes.fromhex(answer[2:]) for answer in seen]
        gas = int(receipt["gasUsed"], 16)
        if receipt["status"] == "0x1":
            logs = [interface.log(entry) for entry in receipt["logs"]]
            return Receipt(gas, [log for log in logs if log], None), seen
        return Receipt(gas, [], interface.error(self._revert(sender, to, data))), seen

    def write(self, address, slots):
        """Set storage slots of a contract, word by slot, all at once: one by one takes hours."""
        state = self._state()
        words = {f"0x{slot:064x}": f"0x{word:064x}" for slot, word in slots.items()}
        state["accounts"][address]["storage"].update(words)
        self.rpc("anvil_loadState", "0x" + gzip.compress(json.dumps(state).encode(), 1).hex())

    def storage(self, address):
        """All storage of a contract, word by slot."""
        slots = self._state()["accounts"][address]["storage"]
        return {int(slot, 16): int(word, 16) for slot, word in slots.items()}

    def _state(self):
        return json.loads(gzip.decompress(bytes.fromhex(self.rpc("anvil_dumpState")[2:])))

    def _revert(self, sender, to, data):
        """What the transaction just mined reverted with: its block's view of the unchanged state."""
        try:
            self.view(to, data, sender)
        except RpcError as error:
            return bytes.fromhex(error.data[2:])
        raise AssertionError("a transaction reverted that succeeds as a call in the same block")

    def mine(self, blocks):
        """Mine empty blocks, a second or more apart."""
        self.rpc("anvil_mine", hex(blocks))


class Harness:
    """A contract of pure functions whose arguments and results are words."""

    def __init__(self, chain, address, container):
        self._chain, self._address = chain, address
        self._selectors = {
            abi.name: selector(abi.name, [i.canonical_type for i in abi.inputs])
            for abi in container.contract_type.abi
            if abi.type == "function"
        }

    def __call__(self, name, *words):
        """The words of the answer."""
        return self._answer(self._selectors[name] + b"".join(word.to_bytes(32) for word in words))

    def batch(self, name, records):
        """One call with an array of records of equal length; the words of the array that it answers with."""
        data = b"".join(word.to_bytes(32) for record in records for word in record)
        head = (32).to_bytes(32) + len(records).to_bytes(32)
        return self._answer(self._selectors[name] + head + data)[2:]

    def _answer(self, data):
        answer = self._chain.view(self._address, data)
        return [int.from_bytes(answer[at : at + 32]) for at in range(0, len(answer), 32)]


def transaction(sender, to, data):
    """A request to send; no `to` creates a contract."""
    call = {"from": sender, "data": "0x" + data.hex(), "gas": hex(GAS), "gasPrice": "0x0"}
    return {**call, "to": to} if to else call


def selector(name, types):
    """The first four bytes of the signature's hash."""
    return keccak(text=f"{name}({','.join(types)})")[:4]


def static(kind, word):
    """A value of a static type from its word."""
    if kind == "address":
        return "0x" + word[12:].hex()
    if kind.startswith("bytes"):
        return word[: int(kind[5:])]
    if kind == "bool":
        return bool(int.from_bytes(word))
    return int.from_bytes(word)
