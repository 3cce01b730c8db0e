"""Reads a table as a task, trains on it once as a member does and judges by it; memory and seconds of each.

`python -m tools.table_steps TASK DATA`; `table_memory.py` runs it, in a process of its own, since memory that
was given back may stay a process's. Linux only.
"""

import sys
import time
from pathlib import Path
from threading import Thread

from ml.data.rows import batch, shape_of
from ml.judging.scoring import ValidationSets
from ml.settings import TrainingSettings
from ml.tasks.federating import own_rows, read_rows
from ml.tasks.loading import Named
from ml.training import TrainingJob, make_learner

_EVERY = 0.02  # Seconds.


class Watch:
    """The most memory of its own that this process has had since it last told."""

    def __init__(self) -> None:
        self._peak = 0
        Thread(target=self._look, daemon=True).start()

    def tell(self, what: str) -> None:
        """Print what was done, and what it took."""
        now, whole = kilobytes("RssAnon"), kilobytes("VmHWM")
        most = max(self._peak, now)
        print(
            f"{what}; {time.process_time():.0f} s busy so far, {most >> 10:,} MiB of its own at most, "
            f"{now >> 10:,} now, {whole >> 10:,} with files",
            flush=True,
        )
        self._peak = 0

    def _look(self) -> None:
        while True:
            self._peak = max(self._peak, kilobytes("RssAnon"))
            time.sleep(_EVERY)


def kilobytes(name: str) -> int:
    """Return an entry of the kernel's on this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def main() -> None:
    """Print a line for each step."""
    watch = Watch()
    task = Named(sys.argv[1], {}).load()
    watch.tell("started")
    rows = read_rows(task, Path(sys.argv[2]))
    width = batch(rows.inputs, slice(1)).shape[1]
    where = "memory" if hasattr(rows.inputs, "nbytes") else "a file"
    size = 4 * len(rows) * width >> 20
    watch.tell(f"read as a task: {len(rows):,} rows of {width} inputs, {size:,} MiB in {where}")
    own = own_rows(task, rows, 1)
    learner = make_learner(task, shape_of(own.X_train), shape_of(own.y_train), threads=1)
    watch.tell(f"split: {len(own.y_train):,} to train on, {len(own.y_validation):,} to judge by")
    job = TrainingJob(own.X_train, own.y_train, 1)
    (trained,) = learner.train(learner.initial_parameters(0), [job], TrainingSettings(batch=128))
    watch.tell("trained once")
    sets = ValidationSets([(own.X_validation, own.y_validation)], learner, "likelihood")
    watch.tell(f"judged: a loss of {sets.losses(trained, [0])[0].mean():.6f}")


if __name__ == "__main__":
    main()
