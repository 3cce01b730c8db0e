"""One account's transactions: simulated, priced, sent, replaced when stuck, confirmed, and never sent twice.

The nonce is what makes sending safe. It is read before the chain is read for a decision; what was decided is
sent with that nonce and no other. If anything else of the account was mined meanwhile - sent by an earlier
process that was killed, say - the nonce is taken, nothing happens, and `StaleDecisionError` asks to decide
again. If something else is still waiting with that nonce, it is replaced: one of both is mined, never both.
"""

from collections.abc import Sequence
from functools import cached_property

from offchain.errors import CallRevertedError, ChainError
from offchain.live.access.account import Key
from offchain.live.access.chain import Chain, Message
from offchain.live.access.courier import Courier, Flight, Note, Outcome, Receipt
from offchain.live.access.rollup import data_fees, is_rollup
from offchain.live.access.sending import SendingSettings, current_fees, with_margin
from offchain.live.errors import (
    DeadlineMissedError,
    InsufficientFundsError,
    NodeRefusedError,
    StaleDecisionError,
)
from offchain.monitoring.measures import GAS, TRANSACTIONS
from offchain.monitoring.vitals import VITALS

__all__ = ["Outcome", "Receipt", "Sender"]

_USED_NONCES = (Receipt, CallRevertedError, DeadlineMissedError)
"""Outcomes of what was mined."""


class Sender:
    """Sends for one account; one at a time, or several whose order does not matter.

    Attributes:
        address: The account's, lower-case hex.
        on_sent: Called with (message, nonce, hash) before each sending, so that a caller can note it down.
    """

    def __init__(self, chain: Chain, key: Key, settings: SendingSettings | None = None) -> None:
        """Read the nonce; decisions are to be taken after that."""
        self._chain = chain
        self._settings = settings or SendingSettings()
        self.address = key.address
        self.on_sent: Note = lambda message, nonce, digest: None
        self._courier = Courier(chain, key, self._settings, lambda *sent: self.on_sent(*sent))
        self.refresh()

    @property
    def next_nonce(self) -> int:
        """The nonce that the next message gets."""
        return self._nonce

    def refresh(self) -> None:
        """Read the nonce again; what is decided from now on can be sent."""
        self._nonce = self._chain.nonce(self.address)

    def send(self, message: Message, until: int | None = None) -> Receipt:
        """Send one message and wait until it is confirmed.

        Args:
            message: What to send.
            until: Unix time of the chain from which it must not be mined any more; None for any time.

        Raises:
            CallRevertedError: When a contract refuses, mostly before anything is sent.
            StaleDecisionError: When the account sent something else meanwhile.
            DeadlineMissedError: When `until` came first; it cannot be mined later.
            FeeCapError: When gas costs more than the cap.
            InsufficientFundsError: When the account cannot pay.
            ChainError: When the node refuses it for another reason, or none answers.
        """
        (outcome,) = self.send_all([message], until)
        if isinstance(outcome, ChainError):
            raise outcome
        return outcome

    def send_all(self, messages: Sequence[Message], until: int | None = None) -> list[Outcome]:
        """Send messages at once, with nonces in their order, and wait until all are confirmed.

        Each is tried on the current state by itself first; one that is refused there, by the node, or later
        on the chain, keeps none of the others back. Where a node takes one at a time, they wait for another.

        Returns:
            For each message, in order, its receipt or what went wrong with it.

        Raises:
            StaleDecisionError: When the account sent something else before any of them.
            FeeCapError: When gas costs more than the cap.
            InsufficientFundsError: When the account cannot pay for all of them.
            NodeUnavailableError: When no node answers for the time of an outage.
        """
        self._require_current()
        outcomes: list[Outcome | None] = [None] * len(messages)
        flights: dict[int, Flight] = {}
        head = self._chain.head()
        fees = current_fees(self._chain, head, self._settings)
        for place, message in enumerate(messages):
            try:
                gas = self._gas(message)
            except (CallRevertedError, NodeRefusedError) as error:
                outcomes[place] = error
                continue
            flights[place] = Flight(message, self._nonce, self._nonce, gas, until, fees, head.time)
        self._require_funds(list(flights.values()))
        launched = self._launch(list(flights.values()))
        self._courier.carry(launched)
        self._nonce += len(launched)
        if not all(isinstance(flight.outcome, _USED_NONCES) for flight in launched):
            self.refresh()
        for place, flight in flights.items():
            if isinstance(flight.outcome, Receipt):
                TRANSACTIONS.labels(flight.message.name).inc()
                GAS.labels(flight.message.name).inc(flight.outcome.gas_used)
            outcomes[place] = flight.outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _launch(self, flights: Sequence[Flight]) -> list[Flight]:
        """Those that nodes took, or may take yet; what is refused leaves its nonce to the next."""
        launched: list[Flight] = []
        for flight in flights:
            flight.nonce = self._nonce + len(launched)
            try:
                self._courier.launch(flight)
                launched.append(flight)
            except ChainError as error:
                flight.outcome = error
        return launched

    def _require_current(self) -> None:
        mined = self._chain.nonce(self.address)
        if mined != self._nonce:
            decided, self._nonce = self._nonce, mined
            raise StaleDecisionError(
                f"account {self.address} stands at nonce {mined}, not {decided} as when this was decided: "
                "another program sends with it too; this was not sent, the same again decides anew"
            )

    def _gas(self, message: Message) -> int:
        self._chain.simulate(message, self.address)  # Its answer says why; that of an estimate not always.
        if message.gas is not None:
            return message.gas
        return with_margin(self._chain.gas_of(message, self.address), self._block_gas)

    def _block_gas(self) -> int:
        return int(self._chain.raw_block("latest")["gasLimit"], 16)

    def _require_funds(self, flights: Sequence[Flight]) -> None:
        needed = sum(flight.gas * flight.fees.max_fee for flight in flights)
        if flights and self._on_rollup:
            # Where the chain does not say, the node refuses what cannot be paid.
            needed += (
                data_fees(self._chain, [each.transaction(self._chain.chain_id) for each in flights]) or 0
            )
        if needed and (balance := self._chain.balance(self.address)) < needed:
            poor = InsufficientFundsError(
                f"account {self.address} has {balance / 10**18:.6f} of the native coin and needs up to "
                f"{needed / 10**18:.6f} for gas; send it some"
            )
            VITALS.trouble("coin", str(poor))
            raise poor
        VITALS.trouble("coin", None)

    @cached_property
    def _on_rollup(self) -> bool:
        return is_rollup(self._chain)
