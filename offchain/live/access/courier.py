"""Transactions on their way: signed, sent, replaced when stuck, withdrawn when late, confirmed."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ml.updates.hashing import keccak256
from offchain.chain.abi import DecodedEvent, Log
from offchain.chain.gateway import Deployed
from offchain.chain.signing import Transaction
from offchain.errors import CallRevertedError, ChainError
from offchain.live.access.account import Key
from offchain.live.access.chain import Block, Chain, Message
from offchain.live.access.sending import Fees, SendingSettings, current_fees, shown
from offchain.live.errors import (
    DeadlineMissedError,
    FeeCapError,
    InsufficientFundsError,
    NodeRefusedError,
    NodeUnavailableError,
    StaleDecisionError,
)

_log = logging.getLogger(__name__)

Note = Callable[[Message, int, str], None]
"""Told (message, nonce, hash) before each sending."""

_CANCEL_GAS = 21_000
_TAKEN_LOOKS = 3  # Nodes behind one URL may know a nonce before they know its receipt.

_KNOWN = ("already known", "known transaction", "already imported", "alreadyknown")
_TAKEN = ("nonce too low", "nonce is too low", "already been used", "oldnonce", "invalid nonce")
_UNDERPRICED = ("underpriced", "fee too low", "feetoolow", "less than block base fee", "replacement")
_POOR = ("insufficient funds", "insufficient balance", "doesn't have enough funds")


@dataclass(frozen=True)
class Receipt:
    """A transaction that was mined, confirmed and not refused."""

    message: Message
    hash: str
    block: int
    gas_used: int
    fee: int  # wei paid in all
    contract: str  # the new contract's address; empty for a call
    logs: Sequence[Log]

    def events(self, contract: Deployed) -> list[DecodedEvent]:
        """What `contract` logged."""
        own = [log for log in self.logs if log["address"].lower() == contract.address]
        return contract.interface.decode_events(own)


Outcome = Receipt | ChainError


@dataclass
class Flight:
    """One message on its way."""

    message: Message
    nonce: int
    first: int  # nonce of the first of those sent together
    gas: int
    until: int | None
    fees: Fees
    since: int  # Unix time of the chain at the last sending
    raws: dict[str, bytes] = field(default_factory=dict)  # by hash
    cancels: set[str] = field(default_factory=set)
    taken_looks: int = 0
    outcome: Outcome | None = None

    def transaction(self, chain_id: int) -> Transaction:
        """What is signed when it is sent at its fees of now."""
        to, fees = bytes.fromhex(self.message.to[2:]), self.fees
        return Transaction(self.nonce, to, self.message.data, self.gas, fees.max_fee, fees.tip, chain_id)


class Courier:
    """Carries one account's flights to their outcomes.

    Args:
        chain: Where.
        key: The account's.
        settings: What it may pay and how long it waits.
        note: Told of every sending before it is made.
    """

    def __init__(self, chain: Chain, key: Key, settings: SendingSettings, note: Note) -> None:
        self._chain = chain
        self._key = key
        self._settings = settings
        self._note = note
        self._address = key.address

    def launch(self, flight: Flight, cancel: bool = False) -> None:
        """Sign and send, raising the fees while the node finds them too low for the nonce's slot."""
        while True:
            transaction, fees = flight.transaction(self._chain.chain_id), flight.fees
            if cancel:
                own = bytes.fromhex(self._address[2:])
                transaction = replace(transaction, to=own, data=b"", gas=_CANCEL_GAS)
            raw = self._key.sign(transaction)
            digest = _hash(raw)
            flight.raws[digest] = raw
            if cancel:
                flight.cancels.add(digest)
            self._note(flight.message, flight.nonce, digest)
            answer = self._broadcast(raw)
            if answer is None:
                _log.info(
                    "sent %s", flight.message.name,
                    extra={"nonce": flight.nonce, "hash": digest, "max_fee_gwei": shown(fees.max_fee)},
                )  # fmt: skip
                return
            if _says(answer, _POOR):
                raise InsufficientFundsError(f"account {self._address} cannot pay for gas: {answer.message}")
            if not _says(answer, _UNDERPRICED):
                raise answer
            if not self._raise(flight):
                return  # At the cap: wait for what holds the slot.

    def _broadcast(self, raw: bytes) -> NodeRefusedError | None:
        """None when the node has it, or the slot is taken, which the wait finds out."""
        try:
            self._chain.broadcast(raw)
        except NodeRefusedError as error:
            return None if _says(error, _KNOWN + _TAKEN) else error
        except NodeUnavailableError as error:
            _log.warning("whether it was sent is not known yet: %s", error)
        return None

    def _raise(self, flight: Flight) -> bool:
        """Raise the fees by what a replacement takes; False when that is above the cap."""
        raised = flight.fees.raised()
        if raised.max_fee > self._settings.fee_cap:
            _log.warning(
                "%s waits: a replacement would pay %s gwei, above the cap of %s",
                flight.message.name, shown(raised.max_fee), shown(self._settings.fee_cap),
            )  # fmt: skip
            return False
        flight.fees = raised
        return True

    def carry(self, flights: Sequence[Flight]) -> None:
        """Look until every flight has an outcome; nodes may be gone for a while."""
        answered = time.monotonic()
        while any(flight.outcome is None for flight in flights):
            try:
                head = self._chain.head()
                for flight in flights:
                    if flight.outcome is None:
                        self._look(flight, head)
                answered = time.monotonic()
            except NodeUnavailableError as error:
                if time.monotonic() - answered > self._settings.outage:
                    raise
                _log.warning("%s; still waiting for a receipt", error)
            if any(flight.outcome is None for flight in flights):
                time.sleep(self._settings.poll)

    def _look(self, flight: Flight, head: Block) -> None:
        for digest in reversed(list(flight.raws)):
            if receipt := self._chain.receipt(digest):
                flight.taken_looks = 0
                mined = int(receipt["blockNumber"], 16)
                if head.number - mined + 1 >= self._settings.confirmations:
                    flight.outcome = self._outcome(flight, digest, receipt)
                return
        nonce = self._chain.nonce(self._address)
        if nonce > flight.nonce:
            flight.taken_looks += 1
            if flight.taken_looks >= _TAKEN_LOOKS:
                flight.outcome = StaleDecisionError(
                    f"nonce {flight.nonce} of account {self._address} went to another transaction than "
                    f"{flight.message.name}"
                )
            return
        flight.taken_looks = 0
        if flight.until is not None and head.time >= flight.until and not flight.cancels:
            _log.warning("%s is late and is withdrawn", flight.message.name, extra={"nonce": flight.nonce})
            if not self._raise(flight):
                return
            flight.since = head.time
            self.launch(flight, cancel=True)
        elif head.time - flight.since >= self._settings.patience:
            if nonce < flight.first:
                # A reorganisation took an earlier one back: before that is sent again nothing can be mined.
                flight.outcome = StaleDecisionError(
                    f"an earlier transaction of account {self._address} is no longer on the chain: its nonce "
                    f"is {nonce}, {flight.message.name} waits with {flight.nonce}"
                )
                return
            flight.since = head.time
            self._relaunch(flight, head)

    def _relaunch(self, flight: Flight, head: Block) -> None:
        """Send again what was not mined: with better fees where allowed, to nodes that lost it as it is."""
        try:
            current = current_fees(self._chain, head, self._settings.fee_cap)
        except FeeCapError as error:
            _log.warning("%s waits: %s", flight.message.name, error)
            return
        if self._raise(flight):
            flight.fees = flight.fees.at_least(current)
            _log.warning("%s is stuck and is replaced", flight.message.name, extra={"nonce": flight.nonce})
            self.launch(flight, cancel=bool(flight.cancels))
        else:
            self._broadcast(list(flight.raws.values())[-1])

    def _outcome(self, flight: Flight, digest: str, receipt: Mapping[str, Any]) -> Outcome:
        message, block = flight.message, int(receipt["blockNumber"], 16)
        if digest in flight.cancels:
            return DeadlineMissedError(f"{message.name} was not mined in time and is withdrawn")
        if int(receipt["status"], 16) != 1:
            return self._refusal(message, block)
        gas = int(receipt["gasUsed"], 16)
        price = int(receipt.get("effectiveGasPrice") or hex(flight.fees.max_fee), 16)
        data_fee = int(receipt.get("l1Fee") or "0x0", 16)  # What a rollup adds for its data.
        fee = gas * price + data_fee
        about = {"block": block, "gas": gas, "coin": fee / 10**18, "hash": digest}
        _log.info("mined %s", message.name, extra=about)
        contract = (receipt.get("contractAddress") or "").lower()
        return Receipt(message, digest, block, gas, fee, contract, receipt["logs"])

    def _refusal(self, message: Message, block: int) -> CallRevertedError:
        """Why a mined transaction failed: receipts do not say, so it is tried on the states around it."""
        for state in (block - 1, block):
            try:
                self._chain.simulate(message, self._address, state)
            except CallRevertedError as error:
                return error
            except NodeRefusedError:
                break  # A node without old states.
        return CallRevertedError(message.name, "", {})


def _says(error: NodeRefusedError, phrases: Sequence[str]) -> bool:
    return any(phrase in error.message.lower() for phrase in phrases)


def _hash(raw: bytes) -> str:
    return "0x" + keccak256(raw).hex()
