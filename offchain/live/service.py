"""What every program that runs for long has: a clean stop, a health line, patience with nodes."""

import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ml.errors import MLError
from offchain import told_to_end
from offchain.errors import ChainError, OffchainError
from offchain.listening import is_open, root_url
from offchain.live.errors import InsufficientFundsError, StaleDecisionError
from offchain.monitoring.measures import FAILURES
from offchain.software import VERSION, lock_digest
from offchain.system_errors import of_the_system

_log = logging.getLogger(__name__)

HEALTH_SECONDS = 60.0
LONGEST_PAUSE = 60.0
_DOUBLINGS = 16
_LOCK_DIGITS = 12
CLOCK_SECONDS = 120
"""How far this machine's clock may be from the chain's before it is worth a word."""


class Stopped(BaseException):
    """The program was asked to end. Not an error, and not to be caught on the way."""


@contextmanager
def stopping() -> Iterator[None]:
    """Turn SIGTERM, Ctrl-C and a closed terminal into `Stopped`, wherever the program is.

    Everything it does may be cut off.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise Stopped(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in told_to_end.signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listening(host: str, **values: object) -> Callable[[int], None]:
    """Return what `serve` is to call with its port: once it listens, a line in the log says where."""

    def tell(port: int) -> None:
        about = {**values, "reached_by": "other machines"} if is_open(host) else values
        _log.info("listening on %s", root_url(host, port), extra=about)

    return tell


def run_forever(step: Callable[[], bool], pause: float | Callable[[], float]) -> None:
    """Call `step` again and again, at once while it says that it did something, after a pause otherwise.

    `pause` is seconds, or says how many each time.

    What a chain, a node or this machine refuses is logged and tried again, after pauses that double up to a
    minute.
    """
    failures = 0
    while True:
        try:
            again = step()
            failures = 0
        except StaleDecisionError as error:
            _log.info("%s; deciding again", error)
            again = False
        except (ChainError, OSError) as error:
            failed(error)
            failures, again = failures + 1, False
        if not again:
            seconds = pause() if callable(pause) else pause
            longer = min(seconds * 2 ** min(failures, _DOUBLINGS), max(LONGEST_PAUSE, seconds))
            time.sleep(longer * random.uniform(0.8, 1.2))


def failed(error: OffchainError | MLError | OSError) -> None:
    """Tell of a step that failed and will be tried again."""
    level = logging.ERROR if isinstance(error, InsufficientFundsError | OSError) else logging.WARNING
    _log.log(level, "%s", of_the_system(error, "this goes on") if isinstance(error, OSError) else error)
    FAILURES.labels(type(error).__name__).inc()


class Health:
    """One line a minute that says that the program lives and how far it sees.

    Args:
        seconds: Between two lines.
    """

    def __init__(self, seconds: float = HEALTH_SECONDS) -> None:
        self._seconds = seconds
        self._next = time.monotonic()
        self._warned = False

    @property
    def is_due(self) -> bool:
        """Whether the next `tell` logs a line."""
        return time.monotonic() >= self._next

    def tell(self, chain_time: int, **values: object) -> None:
        """Log the line when it is due, with `values`; and once when this machine's clock is off.

        Args:
            chain_time: Unix time of the latest block.
            values: What else to say.
        """
        lag = time.time() - chain_time
        if abs(lag) > CLOCK_SECONDS and not self._warned:
            self._warned = True
            _log.warning(
                "this machine's clock is %d seconds %s the chain's latest block; only the chain's counts",
                abs(lag), "ahead of" if lag > 0 else "behind",
            )  # fmt: skip
        if self.is_due:
            self._next = time.monotonic() + self._seconds
            software = {"version": VERSION, "lock": lock_digest()[:_LOCK_DIGITS]}
            _log.info("healthy", extra={"lag_seconds": round(lag), **values, **software})
