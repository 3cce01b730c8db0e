"""Many runs at once, on joblib: processes of this machine, or the cluster that is entered."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import joblib
from joblib.parallel import get_active_backend
from rich.console import Console

from ml.errors import MLError
from ml.parallel import let_processes_import
from offchain.errors import OffchainError
from offchain.reproduction.kept_runs import EngineOf, KeptRuns
from offchain.runs.progress import BarOrLines
from offchain.settings import SimulationSettings

Failure = OffchainError | MLError


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
) -> None:
    """Play every run that is not kept yet, `jobs` at a time (-1 for all workers), and show how far it is.

    Args:
        runs: What is to be played.
        kept: Where runs are kept.
        engine_of: Enters a run's engine.
        jobs: Runs at once.
        console: Where progress is shown.
        failed: Is told each run that failed, and why.

    Raises:
        OffchainError: What `failed` raises.
        MLError: Likewise.
    """
    missing = [run for run in dict.fromkeys(runs) if kept.find(run) is None]
    if not missing:
        return
    console.print(f"{len(runs) - len(missing)} of {len(runs)} runs are kept, {len(missing)} to play")
    let_processes_import()
    # Ray's backend hands out results all together or not at all, so there is no progress to show on it.
    backend, _ = get_active_backend()
    as_they_come = "generator_unordered" if backend.supports_return_generator else "list"
    parallel = joblib.Parallel(n_jobs=jobs, return_as=as_they_come)
    started = time.monotonic()
    with BarOrLines(console, "run", len(missing)) as progress:
        failures = parallel(joblib.delayed(_play)(kept, run, engine_of) for run in missing)
        for done, (run, failure) in enumerate(failures, start=1):
            if failure is not None:
                failed(run, failure)
            left = (time.monotonic() - started) / done * (len(missing) - done)
            progress.show(done, "" if console.is_terminal else f"about {timedelta(seconds=round(left))} left")


def _play(
    kept: KeptRuns, run: SimulationSettings, engine_of: EngineOf
) -> tuple[SimulationSettings, Failure | None]:
    # Returned, not raised: joblib would add a page of its own frames to one sentence.
    try:
        kept.play(run, engine_of)
    except (OffchainError, MLError) as error:
        return run, error
    return run, None
