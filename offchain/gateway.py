"""The one place that talks to a node: signed transactions in batches, explicit mining, receipts by block.

It works on top of Ape's provider. On anvil, transactions of many clients go out in one request, are mined
when the gateway says so, and the clock moves a second a block, whatever the wall clock does. On Ape's
in-process provider, which mines every transaction by itself, they go one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ape.api import TestProviderAPI
from rlp import encode as rlp_encode

from ml.hashing import keccak256
from offchain.abi import DecodedEvent, Interface
from offchain.errors import CallRevertedError, ChainError
from offchain.signing import Signer, Transaction

MAX_FEE = 10**11  # wei per gas; local chains only, where ether is free
GAS_LIMIT = 400_000  # of any call; the dearest, finalising sixteen proposals, takes half
DEPLOYMENT_GAS = 15_000_000  # below EIP-7825's cap
FUNDS = 10**24  # wei
REQUESTS_AT_ONCE = 1000


@dataclass(frozen=True)
class Deployed:
    """A contract at an address."""

    interface: Interface
    address: str


@dataclass(frozen=True)
class Call:
    """A transaction to be sent: who, to which contract, which function, with what."""

    signer: Signer
    contract: Deployed
    function: str
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What became of one call."""

    call: str
    gas_used: int
    events: list[DecodedEvent]


