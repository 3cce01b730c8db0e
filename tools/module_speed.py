"""How fast a task's module trains beside a plain PyTorch loop of the same rows, batches and threads.

`python tools/module_speed.py` takes a convolutional network on signals and perceptrons of three classes, of a
label and of a number; `FILE.py:Class ROWS` behind it names a task of classes of one's own. Both are warm and
run in turn in one process; the ratio is the median of pairs.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ml.data.rows import Rows, shape_of  # noqa: E402
from ml.device import use_threads  # noqa: E402
from ml.settings import TrainingSettings  # noqa: E402
from ml.tasks.batches import permuted  # noqa: E402
from ml.tasks.loading import Named  # noqa: E402
from ml.tasks.targets import Classes, Labels, Numbers, Target  # noqa: E402
from ml.tasks.task import Task  # noqa: E402
from ml.training import TrainingJob  # noqa: E402
from ml.training.module import ModuleLearner, make_module  # noqa: E402

PAIRS, WARMING, EPOCHS = 15, 2, 3
LEAST_SECONDS = 2.0
"""Of pairs, so that the small cases' medians are of hundreds."""
LOSSES: dict[type, Callable[..., torch.Tensor]] = {
    Classes: torch.nn.CrossEntropyLoss(),
    Labels: torch.nn.BCEWithLogitsLoss(),
    Numbers: torch.nn.MSELoss(),
}


@dataclass(frozen=True)
class Spent:
    """Seconds of a piece of work, by the clock and of the processor."""

    clock: float
    processor: float


def compared(task: Task, rows: Rows, batch: int) -> tuple[float, float, Spent]:
    """Return seconds of a client's training and of the plain loop, and the medians of their ratios."""
    shapes = shape_of(rows.inputs), shape_of(rows.targets)
    learner = ModuleLearner(task, *shapes)
    settings = TrainingSettings(batch=batch, local_epochs=EPOCHS)
    job, start = TrainingJob(rows.inputs, rows.targets, seed=1), learner.initial_parameters(0)
    plain = plain_loop(task, rows, settings)
    pairs: list[tuple[Spent, Spent]] = []
    until = perf_counter() + LEAST_SECONDS
    while len(pairs) < PAIRS + WARMING or perf_counter() < until:
        pairs.append((spent(lambda: learner.train(start, [job], settings)), spent(plain)))
    warm = pairs[WARMING:]
    ours, theirs = (statistics.median(one.clock for one in column) for column in zip(*warm, strict=True))
    ratios = Spent(
        statistics.median(one.clock / other.clock for one, other in warm),
        statistics.median(one.processor / other.processor for one, other in warm),
    )
    return ours, theirs, ratios


def plain_loop(task: Task, rows: Rows, settings: TrainingSettings) -> Callable[[], None]:
    """Return what one would write by hand: Adam, PyTorch's loss, batches of tensors by a permutation."""
    inputs, targets = (torch.as_tensor(np.asarray(part)) for part in (rows.inputs, rows.targets))
    module = make_module(task, shape_of(rows.inputs), shape_of(rows.targets))
    loss = LOSSES[type(task.target)]

    def train() -> None:
        module.train()
        optimiser = torch.optim.Adam(module.parameters(), lr=settings.learning_rate, fused=True)
        for places in permuted(len(targets), torch.Generator().manual_seed(1), settings):
            optimiser.zero_grad()
            loss(module(inputs[places]), targets[places]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()

    return train


def spent(work: Callable[[], object]) -> Spent:
    """Return how long a piece of work takes."""
    begun, used = perf_counter(), process_time()
    work()
    return Spent(perf_counter() - begun, process_time() - used)


def of_signals() -> tuple[Task, Rows]:
    """Return the example's network and made signals."""
    task = Named(f"{ROOT}/examples/signals.py:Rhythm", {}).load()
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "signals.npz", **sys.modules[type(task).__module__].make(200))
        return task, task.rows(Path(folder) / "signals.npz")


class Tabular(Task):
    """A perceptron on 30 columns."""

    def __init__(self, target: Target, outputs: int) -> None:
        self.target = target
        self._outputs = outputs

    def module(self) -> torch.nn.Module:
        """Return it."""
        one, other, last = nn.Linear(30, 128), nn.Linear(128, 128), nn.Linear(128, self._outputs)
        layers = [one, nn.ReLU(), other, nn.ReLU(), last]
        return nn.Sequential(*layers, *([nn.Flatten(0)] if self._outputs == 1 else []))


def of_a_table(count: int, target: Target | None = None) -> tuple[Task, Rows]:
    """Return a perceptron, of three classes where no other target is given, and made rows."""
    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(count, 30)).astype(np.float32)
    if target is None:
        return Tabular(Classes(3), 3), Rows(inputs, draw.integers(0, 3, count))
    return Tabular(target, 1), Rows(inputs, draw.integers(0, 2, count).astype(np.float32))


def main() -> None:
    """Print a line for each case."""
    use_threads(1)
    cases = {
        "signals, 800 rows": of_signals(),
        "table, 500 rows": of_a_table(500),
        "table, 8,000": of_a_table(8_000),
        "a label, 500 rows": of_a_table(500, Labels()),
        "a number, 500 rows": of_a_table(500, Numbers()),
    }
    if sys.argv[1:]:
        task = Named(sys.argv[1], {}).load()
        cases = {sys.argv[1]: (task, task.rows(Path(sys.argv[2])))}
    for name, (task, rows) in cases.items():
        for batch in (32, 256):
            ours, theirs, ratios = compared(task, rows, batch)
            told = f"{1000 * ours:7.1f} ms, plain {1000 * theirs:7.1f} ms, ratio {ratios.clock:.2f}"
            told += f", of processor time {ratios.processor:.2f}"
            print(f"{name:20} batch {batch:4}: {told}")


if __name__ == "__main__":
    main()
