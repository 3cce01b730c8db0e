"""The local nodes that a gateway drives: anvil, and the one that Ape runs in its own process."""

import ast
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from offchain.chain.local_rpc import LocalRpc
from offchain.errors import ChainError

if TYPE_CHECKING:
    from ape.api import TestProviderAPI
    from web3 import HTTPProvider
    from web3.types import TxParams

FUNDS = 10**24  # wei

HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935"
"""EIP-2935's contract: a slot for each block before, and anvil hashes all that is stored for every block."""

RawReceipt = Mapping[str, Any]
"""As JSON-RPC has it: `status` and `gasUsed` as int, `logs` with hex `address`, `topics` and `data`."""


class Node(Protocol):
    """What a gateway asks of a chain."""

    chain_id: int

    def head(self) -> tuple[int, int, int]:
        """Number, Unix time and gas limit of the latest block."""

    def fund(self, addresses: Sequence[str]) -> None:
        """Give each address ether for gas."""

    def nonce(self, address: str) -> int:
        """Transactions mined for an address."""

    def mine_transactions(self, raws: Sequence[bytes]) -> tuple[list[RawReceipt], int]:
        """Mine raw transactions in the order of their tips; receipts in the order given, and the time."""

    def call(self, requests: Sequence[Mapping[str, str]]) -> list[bytes]:
        """Answers of views, in order."""

    def revert_data(self, request: Mapping[str, str]) -> bytes:
        """What a refused call reverts with; empty when it no longer reverts."""

    def mine(self, blocks: int) -> None:
        """Mine empty blocks."""

    def warp(self, timestamp: int) -> None:
        """Mine a block at a Unix time in the future."""

    def close(self) -> None:
        """Leave the node as Ape expects it."""


def node_of(provider: "TestProviderAPI") -> Node:
    """The node behind a connected Ape provider."""
    version = str(provider.web3.client_version).lower()
    return Anvil(provider) if version.startswith("anvil") else InProcess(provider)


