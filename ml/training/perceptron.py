"""The paper's perceptron, fast: a round's proposers train, and its voters score, on all processors."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ml.attacks.labels import objective
from ml.data.rows import Inputs, Shape, Targets
from ml.data.stored_rows import StoredRows
from ml.device import use_threads
from ml.errors import SchemaError
from ml.models.module_state import constants_digest
from ml.models.perceptron import HIDDEN, initial_perceptron, perceptron_schema
from ml.models.perceptron_passes import BLOCK_ROWS, Training, logits
from ml.models.tensors import as_tensor
from ml.parallel import Workers
from ml.settings import TrainingSettings
from ml.tasks.losses import row_losses
from ml.tasks.targets import Labels, Target
from ml.tasks.task import Task
from ml.training.learner import TrainingJob, check_jobs
from ml.training.module import figures_of
from ml.updates.schema import Schema

# What one worker takes at a time of a large set, whole blocks.
_PIECE_ROWS = 2 * BLOCK_ROWS


class Perceptron:
    """Inputs → hidden → hidden → one logit, with ReLU: the fast `Learner` of one label of rows of numbers.

    A client's result is the one of training it alone, to the last bit, whoever trains beside it and however
    many threads there are.

    Args:
        inputs: Width of a row.
        hidden: Width of both hidden layers.
        device: Where it computes.
        threads: Processor threads; clients are shared out among them.
        task: What has figures of its own; none for none.
    """

    target: Target = Labels()
    label_shape: Shape = ()

    def __init__(
        self,
        inputs: int,
        hidden: int = HIDDEN,
        device: str = "cpu",
        threads: int = 1,
        task: Task | None = None,
    ) -> None:
        self._task = task
        self.schema = perceptron_schema((inputs, hidden, hidden, 1))
        self.row_shape: Shape = (inputs,)
        self._device = device
        # One thread each: how PyTorch would split a product decides the last bits of its sums.
        self._workers = Workers(threads, partial(use_threads, 1))

    @property
    def constants(self) -> bytes:
        """32 bytes of nothing: all that it has is trained."""
        return constants_digest([])

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a first model float32 [size]; see `initial_perceptron`."""
        return initial_perceptron(self.schema, seed)

    def train(
        self, start: NDArray[np.float32], jobs: Sequence[TrainingJob], settings: TrainingSettings
    ) -> list[NDArray[np.float32]]:
        """Return what each job makes of `start`, in the order of `jobs`; see `Learner`."""
        check_jobs(self, jobs)
        if len(start) != self.schema.size:
            raise SchemaError(
                f"a vector of {len(start)} parameters does not fit a schema of {self.schema.size}"
            )
        origin = as_tensor(start, self._device)
        use_threads(1)
        return self._workers.map(partial(self._train, origin, settings), jobs)

    def predictor(self, sets: Sequence[Inputs]) -> "PerceptronPredictor":
        """Return `sets` of rows [rows, inputs] placed on the device."""
        return PerceptronPredictor(sets, self.schema, self._device, self._workers)

    def losses(self, outputs: NDArray[np.float32], targets: Targets) -> NDArray[np.float64]:
        """Return the cross-entropy of each row, float64 [rows]."""
        found = row_losses(self.target, as_tensor(outputs, "cpu"), as_tensor(np.asarray(targets), "cpu"))
        losses: NDArray[np.float64] = found.numpy().astype(np.float64)
        return losses

    def metrics(self, outputs: NDArray[np.float32], targets: Targets) -> Mapping[str, float]:
        """Return the task's own figures; see `Learner`."""
        return {} if self._task is None else figures_of(self._task, outputs, targets)

    def unsent(self, X: Inputs) -> Sequence[str]:
        """Return nothing: its parameters are all there is; see `Learner`."""
        return ()

    @torch.inference_mode()
    def _train(
        self, start: torch.Tensor, settings: TrainingSettings, job: TrainingJob
    ) -> NDArray[np.float32]:
        goal = objective(self.target, job.y, job.attack)
        rows, labels = _placed(job.X, self._device), as_tensor(np.asarray(goal.labels), self._device)
        training = Training(start, self.schema, settings, goal.divergence_weight)
        shuffle = torch.Generator().manual_seed(job.seed)
        for _ in range(settings.passes(len(labels))):
            order = torch.randperm(len(labels), generator=shuffle).to(self._device)
            for batch in torch.split(order, settings.batch):
                training.step(rows, labels, batch)
        trained: NDArray[np.float32] = training.params.cpu().numpy()
        return trained


class PerceptronPredictor:
    """Sets of rows held on one device, or stored.

    A set goes through a model alone, block by block, so that its logits are the ones it would give by itself,
    to the last bit, whatever else is asked for.
    """

    def __init__(self, sets: Sequence[Inputs], schema: Schema, device: str, workers: Workers) -> None:
        self._blocks = [_blocks(_placed(rows, device)) for rows in sets]
        self._schema = schema
        self._device = device
        self._workers = workers

    def outputs(self, params: NDArray[np.float32], sets: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return the logits [rows] of a model [size] on each of the sets named by number."""
        if not sets:
            return []
        model = as_tensor(params, self._device)
        use_threads(1)
        asked = [self._blocks[number] for number in sets]
        parts = _shared_out([block for blocks in asked for block in blocks], self._workers.count)
        found = self._workers.map(partial(logits, model, self._schema), parts)
        joined = torch.cat(found).cpu().numpy()
        ends = accumulate((sum(block.shape[0] for block in blocks) for blocks in asked), initial=0)
        return [joined[start:end] for start, end in pairwise(ends)]


def _placed(rows: Inputs, device: str) -> torch.Tensor | StoredRows:
    """Return rows on the device; stored ones stay where they are, and come a batch at a time."""
    return rows if isinstance(rows, StoredRows) else as_tensor(np.asarray(rows), device)


def _blocks(rows: torch.Tensor | StoredRows) -> Sequence[torch.Tensor | StoredRows]:
    if isinstance(rows, torch.Tensor):
        return torch.split(rows, _PIECE_ROWS)
    return [rows.taken(slice(start, start + _PIECE_ROWS)) for start in range(0, len(rows), _PIECE_ROWS)]


def _shared_out(blocks: list[torch.Tensor | StoredRows], parts: int) -> list[list[torch.Tensor | StoredRows]]:
    """Return blocks of rows, in order, as at most `parts` lists of about as many rows."""
    if parts == 1:
        return [blocks]
    ends = np.cumsum([block.shape[0] for block in blocks])
    parts_of = (ends - 1) * parts // ends[-1]
    return [[blocks[i] for i in np.flatnonzero(parts_of == part)] for part in np.unique(parts_of)]
