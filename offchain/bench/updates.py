"""Updates by size: encoding, digest and average, against the speed of memory."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np

from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import aggregate, encode
from ml.updates.schema import Schema

UPDATES = 5
REPEATS = 5
COPIED_BYTES = 2**28


@dataclass(frozen=True)
class UpdateSpeed:
    """The best of some repeats, seconds.

    Attributes:
        parameters: In an update.
        encode: float32 to fixed point, one update.
        digest: Merkle root of one update's bytes.
        average: Of five updates.
        copy: Copying memory, bytes read and written a second.
    """

    parameters: int
    encode: float
    digest: float
    average: float
    copy: float

    @property
    def share_of_copy(self) -> float:
        """Bytes that the three read and wrote a second, as a share of what copying reads and writes."""
        vector = 4 * self.parameters
        moved = 2 * vector + vector + (UPDATES + 1) * vector
        return moved / (self.encode + self.digest + self.average) / self.copy


def update_speed(parameters: int) -> UpdateSpeed:
    """Measure updates of one size."""
    floats = np.random.default_rng(0).standard_normal(parameters).astype(np.float32)
    encoded = encode(floats)
    schema, data = Schema((("weights", (parameters,)),)), to_bytes(encoded)
    updates = [encoded + np.int32(i) for i in range(UPDATES)]
    source = np.ones(COPIED_BYTES, np.uint8)
    target = np.empty_like(source)
    return UpdateSpeed(
        parameters=parameters,
        encode=_best(partial(encode, floats)),
        digest=_best(partial(digest, data, schema)),
        average=_best(partial(aggregate, updates, [1] * UPDATES)),
        copy=2 * COPIED_BYTES / _best(partial(np.copyto, target, source)),
    )


def _best(call: Callable[[], object]) -> float:
    call()
    seconds = []
    for _ in range(REPEATS):
        started = perf_counter()
        call()
        seconds.append(perf_counter() - started)
    return min(seconds)