class Anvil:
    """anvil, mining when told to, its clock moving a second a block whatever the wall clock does."""

    def __init__(self, provider: "TestProviderAPI") -> None:
        """Stop automatic mining, and the hashes that the chain keeps of its blocks (EIP-2935)."""
        self._rpc = LocalRpc(cast("HTTPProvider", provider.web3.provider).endpoint_uri or "")
        self.chain_id = int(self._rpc.request("eth_chainId"), 16)
        self._rpc.request("evm_setAutomine", False)
        self._rpc.request("anvil_setBlockTimestampInterval", 1)
        self._history = self._rpc.request("eth_getCode", HISTORY, "latest")
        self._rpc.request("anvil_setCode", HISTORY, "0x")

    def head(self) -> tuple[int, int, int]:
        """Number, Unix time and gas limit of the latest block."""
        head = self._rpc.request("eth_getBlockByNumber", "latest", False)
        return int(head["number"], 16), int(head["timestamp"], 16), int(head["gasLimit"], 16)

    def fund(self, addresses: Sequence[str]) -> None:
        """Set each address's balance."""
        self._rpc.batch([("anvil_setBalance", [address, hex(FUNDS)]) for address in addresses])

    def nonce(self, address: str) -> int:
        """Transactions mined for an address."""
        return int(self._rpc.request("eth_getTransactionCount", address, "latest"), 16)

    def mine_transactions(self, raws: Sequence[bytes]) -> tuple[list[RawReceipt], int]:
        """Send all in one request and mine one block.

        Raises:
            ChainError: When some were not mined.
        """
        hashes = self._rpc.batch([("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in raws])
        self._rpc.request("evm_mine")
        mined, block = self._rpc.batch(
            [("eth_getBlockReceipts", ["latest"]), ("eth_getBlockByNumber", ["latest", False])]
        )
        receipts = {receipt["transactionHash"]: receipt for receipt in mined}
        if missing := [hash_ for hash_ in hashes if hash_ not in receipts]:
            raise ChainError(
                f"{len(missing)} of {len(hashes)} transactions were not mined, first {missing[0]}."
            )
        return [_receipt(receipts[hash_]) for hash_ in hashes], int(block["timestamp"], 16)

    def call(self, requests: Sequence[Mapping[str, str]]) -> list[bytes]:
        """Ask all in one request."""
        return [_bytes(a) for a in self._rpc.batch([("eth_call", [r, "latest"]) for r in requests])]

    def revert_data(self, request: Mapping[str, str]) -> bytes:
        """Ask again for the reason that a receipt does not hold."""
        answer = self._rpc.answer("eth_call", dict(request), "latest")
        data = answer.get("error", {}).get("data")
        return _bytes(data) if isinstance(data, str) else b""

    def mine(self, blocks: int) -> None:
        """Mine empty blocks a second apart."""
        self._rpc.request("anvil_mine", hex(blocks), hex(1))

    def warp(self, timestamp: int) -> None:
        """Mine a block at `timestamp`."""
        self._rpc.request("evm_setNextBlockTimestamp", hex(timestamp))
        self._rpc.request("evm_mine")

    def close(self) -> None:
        """Mine automatically and keep hashes again."""
        self._rpc.request("anvil_setCode", HISTORY, self._history)
        self._rpc.request("anvil_removeBlockTimestampInterval")
        self._rpc.request("evm_setAutomine", True)
        self._rpc.close()


class InProcess:
    """py-evm in this process, which mines every transaction by itself."""

    def __init__(self, provider: "TestProviderAPI") -> None:
        """Take the provider as it is."""
        self._provider = provider
        self._eth = provider.web3.eth
        self.chain_id = self._eth.chain_id

    def head(self) -> tuple[int, int, int]:
        """Number, Unix time and gas limit of the latest block."""
        head = self._eth.get_block("latest")
        return head["number"], head["timestamp"], head["gasLimit"]

    def fund(self, addresses: Sequence[str]) -> None:
        """Send ether from the first of the node's own accounts."""
        for address in addresses:
            to = self._provider.web3.to_checksum_address(address)
            sent = self._eth.send_transaction({"from": self._eth.accounts[0], "to": to, "value": _ETHER})
            self._eth.wait_for_transaction_receipt(sent)

    def nonce(self, address: str) -> int:
        """Transactions mined for an address."""
        return int(self._eth.get_transaction_count(self._provider.web3.to_checksum_address(address)))

    def mine_transactions(self, raws: Sequence[bytes]) -> tuple[list[RawReceipt], int]:
        """Send one by one, each a block of its own."""
        hashes = [self._send(raw) for raw in raws]
        receipts = [_plain(self._eth.get_transaction_receipt(hash_)) for hash_ in hashes]
        return receipts, self.head()[1]

    def call(self, requests: Sequence[Mapping[str, str]]) -> list[bytes]:
        """Ask one by one."""
        return [bytes(self._eth.call(self._parameters(request))) for request in requests]

    def revert_data(self, request: Mapping[str, str]) -> bytes:
        """Ask again for the reason that a receipt does not hold."""
        # Not above: it loads py-evm, half a second that a run on anvil has no use for.
        from eth_tester.exceptions import TransactionFailed  # type: ignore[import-untyped]

        try:
            self._eth.call(self._parameters(request))
        except TransactionFailed as error:
            # The only form in which eth-tester hands the data out is a Python literal at the message's end.
            _, _, literal = str(error).rpartition("execution reverted: ")
            return bytes(ast.literal_eval(literal)) if literal.startswith(("b'", 'b"')) else b""
        return b""

    def mine(self, blocks: int) -> None:
        """Mine empty blocks."""
        self._provider.mine(blocks)

    def warp(self, timestamp: int) -> None:
        """Mine a block at `timestamp`."""
        self._provider.set_timestamp(timestamp)
        self._provider.mine(1)

    def close(self) -> None:
        """Nothing to restore."""

    def _send(self, raw: bytes) -> bytes:
        # Not above: every command of a public chain would load it.
        from web3.exceptions import Web3Exception

        try:
            return bytes(self._eth.send_raw_transaction(raw))
        except Web3Exception as error:
            raise ChainError(f"the node refused a transaction: {error}") from error

    def _parameters(self, request: Mapping[str, str]) -> "TxParams":
        checksummed = self._provider.web3.to_checksum_address
        return cast("TxParams", {k: checksummed(v) if k in ("from", "to") else v for k, v in request.items()})


_ETHER = 10**19  # wei


def _receipt(raw: Mapping[str, Any]) -> RawReceipt:
    return {**raw, "status": int(raw["status"], 16), "gasUsed": int(raw["gasUsed"], 16)}


def _plain(receipt: Mapping[str, Any]) -> RawReceipt:
    logs = [
        {
            "address": log["address"].lower(),
            "topics": [topic.to_0x_hex() for topic in log["topics"]],
            "data": log["data"].to_0x_hex(),
        }
        for log in receipt["logs"]
    ]
    return {"status": receipt["status"], "gasUsed": receipt["gasUsed"], "logs": logs}


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))
