"""Any PyTorch module as a learner: clients train one after another, in the memory of one model."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ml.attacks import objective
from ml.data.rows import Rows
from ml.device import use_threads
from ml.models.base import TrainingJob, check_jobs
from ml.models.draws import seeded_draws
from ml.models.module_state import ModuleState, initial_vector
from ml.models.tensors import as_tensor
from ml.settings import TrainingSettings

_CHUNK_ROWS = 128  # Of DenseNet121 at 224 × 224, about 1 GB of activations.


class ModuleLearner:
    """The `Learner` of a module from images [n, 1, side, side] to logits [n, labels].

    One model is on the device at a time, with one batch of rows; the rest stays where it is.

    Args:
        make: Makes the module; what it draws at random is not used.
        row_shape: (1, side, side).
        labels: Number of labels.
        device: Where to compute.
    """

    def __init__(
        self, make: Callable[[], nn.Module], row_shape: tuple[int, ...], labels: int, device: str
    ) -> None:
        self.row_shape = row_shape
        self.label_shape: tuple[int, ...] = (labels,)
        self._device = device
        self._module = make().to(device)
        self._threads = torch.get_num_threads()
        self._state = ModuleState(self._module)
        self.schema = self._state.schema

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a model to start from."""
        return initial_vector(self.schema, seed)

    def train(
        self, start: NDArray[np.float32], jobs: Sequence[TrainingJob], settings: TrainingSettings
    ) -> list[NDArray[np.float32]]:
        """Return what each job makes of `start`, in the order of `jobs`; see `Learner`."""
        check_jobs(self, jobs)
        use_threads(self._threads)
        return [self._train_one(start, job, settings) for job in jobs]

    def predictor(self, sets: Sequence[Rows]) -> "ModulePredictor":
        """Return `sets` of rows, whose batches go to the device when they are needed."""
        return ModulePredictor(sets, self._module, self._state, self._device, self._threads)

    def _train_one(
        self, start: NDArray[np.float32], job: TrainingJob, settings: TrainingSettings
    ) -> NDArray[np.float32]:
        goal = objective(job.y, job.attack)
        labels = as_tensor(goal.labels, self._device)
        self._state.load(start)
        self._module.train()
        models = list(self._module.parameters())
        origins = [model.detach().clone() for model in models] if goal.divergence_weight else []
        optimiser = torch.optim.Adam(models, lr=settings.learning_rate, fused=True)
        with seeded_draws(job.seed, self._device):
            for places in _batches(len(job.y), job.seed, settings):
                rows = _placed(job.X[places.numpy()], self._device)
                optimiser.zero_grad()
                loss = binary_cross_entropy_with_logits(self._module(rows), labels[places.to(self._device)])
                loss.backward()  # type: ignore[no-untyped-call]
                _add_divergence_gradient(models, origins, goal.divergence_weight)
                optimiser.step()
        return self._state.store()


class ModulePredictor:
    """Sets of rows on which models of one module are tried; each set by itself, in chunks."""

    def __init__(
        self, sets: Sequence[Rows], module: nn.Module, state: ModuleState, device: str, threads: int
    ) -> None:
        self._threads = threads
        self._sets = sets
        self._module = module
        self._state = state
        self._device = device

    def logits(self, params: NDArray[np.float32], sets: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return the logits [rows, labels] of a model [size] on each of the sets named by number."""
        if not sets:
            return []
        use_threads(self._threads)
        self._state.load(params)
        self._module.eval()
        with torch.inference_mode():
            return [self._of_set(self._sets[number]) for number in sets]

    def _of_set(self, rows: Rows) -> NDArray[np.float32]:
        chunks = (rows[start : start + _CHUNK_ROWS] for start in range(0, len(rows), _CHUNK_ROWS))
        logits: NDArray[np.float32] = (
            torch.cat([self._module(_placed(chunk, self._device)) for chunk in chunks]).cpu().numpy()
        )
        return logits


def _batches(rows: int, seed: int, settings: TrainingSettings) -> Iterator[torch.Tensor]:
    shuffle = torch.Generator().manual_seed(seed)
    for _ in range(settings.local_epochs):
        for places in torch.split(torch.randperm(rows, generator=shuffle), settings.batch):
            # A batch of one, left over at the end, has no variance for BatchNorm to divide by.
            if len(places) > 1 or rows == 1:
                yield places


def _placed(rows: NDArray[np.float32], device: str) -> torch.Tensor:
    tensor = as_tensor(rows, "cpu")
    # From pinned memory a copy to the accelerator does not keep the processor waiting.
    return tensor if device == "cpu" else tensor.pin_memory().to(device, non_blocking=True)


@torch.no_grad()
def _add_divergence_gradient(
    models: Sequence[torch.Tensor], origins: Sequence[torch.Tensor], weight: float
) -> None:
    for model, origin in zip(models, origins, strict=False):  # No origins where there is no term.
        assert model.grad is not None
        model.grad.add_(model - origin, alpha=2 * weight)
