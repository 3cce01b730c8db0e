"""How long code that failed is left alone before it is tried again."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ml.errors import MLError
from offchain.errors import RestingError, WorkerError

_log = logging.getLogger(__name__)

FIRST_SECONDS, LONGEST_SECONDS = 5.0, 900.0


class Rest:
    """Of one task's code: twice as long after each failure in turn, and none after a success.

    Args:
        clock: Seconds, which never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @contextmanager
    def between(self, left: float | None) -> Iterator[None]:
        """Try code that may fail, unless it failed a short time ago.

        Args:
            left: Seconds in which its answer is of use; a rest does not outlast them. None for any time.

        Raises:
            RestingError: When it rests; nothing was tried.
            WorkerError: When its process ended or took too long; it rests from now on.
            MLError: When it failed; likewise.
        """
        begun = self._clock()
        ends = float("inf") if left is None else begun + left
        self._until = min(self._until, ends)
        if begun < self._until:
            raise RestingError("the task's code failed and is left alone for a while")
        try:
            yield
        except (WorkerError, MLError):
            self._failed(ends)
            raise
        self._failures = 0

    def _failed(self, ends: float) -> None:
        self._failures += 1
        # Not 2 ** failures alone: after some thousand that is no float any more.
        longest = min(FIRST_SECONDS * 2 ** min(self._failures - 1, 16), LONGEST_SECONDS)
        now = self._clock()
        seconds = min(longest, ends - now) if ends > now else longest
        self._until = now + seconds
        _log.warning(
            "the task's code failed %s; tried again in %.0f s",
            "once" if self._failures == 1 else f"{self._failures} times in turn",
            seconds,
        )
