"""A Dask or Ray cluster that the user has, as joblib's backend."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import joblib
from joblib.parallel import get_active_backend

from ml.messages import reason
from offchain.errors import ReproductionError
from offchain.settings import SimulationSettings


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
    if kind not in _CONNECT or not address:
        raise ReproductionError(
            f"cluster {url!r} is not an address such as dask://HOST:8786 or ray://HOST:10001"
        )
    if any(run.engine == "chain" for run in runs):
        raise ReproductionError("runs through the contracts stay on this machine; use --engine reference")
    with _CONNECT[kind](address), joblib.parallel_config(backend=kind):
        yield


def entered_client() -> Any:
    """Return the client of the Dask cluster that is entered; None where none is."""
    backend, _ = get_active_backend()
    return getattr(backend, "client", None)


@contextmanager
def _dask(address: str) -> Iterator[None]:
    from dask.distributed import Client

    try:
        client = Client(f"tcp://{address}")  # type: ignore[no-untyped-call]
    except OSError as error:
        raise ReproductionError(f"no Dask scheduler answers at {address}: {reason(error)}") from error
    with client:
        yield


@contextmanager
def _ray(address: str) -> Iterator[None]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise ReproductionError(
            "ray is not installed here; run: .venv/bin/pip install 'ray[client]'"
        ) from None
    try:
        ray.init(f"ray://{address}")
    except (ConnectionError, RuntimeError) as error:
        raise ReproductionError(f"no Ray cluster answers at {address}: {reason(error)}") from error
    register_ray()
    try:
        yield
    finally:
        ray.shutdown()


_CONNECT = {"dask": _dask, "ray": _ray}
