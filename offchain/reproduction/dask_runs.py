"""Calls on a Dask cluster, each of which is answered, or told as lost with its worker.

Not by joblib, whose backend forgets a call when its worker is killed: whoever waits for it waits for ever.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from offchain.errors import ReproductionError

WITHOUT_WORKERS = 120.0
"""Seconds that a cluster may be without workers, such as one that grows when it has work."""
_LOOK = 0.2

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def answers(
    client: Any, call: Callable[[Item], Answer], items: Sequence[Item]
) -> Iterator[tuple[Item, Answer | None]]:
    """Yield each item with its answer, as they come; None where it was lost with the workers that had it.

    What a killed worker leaves behind Dask gives to another one, three times.

    Raises:
        ReproductionError: When the cluster has had no worker for some time.
        Exception: What `call` raises.
    """
    asked = {client.submit(call, item, pure=False): item for item in items}
    since = time.monotonic()
    while asked:
        for future in (ready := [future for future in asked if future.done()]):
            yield asked.pop(future), _answer(future)
        if ready or _has_workers(client):
            since = time.monotonic()
        elif time.monotonic() - since > WITHOUT_WORKERS:
            raise ReproductionError(
                f"the cluster has had no worker for {WITHOUT_WORKERS:g} s, and {len(asked)} runs are not "
                "played; start workers, then the same command again, which goes on with what is missing"
            )
        if not ready:
            time.sleep(_LOOK)


def _answer(future: Any) -> Any:
    from dask.distributed import KilledWorker

    if future.status == "finished":
        return future.result()
    error = None if future.cancelled() else future.exception()
    if error is None or isinstance(error, KilledWorker):
        return None
    raise error


def _has_workers(client: Any) -> bool:
    return client.status == "running" and bool(client.nthreads())
