"""A public chain as this package sees it: blocks, views, logs, accounts and raw transactions."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from eth_abi.exceptions import DecodingError

from ml.messages import counted
from offchain.chain.abi import Interface, Log
from offchain.chain.gateway import Deployed
from offchain.errors import CallRevertedError, ChainError, base_units
from offchain.live.access.forms import chain_number, said, succeeded
from offchain.live.access.rpc import Rpc, host
from offchain.live.errors import NodeRefusedError, NodeUnavailableError

_log = logging.getLogger(__name__)

RawBlock = Mapping[str, Any]

Found = TypeVar("Found")

_LAG_PAUSES = (0.5, 1.0, 2.0)
"""Seconds between asking for what should be there: nodes behind one URL are some blocks apart."""
STILL_SECONDS = 90.0
"""Without a new block until another node is asked, where there is one: seven blocks of the slowest chains."""
_clock = time.monotonic
_LONGEST_NAME = 80
_NOBODY = "0x" + "5fed" * 10
_ANSWERS_ONE = "0x60015f5260205ff3"  # Code that returns the word 1, whatever is asked.


@dataclass(frozen=True)
class Block:
    """What is used of a block's header."""

    number: int
    hash: str
    parent: str
    time: int  # Unix seconds: the only clock that counts
    base_fee: int  # wei per gas


class Message(Protocol):
    """What an account can send: a call of a contract, or a new contract."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    @property
    def to(self) -> str:
        """The contract's address; empty for a new contract."""

    @property
    def data(self) -> bytes:
        """Calldata, or init code."""

    @property
    def interface(self) -> Interface:
        """Whose errors to expect."""

    @property
    def gas(self) -> int | None:
        """What it is sent with; None for what a node estimates, and a margin."""


@dataclass(frozen=True)
class Invocation:
    """A function of a contract with its arguments, to be read or to be sent."""

    contract: Deployed
    function: str
    arguments: tuple[object, ...] = ()
    gas: int | None = None  # to be sent with; None for an estimate

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function

    @property
    def to(self) -> str:
        """The contract's address."""
        return self.contract.address

    @property
    def data(self) -> bytes:
        """Calldata."""
        return self.contract.interface.encode(self.function, *self.arguments)

    @property
    def interface(self) -> Interface:
        """The contract's."""
        return self.contract.interface


@dataclass(frozen=True)
class Creation:
    """A contract to be deployed."""

    interface: Interface
    arguments: tuple[object, ...] = ()
    gas: int | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return f"the deployment of {self.interface.name}"

    @property
    def to(self) -> str:
        """Nobody yet."""
        return ""

    @property
    def data(self) -> bytes:
        """Init code with arguments."""
        return self.interface.deployment(*self.arguments)


