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
from offchain.live.access.pool import Answer, Objection, understood
from offchain.live.access.sending import PLAIN_TIP, Fees, SendingSettings, current_fees, shown
from offchain.live.errors import (
    DeadlineMissedError,
    FeeCapError,
    InsufficientFundsError,
    NodeRefusedError,
    NodeUnavailableError,
    SigningError,
    StaleDecisionError,
)

_log = logging.getLogger(__name__)

Note = Callable[[Message, int, str], None]
"""Told (message, nonce, hash) before each sending."""

_CANCEL_GAS = 21_000
_SLOWER = 4  # times the pause between looks, at most, while no block comes
_TAKEN_LOOKS = 3  # Nodes behind one URL may know a nonce before they know its receipt.


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
    elsewhere: int = 0  # nodes that wanted a large tip and were passed over for another
    taken: bool = False  # whether a node has something of it
    taken_looks: int = 0
    waits: NodeRefusedError | None = None  # what a node said that takes it when its turn comes
    waits_since: float = 0.0  # on this machine's clock
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
        """Sign and send, raising the fees while the node finds them too low.

        Raises:
            SigningError: When the account does not sign.
            InsufficientFundsError: When the account cannot pay.
            FeeCapError: When the node asks for more than the cap.
            NodeRefusedError: When the node refuses it for a reason that neither fees nor time change.
        """
        while True:
            transaction = flight.transaction(self._chain.chain_id)
            if cancel:
                own = bytes.fromhex(self._address[2:])
                transaction = replace(transaction, to=own, data=b"", gas=_CANCEL_GAS)
            raw = self._key.sign(transaction)
            digest = _hash(raw)
            flight.raws[digest] = raw
            if cancel:
                flight.cancels.add(digest)
            self._note(flight.message, flight.nonce, digest)
            if self._offer(flight):
                return

    def _offer(self, flight: Flight) -> bool:
        """Hand over what was signed last; False when it is to be signed anew with its fees of now."""
        digest, raw = list(flight.raws.items())[-1]
        refusal = self._broadcast(flight, raw)
        if refusal is None:
            flight.waits = None
            _log.info(
                "sent %s", flight.message.name,
                extra={"nonce": flight.nonce, "hash": digest, "max_fee_gwei": shown(flight.fees.max_fee)},
            )  # fmt: skip
            return True
        answer = understood(refusal.message)
        match answer.objection:
            case Objection.NO_FUNDS:
                raise InsufficientFundsError(
                    f"account {self._address} cannot pay for gas: {refusal.message}"
                ) from refusal
            case Objection.NOT_YET:
                self._wait_for_turn(flight, refusal)
                return True
            case Objection.REPLACES:
                return not self._raise(flight)  # At the cap: wait for what holds the slot.
            case Objection.TIP | Objection.BASE_FEE:
                self._pay_more(flight, answer, refusal)
                return False
        raise refusal

    def _wait_for_turn(self, flight: Flight, refusal: NodeRefusedError) -> None:
        if flight.waits is None:
            flight.waits_since = time.monotonic()
            _log.info("%s waits: %s", flight.message.name, refusal.message, extra={"nonce": flight.nonce})
        flight.waits = refusal

    def _pay_more(self, flight: Flight, answer: Answer, refusal: NodeRefusedError) -> None:
        """Offer what the node asks for, or twice as much as before where it does not say, within the cap."""
        fees, cap = flight.fees, self._settings.fee_cap
        if answer.objection is Objection.TIP:
            asked = answer.above(fees.tip, min(cap, fees.max_fee - 1)) or answer.above(fees.max_fee, cap)
            flight.fees = fees.tipping(asked, cap)
            if flight.fees.tip > PLAIN_TIP and flight.elsewhere + 1 < len(self._chain.rpc.urls):
                # Builders take what they like, nodes what they were told to: another may take it as it is.
                flight.fees, flight.elsewhere = fees, flight.elsewhere + 1
                self._chain.rpc.prefer_another()
                return
        else:
            flight.fees = fees.above_base(answer.above(fees.max_fee, cap), cap)
        if flight.fees == fees:
            raise FeeCapError(
                f"{flight.message.name} cannot pay what the node asks for ({refusal.message}) within the cap "
                f"of {shown(cap)} gwei: wait, or raise --fee-cap"
            ) from refusal
        level = logging.INFO if flight.fees.tip <= PLAIN_TIP else logging.WARNING
        _log.log(
            level, "%s pays more: %s", flight.message.name, refusal.message,
            extra={"nonce": flight.nonce, "tip_gwei": shown(flight.fees.tip)},
        )  # fmt: skip

    def _broadcast(self, flight: Flight, raw: bytes) -> NodeRefusedError | None:
        """None when the node has it, or the slot is taken, which the wait finds out."""
        try:
            self._chain.broadcast(raw)
        except NodeRefusedError as error:
            if understood(error.message).objection not in (Objection.HAS_IT, Objection.NONCE_USED):
                return error
        except NodeUnavailableError as error:
            _log.warning("whether it was sent is not known yet: %s", error)
            return None
        flight.taken = True
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
        """Look until every flight has an outcome; nodes may be gone, or refuse to tell, for a while."""
        answered, seen, pause = time.monotonic(), None, self._settings.poll
        while any(flight.outcome is None for flight in flights):
            try:
                head = self._chain.head()
                for flight in flights:
                    if flight.outcome is None:
                        self._look(flight, head)
                pause = self._settings.poll if head != seen else min(2 * pause, _SLOWER * self._settings.poll)
                seen, answered = head, time.monotonic()
            except (NodeUnavailableError, NodeRefusedError) as error:
                if time.monotonic() - answered > self._settings.outage:
                    raise
                _log.warning("%s; still waiting for a receipt", error)
            if any(flight.outcome is None for flight in flights):
                time.sleep(pause)

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
            self._resend(flight, cancel=True)
        elif flight.waits is not None:
            if time.monotonic() - flight.waits_since > self._settings.outage:
                flight.outcome = flight.waits
            elif nonce == flight.nonce:
                flight.since = head.time
                self._resend(flight, anew=False)
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

    def _resend(self, flight: Flight, cancel: bool = False, anew: bool = True) -> None:
        """Send again; where a node took something before, that may be mined yet: no refusal ends the wait."""
        try:
            if anew or not self._offer(flight):
                self.launch(flight, cancel or bool(flight.cancels))
        except (SigningError, InsufficientFundsError, FeeCapError, NodeRefusedError) as error:
            if not flight.taken:
                flight.outcome = error
            _log.warning("%s cannot be sent again: %s", flight.message.name, error)

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
            self._resend(flight)
        else:
            self._broadcast(flight, list(flight.raws.values())[-1])

    def _outcome(self, flight: Flight, digest: str, receipt: Mapping[str, Any]) -> Outcome:
        message, block = flight.message, int(receipt["blockNumber"], 16)
        if digest in flight.cancels:
            return DeadlineMissedError(f"{message.name} was not mined in time and is withdrawn")
        if not self._succeeded(receipt):
            return self._refusal(message, block)
        gas = int(receipt["gasUsed"], 16)
        price = int(receipt.get("effectiveGasPrice") or hex(flight.fees.max_fee), 16)
        data_fee = int(receipt.get("l1Fee") or "0x0", 16)  # What a rollup adds for its data.
        fee = gas * price + data_fee
        about = {"block": block, "gas": gas, "coin": fee / 10**18, "hash": digest}
        _log.info("mined %s", message.name, extra=about)
        contract = (receipt.get("contractAddress") or "").lower()
        return Receipt(message, digest, block, gas, fee, contract, receipt["logs"])

    def _succeeded(self, receipt: Mapping[str, Any]) -> bool:
        """Whether it did what it was to do; where its receipt does not say, by what it left on the chain."""
        if receipt["status"] is not None:
            return bool(receipt["status"])
        contract = receipt.get("contractAddress")
        return bool(receipt["logs"]) or bool(contract and self._chain.has_code(contract, due=True))

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


def _hash(raw: bytes) -> str:
    return "0x" + keccak256(raw).hex()
