"""Independent work on the threads of this process."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from ml.device import use_threads

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """Threads that each compute with one processor thread, so that results do not depend on their number.

    Attributes:
        count: How many; with one, work is done where it is asked for.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.count, "worker", initializer=use_threads, initargs=(1,))

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return `function` of every item, in their order; an exception of any is raised."""
        use_threads(1)
        if self.count == 1 or len(items) < 2:
            return [function(item) for item in items]
        return list(self._pool.map(function, items))