class Chain:
    """A chain behind an `Rpc`. Addresses are lower-case hex, amounts wei.

    Attributes:
        rpc: The line to it.
        chain_id: The chain's.
        log_range: Blocks whose logs to ask for at once, to begin with; None for the default.
        amount: What base units of the token in question come to, in words for errors.

    Args:
        rpc: The line to it.
        interfaces: Contracts whose errors may come up from inside a call.
        log_range: As above.
    """

    def __init__(self, rpc: Rpc, interfaces: Sequence[Interface] = (), log_range: int | None = None) -> None:
        self.rpc = rpc
        self.log_range = log_range
        self.amount: Callable[[int], str] = base_units
        self._interfaces = tuple(interfaces)
        self._said: set[str] = set()
        self._names: dict[str, str] = {}  # of nodes, by URL
        self._highest: tuple[str, int, float] | None = None  # URL, its highest block, when that was told.
        self.chain_id = chain_number(rpc.request("eth_chainId"))

    @property
    def node(self) -> str:
        """The node that is asked first now, to be shown: its host, and what it says that it is."""
        url = self.rpc.urls[0]
        if url not in self._names:
            try:
                told = str(self.rpc.only(url).request("web3_clientVersion"))
            except ChainError:
                told = ""
            line = "".join(c for c in told if c.isascii() and c.isprintable())[:_LONGEST_NAME]
            self._names[url] = f"{host(url)} ({line or 'of unknown software'})"
        return self._names[url]

    def head(self) -> Block:
        """The latest block."""
        return self._moved_on(_block(self.raw_block("latest")))

    def block(self, number: int) -> Block | None:
        """The block of a number; None when the chain is not that long."""
        raw = self.rpc.request("eth_getBlockByNumber", hex(number), False)
        return None if raw is None else _block(raw)

    def times(self, numbers: Sequence[int]) -> dict[int, int]:
        """Unix times of blocks, by number.

        Raises:
            NodeUnavailableError: When the node lacks one of them.
        """
        raws = self.rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
        if None in raws:
            raise NodeUnavailableError(
                f"the node has no block {numbers[raws.index(None)]}; it may lag behind, try again"
            )
        return {number: int(raw["timestamp"], 16) for number, raw in zip(numbers, raws, strict=True)}

    def raw_block(self, which: int | str) -> RawBlock:
        """A block as the node tells it, with every field of its header.

        Raises:
            NodeUnavailableError: When the node does not have it (yet).
        """
        tag = hex(which) if isinstance(which, int) else which
        raw = self.rpc.request("eth_getBlockByNumber", tag, False)
        if raw is None:
            raise NodeUnavailableError(f"the node has no block {which}; it may lag behind, try again")
        return dict(raw)

    def read(self, calls: Sequence[Invocation], block: int | str = "latest") -> list[Any]:
        """The first value that each view returns, all at one block; see `read_all`."""
        return [answer[0] for answer in self.read_all(calls, block)]

    def read_all(self, calls: Sequence[Invocation], block: int | str = "latest") -> list[tuple[Any, ...]]:
        """All values that each view returns, all at one block.

        Raises:
            NodeRefusedError: When there is no such contract, or it refuses.
        """
        tag = hex(block) if isinstance(block, int) else block
        requests = [("eth_call", [{"to": call.to, "data": _hex(call.data)}, tag]) for call in calls]
        # Nothing at all is what a node says of a contract that it has not seen yet.
        found = self._until(lambda: self.rpc.batch(requests), lambda answers: "0x" not in answers)
        answers = [bytes.fromhex(answer[2:]) for answer in found]
        return [_decoded(call, answer) for call, answer in zip(calls, answers, strict=True)]

    def simulate(self, message: Message, sender: str, block: int | str = "latest") -> None:
        """Try a message without sending it.

        Raises:
            CallRevertedError: When a contract refuses, with the error's values.
        """
        tag = hex(block) if isinstance(block, int) else block
        self._try("eth_call", message, sender, tag)

    def gas_of(self, message: Message, sender: str, code: Mapping[str, bytes] | None = None) -> int:
        """The gas that a message would take now.

        Args:
            message: What would be sent.
            sender: By whom.
            code: Contracts to imagine, by address; not every node can.

        Raises:
            CallRevertedError: When a contract refuses, with the error's values.
        """
        imagined = {address: {"code": _hex(each)} for address, each in (code or {}).items()}
        if imagined:
            self._require_imagination()
        # Said, not left out: some nodes then take the state with what the account has on its way.
        more = ("latest", imagined) if imagined else ("latest",)
        return int(self._try("eth_estimateGas", message, sender, *more), 16)

    def imagine(self, message: Message, sender: str, states: Mapping[str, Mapping[str, str]]) -> bytes:
        """What a message would return if accounts were in other states; not every node can.

        Args:
            message: What would be sent.
            sender: By whom.
            states: By address, as JSON-RPC has state overrides.

        Raises:
            CallRevertedError: When a contract refuses.
            NodeRefusedError: When the node does not imagine.
        """
        self._require_imagination()
        return bytes.fromhex(self._try("eth_call", message, sender, "latest", states)[2:])

    def logs(self, addresses: Sequence[str], first: int, last: int) -> list[Log]:
        """Logs of contracts in blocks `first` to `last`, both included, in the order of the chain."""
        wanted = {"address": list(addresses), "fromBlock": hex(first), "toBlock": hex(last)}
        found: list[Log] | None = self.rpc.request("eth_getLogs", wanted)
        if found is None:
            self._say_once("the node answers null where a list of logs is due; it is taken for an empty one")
            found = []
        return _in_order(found)

    def since(self, before: Block, addresses: Sequence[str]) -> tuple[Block, bool]:
        """The latest block, and whether contracts logged anything after block `before`; in one batch."""
        # From a block that is there: some nodes refuse ranges that begin beyond their head.
        wanted = {"address": list(addresses), "fromBlock": hex(before.number), "toBlock": "latest"}
        raw, logs = self.rpc.batch([("eth_getBlockByNumber", ["latest", False]), ("eth_getLogs", [wanted])])
        return self._moved_on(_block(raw)), any(
            int(log["blockNumber"], 16) > before.number for log in _in_order(logs or ())
        )

    def nonce(self, address: str) -> int:
        """Transactions mined for an address."""
        return int(self.rpc.request("eth_getTransactionCount", address, "latest"), 16)

    def balance(self, address: str) -> int:
        """Native coin of an address."""
        return int(self.rpc.request("eth_getBalance", address, "latest"), 16)

    def code(self, address: str, due: bool = False) -> bytes:
        """The code at an address; empty when there is no contract.

        Args:
            address: Where.
            due: Whether there should be one: then a node that has none is asked again, and others are.
        """

        def ask() -> bytes:
            found = self.rpc.request("eth_getCode", address, "latest") or "0x"
            return b"" if found in ("0x", "0x0") else bytes.fromhex(found[2:])

        return self._until(ask, bool) if due else ask()

    def has_code(self, address: str, due: bool = False) -> bool:
        """Whether there is a contract at an address; see `code`."""
        return bool(self.code(address, due))

    def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to the node.

        Raises:
            NodeRefusedError: When it does not take it.
        """
        self.rpc.request("eth_sendRawTransaction", _hex(raw))

    def receipt(self, digest: str) -> Mapping[str, Any] | None:
        """What became of a transaction; None while it is not mined."""
        return _mined(self.rpc.request("eth_getTransactionReceipt", digest))

    def receipts(self, digests: Sequence[str]) -> list[Mapping[str, Any] | None]:
        """What became of transactions, in order; None for one that is not mined, or forgotten."""
        asked = [("eth_getTransactionReceipt", (digest,)) for digest in digests]
        return [_mined(found) for found in self.rpc.batch(asked)]

    def transaction(self, digest: str) -> Mapping[str, Any] | None:
        """A transaction that should be there, with its nonce; None when no node knows it."""
        found: Mapping[str, Any] | None = self._until(
            lambda: self.rpc.request("eth_getTransactionByHash", digest), bool
        )
        return found

    def tip(self) -> int:
        """What recent transactions paid their builders at the median, wei per gas; 0 if unknown."""
        return _median_tip(self.rpc) or 0

    def tips(self) -> list[int]:
        """The same as each node tells it that does."""
        found = []
        for url in self.rpc.urls:
            try:
                found.append(_median_tip(self.rpc.only(url)))
            except NodeUnavailableError:
                continue
        return [tip for tip in found if tip is not None]

    def reverted(self, name: str, interface: Interface, data: bytes | None) -> CallRevertedError:
        """The error of a refused call, its values decoded where any contract here knows it."""
        for known in (interface, *self._interfaces):
            if decoded := known.decode_error(data or b""):
                return CallRevertedError(name, *decoded, self.amount)
        return CallRevertedError(name, "", {})

    def _moved_on(self, head: Block) -> Block:
        """The latest block; where it has been the latest for too long, another node is asked from now on."""
        url, now = self.rpc.urls[0], _clock()
        known, highest, since = self._highest or ("", 0, 0.0)
        if known != url or head.number > highest:
            self._highest = url, head.number, now
        elif now - since > STILL_SECONDS and len(self.rpc.urls) > 1:
            _log.warning(
                "%s has told no block after %d for %d seconds; asking another node",
                host(url), highest, now - since,
            )  # fmt: skip
            self._highest = None
            self.rpc.prefer_another()
        return head

    def _say_once(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            _log.warning("%s", words)

    def _until(self, ask: Callable[[], Found], is_there: Callable[[Found], bool]) -> Found:
        """What is asked for, asked again of other nodes and after pauses while it is not there."""
        found = ask()
        for pause in _LAG_PAUSES:
            if is_there(found):
                break
            time.sleep(pause)
            self.rpc.prefer_another()
            found = ask()
        return found

    def _require_imagination(self) -> None:
        # Some nodes take no notice of imagined states and answer from the chain as it is.
        imagined = {_NOBODY: {"code": _ANSWERS_ONE}}
        answer: str = self.rpc.request("eth_call", {"to": _NOBODY, "data": "0x"}, "latest", imagined)
        if answer != _hex((1).to_bytes(32)):
            raise NodeRefusedError("eth_call", "it imagines no other states of accounts")

    def _try(self, method: str, message: Message, sender: str, *more: object) -> str:
        request = {"from": sender, "data": _hex(message.data), **({"to": message.to} if message.to else {})}
        try:
            answer: str = self.rpc.request(method, request, *more)
        except NodeRefusedError as error:
            if not error.reverted:
                raise
            raise self.reverted(message.name, message.interface, error.data) from error
        return answer


def _median_tip(rpc: Rpc) -> int | None:
    try:
        history = rpc.request("eth_feeHistory", hex(10), "latest", [50])
        rewards = sorted(int(each[0], 16) for each in history["reward"] if each and each[0] is not None)
    except (NodeRefusedError, LookupError, TypeError, ValueError):
        return None  # Small chains have no such thing, or say null for it or in it.
    return rewards[len(rewards) // 2] if rewards else None


def _decoded(call: Invocation, answer: bytes) -> tuple[Any, ...]:
    try:
        return call.interface.decode_result(call.function, answer)
    except DecodingError as error:
        raise NodeRefusedError(
            "eth_call",
            f"{call.to} answers {call.function} with {counted(len(answer), 'byte')}, not what it returns",
        ) from error


def _mined(receipt: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A receipt, its status true, false or None and its logs a list; None while it is not mined."""
    if not receipt or receipt.get("blockNumber") is None:
        return None
    fields = {name: said(value) for name, value in receipt.items()}
    return {**fields, "logs": fields.get("logs") or [], "status": succeeded(receipt.get("status"))}


def _in_order(logs: Sequence[Log]) -> list[Log]:
    """Logs of the chain in its order, each once: some nodes tell one twice, or one that was taken back.

    Raises:
        NodeUnavailableError: When two logs are said to stand in one place.
    """
    placed: dict[tuple[int, int], Log] = {}
    for log in logs:
        if log.get("removed") is True:
            continue
        place = int(log["blockNumber"], 16), int(log["logIndex"], 16)
        if _content(placed.setdefault(place, log)) != _content(log):
            raise NodeUnavailableError(
                f"the node tells two logs in place {place[1]} of block {place[0]}; it errs, try another with "
                "--rpc"
            )
    return [placed[place] for place in sorted(placed)]


def _content(log: Log) -> tuple[str, ...]:
    return tuple(str(log[name]) for name in ("blockHash", "address", "topics", "data"))


def _block(raw: RawBlock) -> Block:
    return Block(
        number=int(raw["number"], 16),
        hash=raw["hash"],
        parent=raw["parentHash"],
        time=int(raw["timestamp"], 16),
        base_fee=int(said(raw.get("baseFeePerGas")) or "0x0", 16),
    )


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
