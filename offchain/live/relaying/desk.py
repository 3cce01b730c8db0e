"""Takes what members hand over, once it is known that the contract would, and sends it in batches."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from offchain.engines.submission import ENTRIES
from offchain.errors import CallRevertedError, told_refusal
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Receipt, Sender
from offchain.live.access.sending import TRANSACTION_GAS, with_margin
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import RelayError, StaleDecisionError
from offchain.live.lately import Budget
from offchain.live.relaying.entries import BATCH, FUNCTIONS, Entry, Function, single
from offchain.live.relaying.screening import Screening
from offchain.monitoring.measures import RELAYED, WAITING

_log = logging.getLogger(__name__)

MOST_WAITING = 16 * ENTRIES
_OF_BATCH = 100_000  # Gas of a batch beside its entries', with room.


@dataclass(frozen=True)
class _Taken:
    """An entry, and the gas that it is sent with: what it would take alone, and a margin."""

    entry: Entry
    gas: int


class Desk:
    """What waits to be sent, by function and member.

    What it pays for is bounded by the contract: each entry is tried before it is taken and before it is
    sent, so it is of a member that has such a seat and has not used it. Nobody else can make it spend gas,
    nor a question to the node: what a stranger may have made up is refused by `Screening` first, and of
    what a member signs for one act ten are tried at once, then ten a minute.

    Args:
        chain: For reading and for trying entries; used under a lock.
        sender: Of the account that pays; with a line of its own.
        deployment: For which.
    """

    def __init__(self, chain: Chain, sender: Sender, deployment: LiveDeployment) -> None:
        if deployment.relay is None:
            raise RelayError(f"deployment {deployment.name} has no Relay contract; deploy it anew to use one")
        self._relay = deployment.relay
        self._manager = deployment.manager
        self._chain = chain
        self._sender = sender
        self._asking = threading.Lock()
        self._screening = Screening(chain, deployment, self._asking)
        self._changing = threading.Lock()
        self._waiting: dict[Function, dict[str, _Taken]] = {function: {} for function in FUNCTIONS}
        self._budgets: dict[tuple[Function, str], Budget] = {}

    def screen(self, function: Function, entry: Entry) -> bool:
        """Look whether an entry can be its member's; whether it is new, and is to be taken.

        Raises:
            UnfitEntryError: When the contract would refuse it.
            RelayError: When too much is waiting, or its member made too many for one act.
            ChainError: When no node answers.
        """
        with self._changing:
            waiting = self._waiting[function].get(entry.client)
            if waiting is not None and waiting.entry == entry:
                return False
            full = sum(map(len, self._waiting.values())) >= MOST_WAITING
        if full:
            raise RelayError("too much is waiting to be sent; try again, or send it yourself")
        self._screening.require(function, entry)
        with self._changing:
            budget = self._budgets.setdefault((function, entry.client), Budget())
            if not budget.take():
                raise RelayError(
                    f"{entry.client} has handed in too many for {function}; try again, or send it yourself"
                )
        return True

    def take(self, function: Function, entry: Entry) -> None:
        """Take an entry that was screened, in place of an earlier one of the same member.

        Raises:
            CallRevertedError: When the contract would refuse it.
            ChainError: When no node answers.
        """
        self._try(function, entry)
        call = single(self._manager, function, entry)
        with self._asking:
            # Alone, for a batch whose entries run out of gas succeeds all the same; and asked for, since new
            # storage takes five times as much where a chain has EIP-8037.
            gas = self._chain.gas_of(call, self._sender.address)
        with self._changing:
            self._waiting[function][entry.client] = _Taken(entry, with_margin(gas, lambda: 0))
            self._measure()
        RELAYED.labels(function).inc()
        _log.info("taken", extra={"function": function, "client": entry.client})

    def flush(self) -> bool:
        """Send what waits, a transaction a kind; whether anything was sent.

        Raises:
            ChainError: When nodes do not answer, gas is too dear or the account cannot pay; nothing is lost.
        """
        sent = False
        for function in FUNCTIONS:
            with self._changing:
                batch = _batch(self._waiting[function].values())
            if batch := self._fit(function, batch):
                sent |= self._send(function, batch)
        return sent

    def _fit(self, function: Function, batch: list[_Taken]) -> list[_Taken]:
        """Those that the contract takes still; nothing is paid for what was overtaken, or came too late."""
        fit = []
        for taken in batch:
            try:
                self._try(function, taken.entry)
            except CallRevertedError as error:
                _log.info("not sent: %s", error, extra={"function": function, "client": taken.entry.client})
                self._forget(function, [taken])
                continue
            fit.append(taken)
        return fit

    def _try(self, function: Function, entry: Entry) -> None:
        with self._asking:
            self._chain.simulate(single(self._manager, function, entry), self._sender.address)

    def _send(self, function: Function, batch: list[_Taken]) -> bool:
        entries = [taken.entry.arguments for taken in batch]
        call = Invocation(self._relay, BATCH[function], (entries,), gas=_gas(batch))
        try:
            receipt = self._sender.send(call)
        except StaleDecisionError:
            self._sender.refresh()
            return False
        except CallRevertedError as error:
            _log.error("the relay contract refused a batch: %s", error)
            self._forget(function, batch)
            return False
        self._forget(function, batch)
        self._tell(function, batch, receipt)
        return True

    def _forget(self, function: Function, batch: list[_Taken]) -> None:
        with self._changing:
            for taken in batch:
                if self._waiting[function].get(taken.entry.client) == taken:
                    del self._waiting[function][taken.entry.client]
                self._budgets.pop((function, taken.entry.client), None)
            self._measure()

    def _measure(self) -> None:
        WAITING.set(sum(map(len, self._waiting.values())))

    def _tell(self, function: Function, batch: list[_Taken], receipt: Receipt) -> None:
        refused = [event for event in receipt.events(self._relay) if event.name == "Refused"]
        for event in refused:
            reason = self._manager.interface.decode_error(event.values["reason"])
            told = told_refusal(*reason, self._chain.amount) if reason else "none given"
            _log.warning("refused on the chain", extra={"client": event.values["client"], "reason": told})
        each = receipt.gas_used // len(batch)
        about = {"function": function, "entries": len(batch), "refused": len(refused), "gas_each": each}
        _log.info("relayed", extra={**about, "hash": receipt.hash})


def _batch(waiting: Iterable[_Taken]) -> list[_Taken]:
    """As many as one transaction takes on any chain, in the order in which they came; one at least."""
    batch: list[_Taken] = []
    for taken in waiting:
        if batch and (len(batch) == ENTRIES or _gas([*batch, taken]) > TRANSACTION_GAS):
            break
        batch.append(taken)
    return batch


def _gas(batch: list[_Taken]) -> int:
    return _OF_BATCH + sum(taken.gas for taken in batch)
