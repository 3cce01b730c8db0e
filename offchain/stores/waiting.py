"""Time limits for calls that know none of their own, and pauses that grow."""

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from offchain.errors import StoreError

Result = TypeVar("Result")


def within(seconds: float, what: str, function: Callable[[], Result]) -> Result:
    """Return `function()`, called in a thread that is given up when it takes longer than `seconds`.

    The thread of a hung network drive cannot be ended; it holds no lock of ours and dies with the process.

    Raises:
        StoreError: When the time is over.
        Exception: What `function` raises.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def call() -> None:
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
        raise StoreError(f"{what} gave no answer within {seconds:g} seconds")
    return results[0]


def pauses(attempts: int, first: float) -> Iterator[float]:
    """Yield the seconds to wait after each attempt but the last: `first`, then twice as long each time.

    >>> list(pauses(4, 0.25))
    [0.25, 0.5, 1.0]
    """
    for attempt in range(attempts - 1):
        yield first * 2**attempt
