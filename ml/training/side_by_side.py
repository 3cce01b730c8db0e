"""Clients of any module side by side: each in a process of one thread, which gives the same last bit.

PyTorch's generator belongs to a process, and so does the module; threads would share both.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Shape, Targets, is_in_memory, length
from ml.device import use_threads
from ml.errors import TrainingError
from ml.parallel import end_with_parent, let_processes_import
from ml.settings import AttackSettings, PrivacySettings, TrainingSettings
from ml.tasks.loading import Named
from ml.training.learner import Predictor, TrainingJob, check_jobs
from ml.training.module import ModuleLearner
from ml.training.trainers import trainer_of

WORTH_SECONDS = 2.0
"""Of work here, after which processes are started: about what starting them takes."""
WORTH_SENDING = 0.02
"""Seconds that a piece of work takes here at least, for it to be shared out: to ask and answer takes some."""

_keys = count()
Item = TypeVar("Item")


@dataclass(frozen=True)
class Origin:
    """How another process makes the same learner.

    Attributes:
        task: As it is named.
        train: A member's own training, FILE.py:function; None for the task's.
        row: Shape of a row's inputs.
        label: Shape of a row's targets.
        privacy: What a member's updates stay within; None for no noise.
    """

    task: Named
    train: str | None
    row: Shape
    label: Shape
    privacy: PrivacySettings | None = None

    def learner(self) -> ModuleLearner:
        """Return it, on the processor."""
        task = self.task.load()
        trainer = trainer_of(task, self.train, self.privacy)
        return ModuleLearner(task, self.row, self.label, "cpu", trainer)


class SideBySideLearner:
    """A `Learner` that shares a module's work out among processes once there is enough of it.

    Args:
        own: What computes here, with one thread.
        origin: How the processes make theirs.
        processes: How many.
    """

    def __init__(self, own: ModuleLearner, origin: Origin, processes: int) -> None:
        self.schema = own.schema
        self.target = own.target
        self.row_shape = own.row_shape
        self.label_shape = own.label_shape
        self.constants = own.constants
        self._own = own
        self._crew = Crew(origin, processes)

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a model to start from; see `Learner`."""
        return self._own.initial_parameters(seed)

    def losses(self, outputs: Any, targets: Targets) -> NDArray[np.float64]:
        """Return the loss of each row; see `Learner`."""
        return self._own.losses(outputs, targets)

    def metrics(self, outputs: Any, targets: Targets) -> Mapping[str, float]:
        """Return the task's own figures; see `Learner`."""
        return self._own.metrics(outputs, targets)

    def unsent(self, X: Inputs) -> Sequence[str]:
        """Return what the last training changed, and is put back; see `Learner`."""
        return self._own.unsent(X)

    def train(
        self, start: NDArray[np.float32], jobs: Sequence[TrainingJob], settings: TrainingSettings
    ) -> list[NDArray[np.float32]]:
        """Return what each job makes of `start`, in the order of `jobs`; see `Learner`."""
        check_jobs(self, jobs)
        if len(jobs) < 2 or not all(map(_travels, jobs)):
            return self._own.train(start, jobs, settings)
        if not self._crew.is_due("training"):
            return self._crew.timed("training", lambda: self._own.train(start, jobs, settings))
        return self._crew.train(start, jobs, settings)

    def predictor(self, sets: Sequence[Inputs]) -> Predictor:
        """Return `sets` of rows, each of which is one process's."""
        own = self._own.predictor(sets)
        if len(sets) < 2 or not all(map(is_in_memory, sets)):
            return own
        return SideBySidePredictor(own, sets, self._crew)


class SideBySidePredictor:
    """Sets of rows on which models are tried where each set lies."""

    def __init__(self, own: Predictor, sets: Sequence[Inputs], crew: "Crew") -> None:
        self._own, self._sets, self._crew = own, sets, crew
        self._key = next(_keys)
        self._is_held = False

    def outputs(self, params: NDArray[np.float32], sets: Sequence[int]) -> list[Any]:
        """Return the outputs of a model on each of the sets named by number; see `Predictor`."""
        if len(sets) < 2:
            return self._own.outputs(params, sets)
        if not self._crew.is_due("trying"):
            return self._crew.timed("trying", lambda: self._own.outputs(params, sets))
        if not self._is_held:
            self._crew.hold(self._key, self._sets)
            self._is_held = True
        return self._crew.outputs(self._key, params, sets)


