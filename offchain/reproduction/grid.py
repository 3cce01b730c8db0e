"""Many runs at once, on joblib: processes of this machine, or a Dask or Ray cluster that the user has."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import joblib
from joblib.parallel import get_active_backend
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ml.errors import MLError
from offchain.errors import OffchainError, ReproductionError
from offchain.reproduction.kept_runs import EngineOf, KeptRuns
from offchain.settings import SimulationSettings

CLUSTERS = ("dask", "ray")


@contextmanager
def cluster(url: str | None, runs: Iterable[SimulationSettings]) -> Iterator[None]:
    """Send `runs` to a cluster, `dask://HOST:PORT` or `ray://HOST:PORT`, or keep them here for None.

    Its workers need this project on their path, and the kept runs and the data under the same paths as here.

    Raises:
        ReproductionError: When the address is of neither kind, its package is missing, nothing answers, or a
            run needs a chain: a worker's threads cannot start one.
    """
    if url is None:
        yield
        return
    kind, _, address = url.partition("://")
    if kind not in CLUSTERS or not address:
        raise ReproductionError(
            f"cluster {url!r} is not an address such as dask://HOST:8786 or ray://HOST:10001"
        )
    if any(run.engine == "chain" for run in runs):
        raise ReproductionError("runs through the contracts stay on this machine; use --engine reference")
    with _CONNECT[kind](address), joblib.parallel_config(backend=kind):
        yield


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
    _let_workers_import()
    # Ray's backend hands out results all together or not at all, so there is no progress to show on it.
    backend, _ = get_active_backend()
    as_they_come = "generator_unordered" if backend.supports_return_generator else "list"
    parallel = joblib.Parallel(n_jobs=jobs, return_as=as_they_come)
    with _Progress(console, len(missing)) as progress:
        for failure in parallel(joblib.delayed(_play)(kept, run, engine_of) for run in missing):
            if failure is not None:
                raise failure
            progress.advance()


def _let_workers_import() -> None:
    # `ape run` takes the project off the path again once a script is loaded; workers start with our path.
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.append(root)


def _play(kept: KeptRuns, run: SimulationSettings, engine_of: EngineOf) -> OffchainError | MLError | None:
    # Returned, not raised: joblib would add a page of its own frames to one sentence.
    try:
        kept.play(run, engine_of)
    except (OffchainError, MLError) as error:
        return error
    return None


@contextmanager
def _dask(address: str) -> Iterator[None]:
    try:
        from dask.distributed import Client
    except ImportError:
        raise _not_installed("dask", "dask distributed") from None
    try:
        client = Client(f"tcp://{address}")
    except OSError as error:
        raise ReproductionError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        yield


@contextmanager
def _ray(address: str) -> Iterator[None]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise _not_installed("ray", "'ray[client]'") from None
    try:
        ray.init(f"ray://{address}")
    except (ConnectionError, RuntimeError) as error:
        raise ReproductionError(f"no Ray cluster answers at {address}: {error}") from error
    register_ray()
    try:
        yield
    finally:
        ray.shutdown()


_CONNECT = {"dask": _dask, "ray": _ray}


def _not_installed(name: str, packages: str) -> ReproductionError:
    return ReproductionError(f"{name} is not installed here; run: .venv/bin/pip install {packages}")


class _Progress:
    """A bar on a terminal; elsewhere a line now and then. Both with an estimate of the time left."""

    def __init__(self, console: Console, runs: int) -> None:
        self._console = console
        self._runs = runs
        self._done = 0
        self._started = time.monotonic()
        self._bar = Progress(
            TextColumn("runs"),
            MofNCompleteColumn(),
            BarColumn(),
            TimeRemainingColumn(),
            console=console,
        )

    def __enter__(self) -> "_Progress":
        if self._console.is_terminal:
            self._task = self._bar.add_task("runs", total=self._runs)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def advance(self) -> None:
        self._done += 1
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._done)
        elif self._done in {1, *(self._runs * tenth // 10 for tenth in range(1, 11))}:
            left = (time.monotonic() - self._started) / self._done * (self._runs - self._done)
            about = timedelta(seconds=round(left))
            self._console.print(f"run {self._done} of {self._runs}, about {about} left")
