"""Questions to programs, devices and services of others, which may fail in any way or never answer."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ml.messages import cleaned, reason
from offchain.live.errors import UnansweredError

SECONDS = 180.0
"""How long somebody may take to press a button."""

Given = TypeVar("Given")


class Answers:
    """Answers of one device, to one question after another.

    A question that was given up is not repeated while the device still has it: it would ask a person twice.

    Args:
        seconds: How long to wait for each.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._open: Future[Any] | None = None

    def wait_for(self, ask: Callable[[], Given]) -> Given:
        """Return what `ask` does.

        Raises:
            UnansweredError: When it fails in any way, does not return in time, or still waits for an earlier
                answer.
        """
        if self._open is not None and not self._open.done():
            raise UnansweredError(
                "it has not answered an earlier question yet: look at the device or service"
            )
        answer: Future[Given] = Future()
        self._open = answer
        # A thread that does not keep the process from ending.
        threading.Thread(target=_answer, args=(answer, ask), daemon=True).start()
        try:
            return answer.result(self._seconds)
        except TimeoutError:
            raise UnansweredError(f"it did not answer within {self._seconds:g} seconds") from None


def _answer(into: "Future[Given]", ask: Callable[[], Given]) -> None:
    try:
        into.set_result(ask())
    except BaseException as error:  # Anything at all, sys.exit() too: it is not ours.
        at = f": {cleaned(error.filename)}" if isinstance(error, OSError) and error.filename else ""
        unanswered = UnansweredError(reason(error) + at)
        unanswered.__cause__ = error
        into.set_exception(unanswered)
