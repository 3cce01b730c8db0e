"""A program's measures as figures by round."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import isnan

from prometheus_client.registry import Collector

from offchain.monitoring import measures
from offchain.tracking.tracker import Tracker

SECONDS = 2.0
"""Between two looks at a client's measures."""


def figures_of_measures(collectors: Iterable[Collector]) -> dict[str, float]:
    """Return the values of measures by name, with labels, as Prometheus would get them."""
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for collector in collectors
        for family in collector.collect()
        for sample in family.samples
        if not sample.name.endswith(("_created", "_bucket"))
    }


class Follower:
    """Tells a tracker a program's measures once a round: those with which it ended.

    Args:
        tracker: That is told.
        own: The measures.
    """

    def __init__(self, tracker: Tracker, own: Iterable[Collector]) -> None:
        self._tracker = tracker
        self._own = tuple(own)
        self._last: tuple[int, Mapping[str, float]] | None = None

    def look(self) -> None:
        """Look at the measures; those of the last look are told when another round began."""
        (sample,) = next(iter(measures.ROUND.collect())).samples
        if isnan(sample.value):
            return
        now = int(sample.value), figures_of_measures(self._own)
        if self._last is not None and self._last[0] != now[0]:
            self._tracker.log(*self._last)
        self._last = now

    def finish(self) -> None:
        """Tell what was not told."""
        self.look()
        if self._last is not None:
            self._tracker.log(*self._last)


@contextmanager
def following(tracker: Tracker, own: Iterable[Collector]) -> Iterator[None]:
    """Follow a program's measures in a thread, for the length of the block."""
    follower, ends = Follower(tracker, own), threading.Event()

    def follow() -> None:
        while not ends.wait(SECONDS):
            follower.look()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
        follower.finish()
