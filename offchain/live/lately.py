"""What was read from the chain lately, for servers: strangers cannot make them ask without end."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from offchain.errors import OffchainError

BURST = 10
SECONDS = 6.0
FAILED_SECONDS = 2.0

Value = TypeVar("Value")


class Budget:
    """So much of something: `burst` at once, and one in `seconds` from then on.

    Args:
        burst: Had without a pause.
        seconds: After which one more is.
        clock: Seconds.
    """

    def __init__(
        self, burst: int = BURST, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._seconds = seconds
        self._clock = clock
        self._spent_until = -float("inf")

    def take(self) -> bool:
        """Take one, if there is one; it is full again `burst` times `seconds` after it was empty."""
        now = self._clock()
        begun = max(self._spent_until, now - self._burst * self._seconds)
        if begun + self._seconds > now:
            return False
        self._spent_until = begun + self._seconds
        return True


class Lately(Generic[Value]):
    """One reading for all who ask, from several threads; a newer one for those whom it does not satisfy.

    Of newer ones there is a budget, `burst` at once and one in `seconds` from then on, whoever asks: an act
    on the chain is nearly always seen at once, and a crowd of strangers costs the node ten requests a minute.

    Args:
        read: Asks the chain; raises OffchainError when it does not answer.
        burst: Newer readings that are had without a pause.
        seconds: After which one more is.
        clock: Seconds.
    """

    def __init__(
        self,
        read: Callable[[], Value],
        burst: int = BURST,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._budget = Budget(burst, seconds, clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[Value, float] | None = None
        self._failed: tuple[OffchainError, float] | None = None

    def get(self, oldest: float) -> tuple[Value, float]:
        """Return a reading no older than `oldest` seconds, and its age.

        Raises:
            OffchainError: When the chain does not answer.
        """
        with self._lock:
            if self._kept is None or self._age() > oldest:
                self._renew()
            assert self._kept is not None, "it was read"
            return self._kept[0], self._age()

    def newer(self, than: Value) -> Value:
        """Return a newer reading than one that did not satisfy; the same when there is none to be had now.

        Raises:
            OffchainError: When the chain does not answer.
        """
        with self._lock:
            if self._kept is None or (self._kept[0] is than and self._budget.take()):
                self._renew()
            assert self._kept is not None, "it was read"
            return self._kept[0]

    def _age(self) -> float:
        assert self._kept is not None, "it was read"
        return self._clock() - self._kept[1]

    def _renew(self) -> None:
        if self._failed and self._clock() - self._failed[1] < FAILED_SECONDS:
            raise self._failed[0]  # Those who waited for the same answer do not ask again, one by one.
        asked = self._clock()
        try:
            self._kept = (self._read(), asked)
        except OffchainError as error:
            self._failed = (error, self._clock())
            raise
        self._failed = None
