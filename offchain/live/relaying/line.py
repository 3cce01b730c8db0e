"""A member's line to a relay; when it does not help, the member sends by itself."""

import logging
import time

from pydantic import Field, ValidationError

from ml.messages import cleaned
from ml.validation import first_fault
from offchain.exchange import ExchangeError, exchange
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import RelayError
from offchain.live.relaying.acts import Acts
from offchain.live.relaying.entries import FUNCTIONS, Entry, Function
from offchain.reference import Parameters
from offchain.urls import shown, url_fault, without_secrets
from offchain.whose import Whose

_log = logging.getLogger(__name__)

RELAY_SECONDS = 60.0
"""How long a relay may take at most before a client sends by itself."""
_SECONDS = 5.0
"""For a whole exchange; the client's loop waits for it."""
_ACCEPTED = 202
_REASON = 300  # characters
_ANSWER_BYTES = 4096  # A relay is not trusted: no more of what it says is read.


def patience_of(parameters: Parameters) -> float:
    """Return for how many seconds a client waits for a relay before it sends by itself."""
    p = parameters
    return min(RELAY_SECONDS, min(p.propose_for, p.publish_for, p.vote_for, p.reveal_for) / 4)


def misfit(every: float, parameters: Parameters) -> str | None:
    """Return what comes of a relay that sends every `every` seconds, where clients do not wait so long."""
    patience = patience_of(parameters)
    if every < patience:
        return None
    return (
        f"the relay sends every {every:g} seconds, and clients send by themselves after {patience:g}, a "
        "quarter of the shortest phase: often both will pay; give the relay a smaller --every, or the next "
        "deployment longer phases"
    )


class _Relay(Whose):
    every: float = Field(0, alias="everySeconds", ge=0, allow_inf_nan=False)


def require_relay(url: str, deployment: LiveDeployment) -> None:
    """Require a relay of a deployment to answer; warn of one that is too slow for it.

    Raises:
        RelayError: When none does.
    """
    url, name, book = _address(url), shown(url), deployment.book
    if fault := url_fault(url):
        raise RelayError(f"{name!r} is no URL of a relay: {fault}")
    try:
        answer = exchange("GET", f"{url}/", min(_SECONDS, patience_of(deployment.parameters)), _ANSWER_BYTES)
        found = _Relay.model_validate_json(answer.body)
    except ExchangeError as error:
        raise RelayError(f"there is no relay at {name}: it {error}") from error
    except ValidationError as error:
        fault = first_fault(error, "its answer")
        raise RelayError(f"there is no relay at {name}: {fault}") from error
    if (found.chain_id, found.manager) != (book.chain_id, deployment.manager.address):
        raise RelayError(
            f"the relay at {name} is for {cleaned(found.manager, 80)} on chain {found.chain_id}, "
            f"not for deployment {deployment.name}"
        )
    if told := misfit(found.every, deployment.parameters):
        _log.warning("%s", told)


def _address(url: str) -> str:
    return url.rstrip("/")


class RelayLine:
    """Hands acts over to a relay, and notices when it does not carry them out.

    Args:
        url: The relay's.
        acts: What makes the member's entries.
        patience: Seconds after first handing an act over until it is better sent directly.
    """

    def __init__(self, url: str, acts: Acts, patience: float = 60.0) -> None:
        self._url = _address(url)
        self._acts = acts
        self._patience = patience
        self._limit = min(_SECONDS, patience)
        self._since: dict[tuple[int, str], float] = {}
        self._taken: set[tuple[int, str]] = set()

    def carries(self, function: str, round_: int) -> bool:
        """Whether the relay took an act and still has time to send it: it need not be made again."""
        act = (round_, function)
        return act in self._taken and time.monotonic() - self._since[act] < self._patience

    def hand_over(self, function: str, round_: int, arguments: tuple[object, ...]) -> bool:
        """Hand an act over, or see that it was; False when it is better sent directly.

        To be called again while the chain does not show the act: nothing is handed over twice.

        Args:
            function: The round manager's.
            round_: The open round.
            arguments: The function's.
        """
        kind = next((each for each in FUNCTIONS if each == function), None)
        if kind is None:
            return False
        act, now = (round_, function), time.monotonic()
        if now - self._since.setdefault(act, now) >= self._patience:
            _log.warning("the relay did not send %s in time; sending it directly", function)
            return False
        if act in self._taken:
            return True
        try:
            if self._post(kind, self._acts.entry(kind, round_, arguments)):
                self._taken.add(act)
        except ExchangeError as error:
            _log.warning("the relay %s; sending directly", error)
            self._since[act] = now - self._patience
            return False
        return True

    def _post(self, function: Function, entry: Entry) -> bool:
        """Whether the relay took it; what it refuses it may take a block later."""
        answer = exchange(
            "POST",
            f"{self._url}/{function}",
            self._limit,
            _ANSWER_BYTES,
            entry.model_dump_json().encode(),
            {"Content-Type": "application/json"},
        )
        if answer.status != _ACCEPTED:
            said = without_secrets(answer.body.decode(errors="replace"), self._url)
            reason = cleaned(said, _REASON)
            _log.warning("the relay refused %s: %s", function, reason)
            return False
        _log.info("handed over to the relay", extra={"function": function})
        return True
