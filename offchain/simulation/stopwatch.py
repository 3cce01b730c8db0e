"""Where the time goes."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Wall time by part, in seconds, from its creation on."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self._parts: dict[str, float] = defaultdict(float)

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Count what runs inside to `part`."""
        started = perf_counter()
        try:
            yield
        finally:
            self._parts[part] += perf_counter() - started

    def part(self, name: str) -> float:
        """Seconds of a part so far."""
        return self._parts[name]

    @property
    def total(self) -> float:
        """Seconds since the creation."""
        return perf_counter() - self._started
