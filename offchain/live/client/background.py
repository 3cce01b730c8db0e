"""Slow calls beside a loop, so that no store keeps it from a deadline."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

from offchain.errors import OffchainError

_log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Background(Generic[Key, Result]):
    """Calls by key, each in a thread of its own, one at a time for a key, until it succeeds.

    A call that returns None or raises OffchainError has not succeeded; it is made again when asked for again,
    where there are pauses only after 1, 2, 4, … seconds.

    Args:
        longest: Of the pauses, seconds; 0 for none.
        clock: Seconds that never go back.
    """

    def __init__(self, longest: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest = longest
        self._clock = clock
        self._failures: dict[Key, tuple[int, float]] = {}  # How many in a row, and when the last was.
        self._results: dict[Key, Result] = {}
        self._running: dict[Key, threading.Thread] = {}

    def ask(self, key: Key, call: Callable[[], Result | None]) -> Result | None:
        """Return what `call` returned, made earlier under the same key; None while there is nothing yet."""
        if key in self._results:
            return self._results[key]
        running = self._running.get(key)
        if (running is None or not running.is_alive()) and not self._pauses(key):
            # Daemons: a hung store does not keep the process from ending.
            thread = threading.Thread(target=self._run, args=(key, call), daemon=True)
            self._running[key] = thread
            thread.start()
        return None

    def forget_but(self, keys: Collection[Key]) -> None:
        """Let go of the results of all other calls; they are made again when asked for again."""
        for key in list(self._results):
            if key not in keys:
                self._results.pop(key, None)
        self._failures = {key: each for key, each in self._failures.items() if key in keys}
        self._running = {
            key: thread for key, thread in self._running.items() if thread.is_alive() or key in keys
        }

    def is_running(self, key: Key) -> bool:
        """Whether a call is being made under a key."""
        running = self._running.get(key)
        return running is not None and running.is_alive()

    def has_ended(self, key: Key) -> bool:
        """Whether a call was made under a key and ended, whatever came of it."""
        return key in self._running and not self.is_running(key)

    def wait(self, seconds: float) -> None:
        """Wait for whatever runs, `seconds` at most for each."""
        for thread in list(self._running.values()):
            thread.join(seconds)

    def _pauses(self, key: Key) -> bool:
        failures, last = self._failures.get(key, (0, 0.0))
        return failures > 0 and self._clock() < last + min(2.0 ** (failures - 1), self._longest)

    def _run(self, key: Key, call: Callable[[], Result | None]) -> None:
        try:
            result = call()
        except OffchainError as error:
            _log.warning("%s", error)
            result = None
        if result is not None:
            self._results[key] = result
        else:
            self._failures[key] = self._failures.get(key, (0, 0.0))[0] + 1, self._clock()
