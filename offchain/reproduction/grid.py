"""Many runs at once, on joblib: processes of this machine, or the cluster that is entered."""

import time
from collections.abc import Sequence
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


def play_all(
    runs: Sequence[SimulationSettings], kept: KeptRuns, engine_of: EngineOf, jobs: int, console: Console
) -> None:
    """Play every run that is not kept yet, `jobs` at a time (-1 for all workers), and show how far it is.

    Raises:
        OffchainError: Of the first run that failed.
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
        for done, failure in enumerate(failures, start=1):
            if failure is not None:
                raise failure
            left = (time.monotonic() - started) / done * (len(missing) - done)
            progress.show(done, "" if console.is_terminal else f"about {timedelta(seconds=round(left))} left")


def _play(kept: KeptRuns, run: SimulationSettings, engine_of: EngineOf) -> OffchainError | MLError | None:
    # Returned, not raised: joblib would add a page of its own frames to one sentence.
    try:
        kept.play(run, engine_of)
    except (OffchainError, MLError) as error:
        return error
    return None
