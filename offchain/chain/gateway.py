"""The one place that talks to a chain: signed transactions in batches, explicit mining, decoded refusals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import rlp

from ml.updates.hashing import keccak256
from offchain.chain.abi import DecodedEvent, Interface, Log
from offchain.chain.nodes import Node, RawReceipt
from offchain.chain.signing import Signer, Transaction
from offchain.errors import CallRevertedError

MAX_FEE = 10**11  # wei per gas; local chains only, where ether is free
GAS_LIMIT = 400_000  # of a call; the dearest, finalising sixteen proposals, takes half
DEPLOYMENT_GAS = 15_000_000  # below EIP-7825's cap


@dataclass(frozen=True)
class Deployed:
    """A contract at an address, lower-case hex."""

    interface: Interface
    address: str


@dataclass(frozen=True)
class Call:
    """A transaction to be sent: who, to which contract, which function, with what."""

    signer: Signer
    contract: Deployed
    function: str
    arguments: tuple[object, ...] = ()
    gas: int = GAS_LIMIT

    @property
    def data(self) -> bytes:
        """Its calldata."""
        return self.contract.interface.encode(self.function, *self.arguments)


@dataclass(frozen=True)
class Query:
    """A view to be read: of which contract, which function, with what."""

    contract: Deployed
    function: str
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What became of one call."""

    call: Call
    gas_used: int
    logs: Sequence[Log]

    @property
    def events(self) -> list[DecodedEvent]:
        """What the called contract logged."""
        own = [log for log in self.logs if log["address"].lower() == self.call.contract.address]
        return self.call.contract.interface.decode_events(own)


class Gateway:
    """A local chain, driven transaction by transaction.

    Not for public networks: it mines, moves the clock and creates ether.

    Attributes:
        chain_id: The chain's.
        now: Unix time of the latest block.
    """

    def __init__(self, node: Node) -> None:
        """Read where the chain stands."""
        self._node = node
        self.chain_id = node.chain_id
        _, self.now, gas_limit = node.head()
        self._block_gas = gas_limit
        self._nonces: dict[str, int] = {}

    def close(self) -> None:
        """Give the chain back."""
        self._node.close()

    def fund(self, addresses: Sequence[str]) -> None:
        """Give each address ether for gas."""
        self._node.fund(addresses)

    def deploy(self, signer: Signer, interface: Interface, *arguments: object) -> Deployed:
        """Deploy a contract; its address follows from the signer's nonce.

        Raises:
            CallRevertedError: When the constructor refuses.
        """
        nonce = self._next_nonce(signer)
        data = interface.deployment(*arguments)
        raw = self._sign(signer, nonce, b"", data, DEPLOYMENT_GAS, tip=1)
        if self._mine([raw])[0]["status"] != 1:
            request = {"from": signer.address, "data": "0x" + data.hex(), "gas": hex(DEPLOYMENT_GAS)}
            raise self._reverted(f"the deployment of {interface.name}", interface, request)
        return Deployed(interface, create_address(signer.address, nonce))

    def send(self, calls: Sequence[Call]) -> list[Receipt]:
        """Send calls, mine them in the order given, and read what they did.

        Args:
            calls: In the order of execution; several of one signer are allowed.

        Raises:
            CallRevertedError: For the first call that a contract refused; the others took effect.
        """
        receipts: list[Receipt] = []
        for chunk in self._blocks(calls):
            # Blocks are ordered by tip: a falling one keeps the order given, so every run is the same.
            raws = [self._signed(call, tip=len(chunk) - i) for i, call in enumerate(chunk)]
            mined = self._mine(raws)
            receipts += [self._receipt(call, raw) for call, raw in zip(chunk, mined, strict=True)]
        return receipts

    def read(self, queries: Sequence[Query]) -> list[Any]:
        """Read views, all at once; the first value that each returns."""
        requests = [
            {
                "to": query.contract.address,
                "data": "0x" + query.contract.interface.encode(query.function, *query.arguments).hex(),
            }
            for query in queries
        ]
        answers = zip(queries, self._node.call(requests), strict=True)
        return [query.contract.interface.decode_result(query.function, data)[0] for query, data in answers]

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""
        self._node.mine(blocks)
        self.now = self._node.head()[1]

    def warp(self, timestamp: int) -> None:
        """Mine a block at `timestamp`, Unix seconds, unless that has passed."""
        if timestamp > self.now:
            self._node.warp(timestamp)
            self.now = self._node.head()[1]

    def _blocks(self, calls: Sequence[Call]) -> Iterator[list[Call]]:
        """Cut calls into runs that fit a block."""
        block: list[Call] = []
        for call in calls:
            if block and sum(c.gas for c in block) + call.gas > self._block_gas:
                yield block
                block = []
            block.append(call)
        if block:
            yield block

    def _next_nonce(self, signer: Signer) -> int:
        nonce = self._nonces.get(signer.address)
        if nonce is None:
            nonce = self._node.nonce(signer.address)
        self._nonces[signer.address] = nonce + 1
        return nonce

    def _signed(self, call: Call, tip: int) -> bytes:
        to = bytes.fromhex(call.contract.address[2:])
        return self._sign(call.signer, self._next_nonce(call.signer), to, call.data, call.gas, tip)

    def _sign(self, signer: Signer, nonce: int, to: bytes, data: bytes, gas: int, tip: int) -> bytes:
        return signer.sign(Transaction(nonce, to, data, gas, MAX_FEE, tip, self.chain_id))

    def _mine(self, raws: Sequence[bytes]) -> list[RawReceipt]:
        receipts, self.now = self._node.mine_transactions(raws)
        return receipts

    def _receipt(self, call: Call, raw: RawReceipt) -> Receipt:
        contract = call.contract
        if raw["status"] != 1:
            request = {"from": call.signer.address, "to": contract.address, "data": "0x" + call.data.hex()}
            raise self._reverted(call.function, contract.interface, request)
        return Receipt(call, raw["gasUsed"], raw["logs"])

    def _reverted(self, call: str, interface: Interface, request: dict[str, str]) -> CallRevertedError:
        decoded = interface.decode_error(self._node.revert_data(request))
        return CallRevertedError(call, *(decoded or ("", {})))


def create_address(deployer: str, nonce: int) -> str:
    """The address of the contract that `deployer` creates with transaction `nonce`."""
    return "0x" + keccak256(rlp.encode([bytes.fromhex(deployer[2:]), nonce]))[-20:].hex()
