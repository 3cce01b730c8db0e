"""The paper's three-layer perceptron; a round's proposers train, and its voters score, on all processors."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ml.attacks import objective
from ml.data.rows import Rows
from ml.device import use_threads
from ml.errors import SchemaError
from ml.models.base import TrainingJob, check_jobs
from ml.models.perceptron_passes import BLOCK_ROWS, Training, logits
from ml.models.tensors import as_tensor
from ml.parallel import Workers
from ml.settings import TrainingSettings
from ml.updates.schema import Schema

HIDDEN = 128
"""Width of the hidden layers (paper, section V-A)."""

_OUTPUT_GAIN = 2
# What one worker takes at a time of a large set, whole blocks.
_PIECE_ROWS = 2 * BLOCK_ROWS


class Perceptron:
    """Inputs → hidden → hidden → one logit, with ReLU: the `Learner` of loans.

    A client's result is the one of training it alone, to the last bit, whoever trains beside it and however
    many threads there are.

    Args:
        inputs: Width of a row.
        hidden: Width of both hidden layers.
        device: Where it computes.
        threads: Processor threads; clients are shared out among them.
    """

    label_shape: tuple[int, ...] = ()

    def __init__(self, inputs: int, hidden: int = HIDDEN, device: str = "cpu", threads: int = 1) -> None:
        self.schema = mlp_schema(inputs, hidden)
        self.row_shape: tuple[int, ...] = (inputs,)
        self._device = device
        # One thread each: how PyTorch would split a product decides the last bits of its sums.
        self._workers = Workers(threads, partial(use_threads, 1))

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a float32 vector [size]: weights (in, out) from U(−g·√(6/in), g·√(6/in)), zero biases.

        He et al. (2015), made for ReLU, with g = 1; for the output layer g = 2. The paper names none. While
        the global model is hardly better than the base rate, a poisoned update that only shifts every logit
        can pass Eq. 2. PyTorch's own default stays there longest; wider logits end it soonest. On the real
        loans with 40 % malicious clients and policy `verdict` these keep 6 % of their tokens over 150 rounds,
        with g = 1 throughout 10 %, at the same accuracy. NumPy draws, so that the genesis model does not
        depend on PyTorch's version.
        """
        generator = np.random.default_rng(seed)
        parameters = np.zeros(self.schema.size, dtype=np.float32)
        for _, shape, place in self.schema.slices():
            if len(shape) == 2:
                bound = np.sqrt(6 / shape[0]) * (_OUTPUT_GAIN if shape[1] == 1 else 1)
                parameters[place] = generator.uniform(-bound, bound, place.stop - place.start)
        return parameters

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

    def predictor(self, sets: Sequence[Rows]) -> "PerceptronPredictor":
        """Return `sets` of rows [rows, inputs] placed on the device."""
        return PerceptronPredictor(sets, self.schema, self._device, self._workers)

    @torch.inference_mode()
    def _train(
        self, start: torch.Tensor, settings: TrainingSettings, job: TrainingJob
    ) -> NDArray[np.float32]:
        goal = objective(job.y, job.attack)
        rows, labels = (as_tensor(np.asarray(array), self._device) for array in (job.X, goal.labels))
        training = Training(start, self.schema, settings, goal.divergence_weight)
        shuffle = torch.Generator().manual_seed(job.seed)
        for _ in range(settings.local_epochs):
            order = torch.randperm(len(labels), generator=shuffle).to(self._device)
            for batch in torch.split(order, settings.batch):
                training.step(rows, labels, batch)
        trained: NDArray[np.float32] = training.params.cpu().numpy()
        return trained


class PerceptronPredictor:
    """Sets of rows held on one device.

    A set goes through a model alone, block by block, so that its logits are the ones it would give by itself,
    to the last bit, whatever else is asked for.
    """

    def __init__(self, sets: Sequence[Rows], schema: Schema, device: str, workers: Workers) -> None:
        self._sets = [as_tensor(np.asarray(rows), device) for rows in sets]
        self._schema = schema
        self._device = device
        self._workers = workers

    def logits(self, params: NDArray[np.float32], sets: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return the logits [rows] of a model [size] on each of the sets named by number."""
        if not sets:
            return []
        model = as_tensor(params, self._device)
        use_threads(1)
        parts = _cut([self._sets[number] for number in sets], self._workers.count)
        found = self._workers.map(partial(logits, model, self._schema), parts)
        joined = torch.cat(found).cpu().numpy()
        ends = np.cumsum([len(self._sets[number]) for number in sets])
        return np.split(joined, ends[:-1])


def mlp_schema(inputs: int, hidden: int = HIDDEN) -> Schema:
    """Return the schema of inputs → hidden → hidden → one logit, weights stored as (in, out).

    >>> mlp_schema(100).size
    29569
    """
    return Schema.of(
        [
            ("layer1.weight", (inputs, hidden)),
            ("layer1.bias", (hidden,)),
            ("layer2.weight", (hidden, hidden)),
            ("layer2.bias", (hidden,)),
            ("layer3.weight", (hidden, 1)),
            ("layer3.bias", (1,)),
        ]
    )


def _cut(sets: Sequence[torch.Tensor], parts: int) -> list[list[torch.Tensor]]:
    """Return `sets`, in order, as at most `parts` lists of about as many rows; cuts are between blocks."""
    blocks = [piece for rows in sets for piece in torch.split(rows, _PIECE_ROWS)]
    ends = np.cumsum([len(piece) for piece in blocks])
    parts_of = (ends - 1) * parts // ends[-1]
    return [[blocks[i] for i in np.flatnonzero(parts_of == part)] for part in np.unique(parts_of)]