class Gateway:
    """A local chain, driven transaction by transaction.

    Not for public networks: it mines, moves the clock and creates ether.
    """

    def __init__(self, provider: TestProviderAPI) -> None:
        """Take over the chain behind a connected Ape provider."""
        self._provider = provider
        self._is_anvil = "anvil" in str(self._request("web3_clientVersion")).lower()
        self.chain_id = int(self._request("eth_chainId"), 16)
        self._nonces: dict[str, int] = {}
        self._calls_a_block = int(self._latest()["gasLimit"], 16) // GAS_LIMIT
        self.block, self.now = self._read_head()
        if self._is_anvil:
            self._request("evm_setAutomine", False)
            self._request("anvil_setBlockTimestampInterval", 1)

    def close(self) -> None:
        """Give the chain back with automatic mining on, as Ape expects it."""
        if self._is_anvil:
            self._request("anvil_removeBlockTimestampInterval")
            self._request("evm_setAutomine", True)

    def fund(self, addresses: Iterable[str]) -> None:
        """Give each address ether for gas."""
        if self._is_anvil:
            self._batch([("anvil_setBalance", [address, hex(FUNDS)]) for address in addresses])
            return
        sender = self._request("eth_accounts")[0]
        for address in addresses:
            self._request("eth_sendTransaction", {"from": sender, "to": address, "value": hex(10**20)})
        self.block, self.now = self._read_head()

    def deploy(self, signer: Signer, interface: Interface, *arguments: object) -> Deployed:
        """Deploy a contract; its address follows from the signer's nonce."""
        nonce = self._next_nonce(signer)
        address = create_address(signer.address, nonce)
        data = interface.deployment(*arguments)
        raw = self._sign(signer, nonce, b"", data, DEPLOYMENT_GAS, tip=1)
        receipt = self._mine([raw])[0]
        if int(receipt["status"], 16) != 1 or self._request("eth_getCode", address, "latest") == "0x":
            request = {"from": signer.address, "data": "0x" + data.hex(), "gas": hex(DEPLOYMENT_GAS)}
            raise self._reverted(f"the deployment of {interface.name}", interface, request)
        return Deployed(interface, address)

    def send(self, calls: Sequence[Call], contracts: Sequence[Deployed] = ()) -> list[Receipt]:
        """Send calls, mine them in the order given, and read what they did.

        Args:
            calls: In the order of execution; several of one signer are allowed.
            contracts: Contracts besides the called ones whose events are wanted.

        Raises:
            CallRevertedError: For the first call that a contract refused; the others took effect.
        """
        receipts: list[Receipt] = []
        room = self._calls_a_block
        for start in range(0, len(calls), room):
            chunk = calls[start : start + room]
            # Blocks are ordered by tip: a falling one keeps the order given, so every run is the same.
            raws = [self._signed(call, tip=len(chunk) - i) for i, call in enumerate(chunk)]
            receipts += [
                self._receipt(call, raw, contracts) for call, raw in zip(chunk, self._mine(raws), strict=True)
            ]
        return receipts

    def read(
        self, contract: Deployed, function: str, arguments: Iterable[tuple[object, ...]] = ((),)
    ) -> list[Any]:
        """Call a view once for every tuple of arguments; a tuple each where it returns several values."""
        requests: list[tuple[str, list[object]]] = [
            ("eth_call", [{"to": contract.address, "data": self._data(contract, function, a)}, "latest"])
            for a in arguments
        ]
        answers = self._batch(requests)
        values = [contract.interface.decode_result(function, _bytes(answer)) for answer in answers]
        return [value[0] if len(value) == 1 else value for value in values]

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""
        if self._is_anvil:
            self._request("anvil_mine", hex(blocks), hex(1))
        else:
            self._provider.mine(blocks)
        self.block, self.now = self._read_head()

    def warp(self, timestamp: int) -> None:
        """Mine a block at `timestamp`, Unix seconds, unless that has passed."""
        if timestamp <= self.now:
            return
        if self._is_anvil:
            self._request("evm_setNextBlockTimestamp", hex(timestamp))
            self._request("evm_mine")
        else:
            self._provider.set_timestamp(timestamp)
            self._provider.mine(1)
        self.block, self.now = self._read_head()

    # Requests

    def _request(self, method: str, *parameters: object) -> Any:
        return _result(method, self._provider.web3.provider.make_request(method, list(parameters)))

    def _batch(self, requests: Sequence[tuple[str, list[object]]]) -> list[Any]:
        if not self._is_anvil:
            return [self._request(method, *parameters) for method, parameters in requests]
        results: list[Any] = []
        for start in range(0, len(requests), REQUESTS_AT_ONCE):
            chunk = requests[start : start + REQUESTS_AT_ONCE]
            answers = self._provider.web3.provider.make_batch_request(chunk)
            if not isinstance(answers, list):
                raise ChainError(f"the node refused a batch of {len(chunk)} requests: {answers}")
            results += [_result(chunk[i][0], answer) for i, answer in enumerate(answers)]
        return results

    def _latest(self) -> dict[str, str]:
        return self._request("eth_getBlockByNumber", "latest", False)  # type: ignore[no-any-return]

    def _read_head(self) -> tuple[int, int]:
        head = self._latest()
        return int(head["number"], 16), int(head["timestamp"], 16)

    # Transactions

    def _next_nonce(self, signer: Signer) -> int:
        if signer.address not in self._nonces:
            count = self._request("eth_getTransactionCount", signer.address, "latest")
            self._nonces[signer.address] = int(count, 16)
        nonce = self._nonces[signer.address]
        self._nonces[signer.address] = nonce + 1
        return nonce

    def _signed(self, call: Call, tip: int) -> bytes:
        data = call.contract.interface.encode(call.function, *call.arguments)
        to = bytes.fromhex(call.contract.address[2:])
        return self._sign(call.signer, self._next_nonce(call.signer), to, data, GAS_LIMIT, tip)

    def _sign(self, signer: Signer, nonce: int, to: bytes, data: bytes, gas: int, tip: int) -> bytes:
        return signer.sign(Transaction(nonce, to, data, gas, MAX_FEE, tip, self.chain_id))

    def _mine(self, raws: Sequence[bytes]) -> list[dict[str, Any]]:
        hashes = self._batch([("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in raws])
        if not self._is_anvil:
            self.block, self.now = self._read_head()
            return [self._request("eth_getTransactionReceipt", hash_) for hash_ in hashes]
        self._request("evm_mine")
        by_hash = {r["transactionHash"]: r for r in self._request("eth_getBlockReceipts", "latest")}
        self.block, self.now = self.block + 1, self.now + 1
        if missing := [hash_ for hash_ in hashes if hash_ not in by_hash]:
            raise ChainError(
                f"{len(missing)} of {len(hashes)} transactions were not mined, first {missing[0]}."
            )
        return [by_hash[hash_] for hash_ in hashes]

    def _receipt(self, call: Call, raw: dict[str, Any], contracts: Sequence[Deployed]) -> Receipt:
        if int(raw["status"], 16) != 1:
            request = {
                "from": call.signer.address,
                "to": call.contract.address,
                "data": self._data(call.contract, call.function, call.arguments),
            }
            raise self._reverted(call.function, call.contract.interface, request)
        events: list[DecodedEvent] = []
        for contract in (call.contract, *contracts):
            events += contract.interface.decode_events(
                [log for log in raw["logs"] if log["address"].lower() == contract.address]
            )
        return Receipt(call.function, int(raw["gasUsed"], 16), events)

    @staticmethod
    def _data(contract: Deployed, function: str, arguments: tuple[object, ...]) -> str:
        return "0x" + contract.interface.encode(function, *arguments).hex()

    def _reverted(self, call: str, interface: Interface, request: dict[str, str]) -> CallRevertedError:
        """Ask the node again for the reason that a receipt does not hold."""
        answer = self._provider.web3.provider.make_request("eth_call", [request, "latest"])
        data = answer.get("error", {}).get("data")
        decoded = interface.decode_error(_bytes(data)) if isinstance(data, str) else None
        return CallRevertedError(call, *(decoded or ("", {})))


def create_address(deployer: str, nonce: int) -> str:
    """The address of the contract that `deployer` creates with transaction `nonce`."""
    return "0x" + keccak256(rlp_encode([bytes.fromhex(deployer[2:]), nonce]))[-20:].hex()


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))


def _result(method: str, answer: Any) -> Any:
    if "error" in answer and answer["error"]:
        raise ChainError(f"the node refused {method}: {answer['error'].get('message', answer['error'])}")
    return answer["result"]
