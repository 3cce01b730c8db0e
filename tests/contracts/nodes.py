"""The chains that the tests of contracts run on: one node for each of Ape's local providers.

Calls of a set-up go straight to the node, ten times as fast as through Ape's layers, and clock and block
numbers are what the test says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import rlp
from eth_utils import keccak, to_bytes
from raw_chain import RawChain

from offchain.chain.signing import Signer, Transaction

GAS = 16_777_216  # The most that one transaction may use (EIP-7825).
MAX_FEE = 10**10  # wei per gas


@dataclass(frozen=True)
class Block:
    """A block of the chain."""

    number: int
    time: int
    hash: bytes
    prevrandao: bytes


class Node(Protocol):
    """What a test asks of a chain beside what Ape does."""

    def send(self, sender, to: str, data: bytes) -> tuple[bool, int]:
        """Mine one transaction of a test account or its address: whether it succeeded, and its gas."""

    def calls(self, to: str, datas: Sequence[bytes]) -> list[bytes]:
        """What views return on the latest block."""

    def gas_used(self, digest: str) -> int:
        """Gas of a transaction mined before."""

    def block(self, number: int | None = None) -> Block:
        """A block, the latest by default."""

    def header(self, number: int) -> bytes:
        """RLP of a block's header."""

    def next_block_at(self, time: int) -> None:
        """The next block carries this time."""

    def mine(self, blocks: int) -> None:
        """Mine empty blocks."""

    def read(self, address: str, slot: int) -> int:
        """A word of a contract's storage."""

    def write(self, address: str, slot: int, word: int) -> None:
        """Change it, past the contract."""


def node_of(provider) -> Node:
    """The node behind a connected provider."""
    nodes = {"foundry": Anvil, "test": PyEvm}
    if provider.name not in nodes:
        raise ValueError(f"tests of contracts run on --network ::foundry or ::test, not on {provider.name!r}")
    return nodes[provider.name](provider)


# Fields of a header in the order of their encoding, as nodes name them.
HEADER = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"),
    *("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"),
    "requestsHash",
)
NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}
NUMBERS |= {"baseFeePerGas", "blobGasUsed", "excessBlobGas"}


class Anvil:
    """anvil (revm), by JSON-RPC."""

    def __init__(self, provider) -> None:
        chain = RawChain(urlsplit(provider.http_uri).port)
        self._ask, self._ask_all = chain.rpc, chain.rpcs

    def send(self, sender, to: str, data: bytes) -> tuple[bool, int]:
        # Mined by hand: under many senders anvil leaves a transaction pending now and then.
        request = {"from": str(sender), "to": to, "data": "0x" + data.hex(), "gas": hex(GAS)}
        _, digest, _, _, receipts = self._ask_all(
            [
                ("evm_setAutomine", False),
                ("eth_sendTransaction", request),
                ("evm_mine",),
                ("evm_setAutomine", True),
                ("eth_getBlockReceipts", "latest"),
            ]
        )
        [receipt] = [each for each in receipts if each["transactionHash"] == digest]
        return receipt["status"] == "0x1", int(receipt["gasUsed"], 16)

    def calls(self, to: str, datas: Sequence[bytes]) -> list[bytes]:
        calls = [("eth_call", {"to": to, "data": "0x" + data.hex()}, "latest") for data in datas]
        return [to_bytes(hexstr=answer) for answer in self._ask_all(calls)]

    def gas_used(self, digest: str) -> int:
        return int(self._ask("eth_getTransactionReceipt", digest)["gasUsed"], 16)

    def block(self, number: int | None = None) -> Block:
        block = self._block("latest" if number is None else hex(number))
        return Block(
            int(block["number"], 16),
            int(block["timestamp"], 16),
            to_bytes(hexstr=block["hash"]),
            to_bytes(hexstr=block["mixHash"]),
        )

    def header(self, number: int) -> bytes:
        block = self._block(hex(number))
        fields = [
            int(block[name], 16) if name in NUMBERS else to_bytes(hexstr=block[name])
            for name in HEADER
            if name in block
        ]
        return rlp.encode(fields)

    def next_block_at(self, time: int) -> None:
        self._ask("evm_setNextBlockTimestamp", time)

    def mine(self, blocks: int) -> None:
        self._ask("anvil_mine", hex(blocks))

    def read(self, address: str, slot: int) -> int:
        return int(self._ask("eth_getStorageAt", address, hex(slot), "latest"), 16)

    def write(self, address: str, slot: int, word: int) -> None:
        self._ask("anvil_setStorageAt", address, hex(slot), "0x" + word.to_bytes(32).hex())

    def _block(self, tag: str) -> dict:
        return self._ask("eth_getBlockByNumber", tag, False)


class PyEvm:
    """py-evm in this process, past eth-tester's layers; it mines every transaction at once."""

    def __init__(self, provider) -> None:
        self._backend = provider.evm_backend
        self._chain_id = provider.chain_id
        signers = [Signer(key.to_bytes()) for key in self._backend.account_keys]
        self._signers = {signer.address: signer for signer in signers}

    @property
    def _chain(self):
        return self._backend.chain  # another one after some of Ape's restorations

    def send(self, sender, to: str, data: bytes) -> tuple[bool, int]:
        signer = self._signers[str(sender).lower()]
        nonce = self._backend.get_nonce(to_bytes(hexstr=signer.address))
        call = Transaction(nonce, to_bytes(hexstr=to), data, GAS, MAX_FEE, 0, self._chain_id)
        transaction = self._chain.get_transaction_builder().decode(signer.sign(call))
        _, receipt, computation = self._chain.apply_transaction(transaction)
        self.mine(1)
        return computation.is_success, receipt.gas_used

    def calls(self, to: str, datas: Sequence[bytes]) -> list[bytes]:
        payer = self._backend.account_keys[0].public_key.to_canonical_address()
        fees = {"max_fee_per_gas": MAX_FEE, "max_priority_fee_per_gas": 0}
        call = {"from": payer, "to": to_bytes(hexstr=to), **fees}
        return [self._backend.call(call | {"data": data}) for data in datas]

    def gas_used(self, digest: str) -> int:
        return self._backend.get_transaction_receipt(to_bytes(hexstr=digest))["gas_used"]

    def block(self, number: int | None = None) -> Block:
        header = self._header(self._chain.header.block_number - 1 if number is None else number)
        return Block(header.block_number, header.timestamp, header.hash, header.mix_hash)

    def header(self, number: int) -> bytes:
        return rlp.encode(self._header(number))

    def next_block_at(self, time: int) -> None:
        self._chain.set_header_timestamp(time)

    def mine(self, blocks: int) -> None:
        self._backend.mine_blocks(blocks)

    def read(self, address: str, slot: int) -> int:
        return self._chain.get_vm().state.get_storage(to_bytes(hexstr=address), slot)

    def write(self, address: str, slot: int, word: int) -> None:
        vm = self._chain.get_vm()
        vm.state.set_storage(to_bytes(hexstr=address), slot, word)
        vm.state.persist()
        self._chain.header = self._chain.header.copy(state_root=vm.state.state_root)
        self.mine(1)  # Reads are of the latest block.

    def _header(self, number: int):
        return self._chain.get_canonical_block_header_by_number(number)
