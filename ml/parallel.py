"""Independent work on threads of this process, and what processes need that are started beside it."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from time import sleep
from typing import TypeVar

_LOOK = 1.0  # Seconds.

Item = TypeVar("Item")
Result = TypeVar("Result")


def processors() -> int:
    """Return how many processor threads to use: OMP_NUM_THREADS, which joblib sets for its jobs, or all."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    # Those this process may run on, where the system tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def let_processes_import() -> None:
    """Let processes that start from now on import the project's packages.

    They start with this one's path, of which `ape run` takes the project again once a script is loaded.
    """
    root = str(Path(__file__).parents[1])
    if root not in sys.path:
        sys.path.insert(0, root)  # Another copy may be installed.


def end_with_parent(end: Callable[[], object] = lambda: os._exit(1)) -> None:
    """Call `end` once the process that started this one has ended, however it did.

    A process of a pool holds both ends of the pipe that it is given work by, and would wait for ever.
    """

    def follow() -> None:
        if parent := parent_process():
            _await_end(parent)
            end()

    Thread(target=follow, name="parent", daemon=True).start()


def _await_end(parent: BaseProcess) -> None:
    if parent.sentinel is None:  # joblib's processes are given none.
        while os.getppid() == parent.pid:
            sleep(_LOOK)
    else:
        parent.join()


class Workers:
    """Threads that share out a list of independent items.

    Attributes:
        count: How many; with one, work is done where it is asked for.
    """

    def __init__(self, count: int, prepare: Callable[[], None] | None = None) -> None:
        """Start nothing yet; each thread will call `prepare` before its first item."""
        self.count = count
        self._prepare = prepare

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.count, "worker", self._prepare)

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return `function` of every item, in their order; an exception of any is raised."""
        if self.count == 1 or len(items) < 2:
            return [function(item) for item in items]
        return list(self._pool.map(function, items))
