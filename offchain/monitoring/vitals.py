"""Whether a program is well: what `/health` says."""

import time
from collections.abc import Callable

STALL_SECONDS = 180.0
"""Without a new block until `/health` turns: three of the longest pauses between two looks."""


class Vitals:
    """What a program saw last, and what keeps it from its work; told from several threads.

    Attributes:
        stall: Seconds without a new block after which the program is not well.

    Args:
        clock: Monotonic seconds.
        wall: Unix seconds, for the age of the first block alone: a clock that is off stops nobody later on.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self.stall = STALL_SECONDS
        self._clock = clock
        self._wall = wall
        self._since = clock()  # the latest block came
        self._block: int | None = None
        self._time: int | None = None
        self._round = 0
        self._missed: tuple[int, str] | None = None
        self._troubles: dict[str, str] = {}

    @property
    def lag(self) -> float:
        """Age of the latest block that was seen, seconds; NaN before the first."""
        return float("nan") if self._time is None else self._wall() - self._time

    def saw(self, block: int, at: int, round_: int) -> None:
        """Take in the latest block, its Unix time and the round then."""
        if self._block is None:
            self._since = self._clock() - max(0.0, self._wall() - at)
        elif block != self._block:
            self._since = self._clock()
        self._block, self._time, self._round = block, at, round_

    def missed(self, round_: int, act: str) -> bool:
        """Take in that an act came too late in a round; whether that is news."""
        news = self._missed != (round_, act)
        self._missed = round_, act
        return news

    def trouble(self, kind: str, sentence: str | None) -> None:
        """Take in what keeps the program from working, or, with None, that it is over."""
        if sentence is None:
            self._troubles.pop(kind, None)
        else:
            self._troubles[kind] = sentence

    def problems(self) -> list[str]:
        """Return what is wrong, a sentence each; nothing when the program is well."""
        found = list(self._troubles.values())
        quiet = self._clock() - self._since
        if quiet > self.stall:
            last = "no block was seen yet" if self._block is None else f"the latest is {self._block}"
            found.append(f"no new block for {quiet:.0f} seconds, more than {self.stall:g}: {last}")
        # Through the round after: longer than a monitor sleeps, not for ever.
        if self._missed is not None and self._round <= self._missed[0] + 1:
            found.append(f"the seat of round {self._missed[0]} was missed: {self._missed[1]} came too late")
        return found


VITALS = Vitals()
"""This process's."""
