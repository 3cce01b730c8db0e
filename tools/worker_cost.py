"""What it costs a client that a task's code runs in a worker: its start, its memory, each update and ballot.

`python tools/worker_cost.py` plays a member of `examples/signals.py` both ways, in turn. Linux only.
"""

import re
import runpy
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from ml.settings import ScoringSettings
from ml.tasks.loading import Named
from ml.updates.canonical import to_bytes
from offchain.learning.describing import FoundersFiles, described
from offchain.live.client.apart import LearningApart, Limits
from offchain.live.client.apart_service import Opening
from offchain.live.client.local_learning import LocalLearning, learning_of
from offchain.live.client.own_data import DataOptions

EXAMPLE = Path(__file__).parent.parent / "examples" / "signals.py"
_TIMES = 9


def opening(folder: Path) -> Opening:
    """Return a member of the example, with the rows that it makes."""
    sys.argv = [str(EXAMPLE), str(folder / "signals.npz")]
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    named, scoring = Named(f"{EXAMPLE}:Rhythm", {}), ScoringSettings(metric="likelihood", policy="evidence")
    rows = named.load().rows(folder / "signals.npz")
    rules = described(named, rows.inputs.shape[1:], (), scoring, 0, FoundersFiles())
    data = DataOptions(path=folder / "signals.npz")
    return Opening(rules=rules, folder=folder, data=data, training={}, device="cpu", shadow=None)


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    begun = perf_counter()
    found = call()
    return perf_counter() - begun, found


def main() -> None:
    """Print a line for each."""
    with tempfile.TemporaryDirectory() as name:
        said = opening(Path(name))
        seconds_here, here = _timed(
            lambda: learning_of(said.rules, said.folder, said.data, {}, said.device, said.shadow)
        )
        seconds, apart = _timed(lambda: LearningApart(said, Limits(600, 600)))
        process = apart._worker._process
        assert process is not None
        update = here.update([here.genesis], 1, 5).update
        spent: dict[tuple[str, bool], list[float]] = {}
        blobs: dict[int, bytes | None] = {0: to_bytes(update)}
        for what in ("update", "ballot"):
            for learning in (here, apart) * _TIMES:
                taken, _ = _timed(partial(_do, what, learning, blobs))
                spent.setdefault((what, learning is apart), []).append(taken)
        status = Path(f"/proc/{process.pid}/status").read_text()
        memory = {kind: int(re.search(rf"{kind}:\s+(\d+)", status)[1]) >> 10 for kind in ("VmHWM", "RssAnon")}  # type: ignore[index]
        print(f"start: {seconds:.1f} s, of it {seconds_here:.1f} s reading and checking as here")
        print(f"memory: {memory['VmHWM']} MiB at most, {memory['RssAnon']} MiB its own")
        for what in ("update", "ballot"):
            pair = [median(spent[what, is_apart]) for is_apart in (False, True)]
            print(f"{what}: {1000 * pair[0]:.1f} ms here, {1000 * pair[1]:.1f} ms apart")
        apart._worker.close()


def _do(what: str, learning: LocalLearning | LearningApart, blobs: dict[int, bytes | None]) -> Any:
    if what == "update":
        return learning.update([learning.genesis], 1, 5)
    return learning.judged(learning.policy, blobs, {0: 1}, [learning.genesis])


if __name__ == "__main__":
    main()
