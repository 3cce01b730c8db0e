"""Many runs at once, on joblib: processes of this machine, or the cluster that is entered."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from datetime import timedelta
from functools import partial

import joblib
from joblib.externals.loky.backend import resource_tracker
from joblib.parallel import LokyBackend, get_active_backend
from rich.console import Console

from ml.errors import MLError
from ml.parallel import end_with_parent, let_processes_import, processors
from offchain.errors import OffchainError, ReproductionError, SimulationError
from offchain.reproduction.apart import has_own_code, play_apart
from offchain.reproduction.cluster import entered_client
from offchain.reproduction.dask_runs import answers
from offchain.reproduction.kept_runs import EngineOf, KeptRuns
from offchain.reproduction.options import PATIENCE
from offchain.runs.progress import BarOrLines
from offchain.runs.run_folder import rounds_file
from offchain.settings import SimulationSettings

Failure = OffchainError | MLError
Played = tuple[SimulationSettings, Failure | None]

_ALL_WORKERS = -1  # Of a cluster.
_LOST = "the workers of the cluster that were to play it ended; is there enough memory?"


def first_one_ends_all(run: SimulationSettings, failure: Failure) -> None:
    """Raise what a run failed with: the others are worth nothing without it."""
    raise failure


def play_all(
    runs: Sequence[SimulationSettings],
    kept: KeptRuns,
    engine_of: EngineOf,
    jobs: int,
    console: Console,
    failed: Callable[[SimulationSettings, Failure], None] = first_one_ends_all,
    patience: float = PATIENCE,
) -> None:
    """Play every run that is not kept yet, `jobs` at a time (-1 for all workers), and show how far it is.

    Args:
        runs: What is to be played.
        kept: Where runs are kept.
        engine_of: Enters a run's engine.
        jobs: Runs at once.
        console: Where progress is shown.
        failed: Is told each run that failed, and why.
        patience: Seconds in which a run with code of a user's own has to finish a round.

    Raises:
        OffchainError: What `failed` raises; and when another command plays into the folder.
        MLError: Likewise.
    """
    missing = [run for run in dict.fromkeys(runs) if kept.find(run) is None]
    if not missing:
        return
    console.print(f"{len(runs) - len(missing)} of {len(runs)} runs are kept, {len(missing)} to play")
    let_processes_import()
    started = time.monotonic()
    with kept.held(), BarOrLines(console, "run", len(missing)) as progress:
        for done, (run, failure) in enumerate(_played(missing, kept, engine_of, jobs, patience), start=1):
            if failure is not None:
                failed(run, failure)
            left = (time.monotonic() - started) / done * (len(missing) - done)
            progress.show(done, "" if console.is_terminal else f"about {timedelta(seconds=round(left))} left")


def _played(
    runs: Sequence[SimulationSettings], kept: KeptRuns, engine_of: EngineOf, jobs: int, patience: float
) -> Iterator[Played]:
    if jobs == _ALL_WORKERS and (client := entered_client()) is not None:
        for run, played in answers(client, partial(_play, kept, engine_of=engine_of), runs):
            yield played or (run, SimulationError(_LOST))
        return
    # Workers start no processes: for runs that have one of their own this one does, from threads. A cluster's
    # workers play them as all others.
    apart = [run for run in runs if jobs != _ALL_WORKERS and has_own_code(run)]
    # Ray's backend hands out results all together or not at all, so there is no progress to show on it.
    backend, _ = get_active_backend()
    as_they_come = "generator_unordered" if backend.supports_return_generator else "list"
    here = {"initializer": end_with_parent} if isinstance(backend, LokyBackend) else {}
    if here:
        _start_tracker()
    try:
        yield from joblib.Parallel(n_jobs=jobs, return_as=as_they_come, **here)(
            joblib.delayed(_play)(kept, run, engine_of) for run in runs if run not in apart
        )
    except BrokenExecutor as error:
        raise ReproductionError(
            "a process that played runs ended, perhaps for want of memory; what was played is kept: give the "
            "same command again, with fewer --jobs"
        ) from error
    yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", backend="threading")(
        joblib.delayed(_play_apart)(kept, run, engine_of, jobs, patience) for run in apart
    )


def _start_tracker() -> None:
    """Start what cleans up after joblib's processes where a closed terminal does not end it.

    Other signals to a whole group it ignores by itself; begun anew it prints a traceback for each file.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        resource_tracker.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _play(kept: KeptRuns, run: SimulationSettings, engine_of: EngineOf) -> Played:
    return _tried(run, partial(kept.play, run, engine_of))


def _play_apart(
    kept: KeptRuns, run: SimulationSettings, engine_of: EngineOf, jobs: int, patience: float
) -> Played:
    play = partial(_play_beside_others, kept, run, engine_of, jobs)
    return _tried(run, partial(play_apart, play, rounds_file(kept.path(run)), patience))


def _play_beside_others(kept: KeptRuns, run: SimulationSettings, engine_of: EngineOf, jobs: int) -> None:
    """With a share of the processors, as joblib's own processes have it."""
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, processors() // jobs)))
    kept.play(run, engine_of)


def _tried(run: SimulationSettings, play: Callable[[], None]) -> Played:
    # Returned, not raised: joblib would add a page of its own frames to one sentence.
    try:
        play()
    except (OffchainError, MLError) as error:
        return run, error
    return run, None
