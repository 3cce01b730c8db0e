"""The pipes to a worker, of which neither is waited for beyond its time."""

import os
import select
import time
from typing import BinaryIO

_PIECE = 1 << 20


class LateError(Exception):
    """The time is over."""


class Line:
    """What a process reads, to be written to, and what it writes, to be read.

    Killing the process does not end a plain read: whatever it forked holds its end of the pipes on.

    Attributes:
        ends: When nothing is waited for any more, by the monotonic clock.
    """

    def __init__(self, questions: BinaryIO, answers: BinaryIO) -> None:
        self.ends = 0.0
        self._questions, self._answers = questions.fileno(), answers.fileno()
        for pipe in (self._questions, self._answers):
            os.set_blocking(pipe, False)

    def read(self, size: int) -> bytes:
        """Return so many bytes, or fewer where the process ends.

        Raises:
            LateError: When the time is over before.
        """
        found = bytearray()
        while len(found) < size:
            try:
                piece = os.read(self._answers, min(size - len(found), _PIECE))
            except BlockingIOError:
                self._wait(self._answers, select.POLLIN)
                continue
            if not piece:
                break
            found += piece
        return bytes(found)

    def write(self, data: bytes) -> None:
        """Write bytes, all of them.

        Raises:
            LateError: When the time is over before.
            OSError: When nobody reads any more.
        """
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._questions, left[:_PIECE]) :]
            except BlockingIOError:
                self._wait(self._questions, select.POLLOUT)

    def flush(self) -> None:
        """Nothing waits to be written."""

    def _wait(self, pipe: int, event: int) -> None:
        waiting = select.poll()
        waiting.register(pipe, event)
        left = self.ends - time.monotonic()
        if left <= 0 or not waiting.poll(1000 * left):
            raise LateError
