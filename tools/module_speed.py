"""How fast a task's module trains beside a plain PyTorch loop of the same rows, batches and threads.

`python tools/module_speed.py` takes a convolutional network on signals and a perceptron of three classes;
`FILE.py:Class ROWS` behind it names a task of classes of one's own. Both are warm and run in turn in one
process; the ratio is the median of pairs.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ml.data.rows import Rows, shape_of  # noqa: E402
from ml.device import use_threads  # noqa: E402
from ml.settings import TrainingSettings  # noqa: E402
from ml.tasks.context import permuted  # noqa: E402
from ml.tasks.loading import Named  # noqa: E402
from ml.tasks.targets import Classes  # noqa: E402
from ml.tasks.task import Task  # noqa: E402
from ml.training import TrainingJob  # noqa: E402
from ml.training.module import ModuleLearner, make_module  # noqa: E402

PAIRS, EPOCHS = 15, 3


def compared(task: Task, rows: Rows, batch: int) -> tuple[float, float, float]:
    """Return the seconds of a client's training, of the plain loop, and the median of their ratios."""
    shapes = shape_of(rows.inputs), shape_of(rows.targets)
    learner = ModuleLearner(task, *shapes)
    settings = TrainingSettings(batch=batch, local_epochs=EPOCHS)
    job, start = TrainingJob(rows.inputs, rows.targets, seed=1), learner.initial_parameters(0)
    plain = plain_loop(task, rows, settings)
    pairs = []
    for _ in range(PAIRS + 2):
        pairs.append((seconds(lambda: learner.train(start, [job], settings)), seconds(plain)))
    warm = pairs[2:]
    ours, theirs = (statistics.median(column) for column in zip(*warm, strict=True))
    return ours, theirs, statistics.median(one / other for one, other in warm)


def plain_loop(task: Task, rows: Rows, settings: TrainingSettings) -> Callable[[], None]:
    """Return what one would write by hand: Adam, cross entropy, batches of tensors by a permutation."""
    inputs, targets = (
        torch.as_tensor(np.asarray(rows.inputs)),
        torch.as_tensor(np.asarray(rows.targets)).long(),
    )
    module = make_module(task, shape_of(rows.inputs), shape_of(rows.targets))
    loss = torch.nn.CrossEntropyLoss()

    def train() -> None:
        module.train()
        optimiser = torch.optim.Adam(module.parameters(), lr=settings.learning_rate, fused=True)
        for places in permuted(len(targets), 1, settings):
            optimiser.zero_grad()
            loss(module(inputs[places]), targets[places]).backward()
            optimiser.step()

    return train


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def of_signals() -> tuple[Task, Rows]:
    """Return the example's network and made signals."""
    task = Named(f"{ROOT}/examples/signals.py:Rhythm", {}).load()
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "signals.npz", **sys.modules[type(task).__module__].make(200))
        return task, task.rows(Path(folder) / "signals.npz")


class Tabular(Task):
    """A perceptron of three classes on 30 columns."""

    target = Classes(3)

    def module(self) -> torch.nn.Module:
        """Return it."""
        one, other = torch.nn.Linear(30, 128), torch.nn.Linear(128, 128)
        return torch.nn.Sequential(one, torch.nn.ReLU(), other, torch.nn.ReLU(), torch.nn.Linear(128, 3))


def of_a_table(count: int) -> tuple[Task, Rows]:
    """Return a perceptron and made rows."""
    draw = np.random.default_rng(0)
    return Tabular(), Rows(draw.normal(size=(count, 30)).astype(np.float32), draw.integers(0, 3, count))


def main() -> None:
    """Print a line for each case."""
    use_threads(1)
    cases = {
        "signals, 800 rows": of_signals(),
        "table, 500 rows": of_a_table(500),
        "table, 8,000": of_a_table(8_000),
    }
    if sys.argv[1:]:
        task = Named(sys.argv[1], {}).load()
        cases = {sys.argv[1]: (task, task.rows(Path(sys.argv[2])))}
    for name, (task, rows) in cases.items():
        for batch in (32, 256):
            ours, theirs, ratio = compared(task, rows, batch)
            told = f"{1000 * ours:7.1f} ms, plain {1000 * theirs:7.1f} ms, ratio {ratio:.2f}"
            print(f"{name:20} batch {batch:4}: {told}")


if __name__ == "__main__":
    main()