class Crew:
    """Processes of one thread each; work goes to one of them by number."""

    def __init__(self, origin: Origin, processes: int) -> None:
        self._origin = origin
        self._count = processes
        self._seconds: dict[str, float] = {}  # By kind of work, done here.
        self._pieces: Counter[str] = Counter()

    def is_due(self, kind: str) -> bool:
        """Whether there was so much work, in such large pieces of a kind, that processes are worth it."""
        large = self._seconds.get(kind, 0.0) >= WORTH_SENDING * max(1, self._pieces[kind])
        return large and sum(self._seconds.values()) >= WORTH_SECONDS

    def timed(self, kind: str, work: Callable[[], list[Item]]) -> list[Item]:
        """Do a piece of work of a kind here, and count its time."""
        begun = perf_counter()
        done = work()
        self._seconds[kind] = self._seconds.get(kind, 0.0) + perf_counter() - begun
        self._pieces[kind] += 1
        return done

    def train(
        self, start: NDArray[np.float32], jobs: Sequence[TrainingJob], settings: TrainingSettings
    ) -> list[NDArray[np.float32]]:
        """Return what each job makes of `start`; the largest are begun first."""
        at = self._shared_out([length(job.X) for job in jobs])
        pairs = zip(at, jobs, strict=True)
        return _results([self._processes[who].submit(_train, start, job, settings) for who, job in pairs])

    def hold(self, key: int, sets: Sequence[Inputs]) -> None:
        """Give each process its share of sets of rows."""
        shares = [{n: sets[n] for n in range(who, len(sets), self._count)} for who in range(self._count)]
        _results([each.submit(_hold, key, own) for each, own in zip(self._processes, shares, strict=True)])

    def outputs(self, key: int, params: NDArray[np.float32], sets: Sequence[int]) -> list[Any]:
        """Return the outputs of a model on sets that are held."""
        asked = [[n for n in sets if n % self._count == who] for who in range(self._count)]
        pairs = zip(self._processes, asked, strict=True)
        answers = _results([each.submit(_outputs, key, params, own) for each, own in pairs])
        found = dict(zip(chain(*asked), chain(*answers), strict=True))
        return [found[number] for number in sets]

    @cached_property
    def _processes(self) -> list[ProcessPoolExecutor]:
        let_processes_import()
        context = get_context("spawn")  # A fork server would be everybody's in this process.
        found = [
            ProcessPoolExecutor(1, context, initializer=_begin, initargs=(self._origin,))
            for _ in range(self._count)
        ]
        # Before Python waits for them: what is asked of them is answered, and some may be importing still.
        threading._register_atexit(_end, os.getpid(), [each._processes for each in found])  # type: ignore[attr-defined]
        return found

    def _shared_out(self, weights: Sequence[int]) -> list[int]:
        """The process of each item: the heaviest first, each to whoever has least."""
        loads, at = [0] * self._count, [0] * len(weights)
        for item in sorted(range(len(weights)), key=lambda number: -weights[number]):
            at[item] = loads.index(min(loads))
            loads[at[item]] += weights[item]
        return at


def _end(owner: int, processes: Sequence[Mapping[int, BaseProcess]]) -> None:
    if os.getpid() != owner:  # A copy of this process, as a task's code makes them, ends like it.
        return
    for each in processes:
        for process in [*each.values()]:
            process.kill()


def _results(futures: Sequence[Future[Any]]) -> list[Any]:
    try:
        return [future.result() for future in futures]
    except BrokenProcessPool as error:
        raise TrainingError(
            "a process that trained clients ended, perhaps for want of memory; threads: 1 in a file of "
            "--settings trains them here"
        ) from error


def _travels(job: TrainingJob) -> bool:
    return is_in_memory(job.X) and is_in_memory(job.y) and type(job.attack) is AttackSettings


class _Here:
    """What a process of the crew has."""

    learner: ModuleLearner
    predictors: dict[int, tuple[Predictor, dict[int, int]]]


def _begin(origin: Origin) -> None:
    end_with_parent()
    use_threads(1)
    _Here.learner, _Here.predictors = origin.learner(), {}


def _train(start: NDArray[np.float32], job: TrainingJob, settings: TrainingSettings) -> NDArray[np.float32]:
    return _Here.learner.train(start, [job], settings)[0]


def _hold(key: int, sets: Mapping[int, Inputs]) -> None:
    places = {number: place for place, number in enumerate(sets)}
    _Here.predictors[key] = _Here.learner.predictor(list(sets.values())), places


def _outputs(key: int, params: NDArray[np.float32], sets: Sequence[int]) -> list[Any]:
    predictor, places = _Here.predictors[key]
    return predictor.outputs(params, [places[number] for number in sets])
