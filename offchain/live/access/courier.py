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
from offchain.live.access.sending import LEAST_TIP, PLAIN_TIP, Fees, SendingSettings, current_fees, shown
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
_CAPPED = "wait, or raise --fee-cap"
_APART = 1000  # Blocks that nodes of one chain may be apart.
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
    withdrawn: bool = False  # whether what is sent from now on only takes its place
    elsewhere: int = 0  # how often it was handed to another node than one that refused it
    heard: set[str] = field(default_factory=set)  # URLs of the nodes that said something to it
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

    def launch(self, flight: Flight) -> None:
        """Sign and send, raising the fees while nodes find them too low.

        Raises:
            SigningError: When the account does not sign.
            InsufficientFundsError: When the account cannot pay.
            FeeCapError: When nodes ask for more than a cap.
            NodeRefusedError: When nodes refuse it for a reason that neither fees nor time change.
        """
        while True:
            transaction = flight.transaction(self._chain.chain_id)
            if flight.withdrawn:
                own = bytes.fromhex(self._address[2:])
                transaction = replace(transaction, to=own, data=b"", gas=_CANCEL_GAS)
            raw = self._key.sign(transaction)
            digest = _hash(raw)
            flight.raws[digest] = raw
            if flight.withdrawn:
                flight.cancels.add(digest)
            self._note(flight.message, flight.nonce, digest)
            if self._offer(flight):
                return

    def _offer(self, flight: Flight) -> bool:
        """Hand over what was signed last; False when it is to be signed anew with its fees of now."""
        digest, raw = list(flight.raws.items())[-1]
        refusal = self._broadcast(flight, raw)
        while refusal is not None and self._is_for_another(flight, refusal):
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
                return not self._raise(flight, self._largest_tip(flight))  # Else: wait for what is there.
            case Objection.TIP | Objection.BASE_FEE:
                self._pay_more(flight, answer, refusal)
                return False
        raise refusal

    def _is_for_another(self, flight: Flight, refusal: NodeRefusedError) -> bool:
        """Whether another node is asked before one's refusal counts: what it says of itself may be false.

        A small fee is paid at once: where builders do not take less, nodes that do only lose time.
        """
        answer = understood(refusal.message)
        is_of_fees = answer.objection in (Objection.TIP, Objection.BASE_FEE)
        if is_of_fees and self._wanted(flight, answer).tip <= PLAIN_TIP:
            return False
        if flight.elsewhere + 1 >= len(self._chain.rpc.urls):
            return False
        flight.elsewhere += 1
        self._chain.rpc.prefer_another()
        return True

    def _largest_tip(self, flight: Flight, head: Block | None = None) -> int:
        """The most that builders may get, wei per gas: for a flight, for its withdrawal, for a replacement.

        Nodes take no replacement without a larger tip. Where the base fee has outgrown the offer, that at
        least doubles the largest fee, which the fee cap allows some five times; a withdrawal uses little gas.
        """
        largest = self._settings.largest_tip(len(flight.heard))
        if head is not None and head.base_fee + LEAST_TIP > flight.fees.max_fee:
            return self._settings.fee_cap
        return largest * max(flight.gas, _CANCEL_GAS) // _CANCEL_GAS if flight.withdrawn else largest

    def _wait_for_turn(self, flight: Flight, refusal: NodeRefusedError) -> None:
        if flight.waits is None:
            flight.waits_since = time.monotonic()
            _log.info("%s waits: %s", flight.message.name, refusal.message, extra={"nonce": flight.nonce})
        flight.waits = refusal

    def _wanted(self, flight: Flight, answer: Answer) -> Fees:
        """What a node asks for, or twice as much as before where it does not say, within the caps."""
        fees, cap = flight.fees, self._settings.fee_cap
        if answer.objection is Objection.BASE_FEE:
            return fees.above_base(answer.above(fees.max_fee, cap), cap)
        asked = answer.above(fees.tip, min(cap, fees.max_fee - 1)) or answer.above(fees.max_fee, cap)
        return fees.tipping(asked, cap, self._largest_tip(flight))

    def _pay_more(self, flight: Flight, answer: Answer, refusal: NodeRefusedError) -> None:
        before, flight.fees = flight.fees, self._wanted(flight, answer)
        if flight.fees == before:
            cap, largest = self._settings.fee_cap, self._largest_tip(flight)
            is_of_tips = answer.objection is Objection.TIP and largest < cap
            bound = self._tip_bound(largest) if is_of_tips else f"cap of {shown(cap)} gwei: {_CAPPED}"
            raise FeeCapError(
                f"{flight.message.name} cannot pay what the node asks for ({refusal.message}) within the "
                f"{bound}"
            ) from refusal
        level = logging.INFO if flight.fees.tip <= PLAIN_TIP else logging.WARNING
        _log.log(
            level, "%s pays more: %s", flight.message.name, refusal.message,
            extra={"nonce": flight.nonce, "tip_gwei": shown(flight.fees.tip)},
        )  # fmt: skip

    def _tip_bound(self, largest: int) -> str:
        """What keeps tips below the fee cap, and what to do, in words."""
        if self._settings.tip_cap:
            return f"{shown(largest)} gwei of tip that --tip-cap allows: wait, or raise it"
        return (
            f"{shown(largest)} gwei of tip that are paid on a single node's word: ask another too, by --rpc, "
            "or give the chain's least tip by --tip-cap"
        )

    def _broadcast(self, flight: Flight, raw: bytes) -> NodeRefusedError | None:
        """None when the node has it, or the slot is taken, which the wait finds out."""
        try:
            self._chain.broadcast(raw)
        except NodeRefusedError as error:
            flight.heard.add(self._chain.rpc.urls[0])
            if understood(error.message).objection not in (Objection.HAS_IT, Objection.NONCE_USED):
                return error
        except NodeUnavailableError as error:
            _log.warning("whether it was sent is not known yet: %s", error)
            return None
        flight.heard.add(self._chain.rpc.urls[0])
        flight.taken = True
        return None

    def _raise(self, flight: Flight, most: int) -> bool:
        """Raise the fees by what a replacement takes; False when its tip is above the most, or it a cap."""
        raised = flight.fees.raised()
        if raised.tip > most:
            _log.warning(
                "%s waits: a replacement would pay a tip of %s gwei, above the %s",
                flight.message.name, shown(raised.tip), self._tip_bound(most),
            )  # fmt: skip
            return False
        if raised.max_fee > self._settings.fee_cap:
            _log.warning(
                "%s waits: a replacement would pay %s gwei, above the cap of %s: %s",
                flight.message.name, shown(raised.max_fee), shown(self._settings.fee_cap), _CAPPED,
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
        """Find a flight's outcome, or do what it waits for."""
        for digest in reversed(list(flight.raws)):
            if receipt := self._chain.receipt(digest):
                flight.taken_looks = 0
                mined = self._mined(receipt, head)
                if head.number - mined + 1 >= self._settings.confirmations:
                    flight.outcome = self._outcome(flight, digest, receipt)
                return
        nonce = self._chain.nonce(self._address)
        if nonce > flight.nonce:
            flight.taken_looks += 1
            if flight.taken_looks >= _TAKEN_LOOKS:
                flight.outcome = StaleDecisionError(
                    f"nonce {flight.nonce} of account {self._address} went to another transaction than "
                    f"{flight.message.name}: another program sends with it too; the same again decides anew"
                )
            return
        flight.taken_looks = 0
        self._urge(flight, head, nonce)

    def _urge(self, flight: Flight, head: Block, nonce: int) -> None:
        """Withdraw what is late, ask again where a node refused, pay more for what is stuck."""
        flight.since = min(flight.since, head.time)  # Nodes' clocks differ, and one may be far ahead.
        if flight.until is not None and head.time >= flight.until and not flight.cancels:
            _log.warning("%s is late and is withdrawn", flight.message.name, extra={"nonce": flight.nonce})
            flight.since, flight.withdrawn = head.time, True
            self._raise(flight, self._largest_tip(flight, head))
            self._resend(flight)  # At a cap too: a node that lost what it had takes this as it is.
        elif flight.waits is not None:
            if time.monotonic() - flight.waits_since > self._settings.outage:
                flight.outcome = flight.waits
            elif nonce == flight.nonce:
                flight.since = head.time
                self._chain.rpc.prefer_another()
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

    def _mined(self, receipt: Mapping[str, Any], head: Block) -> int:
        """The block of a receipt; a node that another is some blocks behind may tell of it first."""
        mined = int(receipt["blockNumber"], 16)
        if mined > head.number + _APART:
            self._chain.rpc.prefer_another()
            raise NodeUnavailableError(
                f"the node tells a receipt of block {mined}, and {head.number} is the latest; it errs, try "
                "another with --rpc"
            )
        return mined

    def _resend(self, flight: Flight, anew: bool = True) -> None:
        """Send again; where a node took something before, that may be mined yet: no refusal ends the wait."""
        try:
            if anew or not self._offer(flight):
                self.launch(flight)
        except (SigningError, InsufficientFundsError, FeeCapError, NodeRefusedError) as error:
            if not flight.taken:
                flight.outcome = error
            _log.warning("%s cannot be sent again: %s", flight.message.name, error)

    def _relaunch(self, flight: Flight, head: Block) -> None:
        """Send again what was not mined: with better fees where allowed, to nodes that lost it as it is."""
        try:
            current = current_fees(self._chain, head, self._settings)
        except FeeCapError as error:
            _log.warning("%s waits: %s", flight.message.name, error)
            return
        self._chain.rpc.prefer_another()  # What took it may keep it to itself.
        if self._raise(flight, self._largest_tip(flight, head)):
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
