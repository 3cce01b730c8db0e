"""Time limits for calls that know none of their own, and pauses that grow."""

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from offchain.errors import StoreError

Result = TypeVar("Result")

_HANGING = 6
"""Calls to one place that may hang after they were given up; those still waited for do not count."""
_ends: ContextVar[float] = ContextVar("ends", default=float("inf"))


def within(seconds: float, what: str, function: Callable[[], Result]) -> Result:
    """Return `function()`, called in a thread that is given up when it takes longer than `seconds`.

    Calls that ask how much is `left` end by themselves. The thread of a hung network drive cannot be ended;
    it holds no lock of ours and dies with the process, and no more are begun than a few.

    Raises:
        StoreError: When the time is over, or earlier calls still hang.
        Exception: What `function` raises.
    """
    given_up = f"{what}, given up"
    if sum(thread.name == given_up for thread in threading.enumerate()) >= _HANGING:
        raise StoreError(f"{what} still hangs from being asked before")
    results: list[Result] = []
    errors: list[BaseException] = []

    ends = time.monotonic() + seconds

    def call() -> None:
        _ends.set(ends)
        try:
            results.append(function())
        except BaseException as error:  # Raised again below, in the caller's thread.
            errors.append(error)

    thread = threading.Thread(target=call, name=what, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        thread.name = given_up
        raise StoreError(f"{what} gave no answer within {seconds:g} seconds")
    return results[0]


def left(most: float) -> float:
    """Return the seconds that a call may still take, `most` where nothing limits it."""
    return max(0.01, min(most, _ends.get() - time.monotonic()))


def pauses(attempts: int, first: float) -> Iterator[float]:
    """Yield the seconds to wait after each attempt but the last: `first`, then twice as long each time.

    >>> list(pauses(4, 0.25))
    [0.25, 0.5, 1.0]
    """
    for attempt in range(attempts - 1):
        yield first * 2**attempt
