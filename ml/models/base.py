"""What a model must offer to be learned, averaged and judged: the one seam between models and the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Rows
from ml.errors import TrainingError
from ml.settings import AttackSettings, TrainingSettings
from ml.updates.schema import Schema


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """One client's rows, labels float32 [rows, *label] in {0, 1}, shuffle seed and attack."""

    X: Rows
    y: NDArray[np.float32]
    seed: int
    attack: AttackSettings = field(default_factory=AttackSettings)


class Predictor(Protocol):
    """Sets of rows, made ready once, on which any number of models can be tried."""

    def logits(self, params: NDArray[np.float32], sets: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return the logits [rows, *label] of a model [size] on each of the sets named by number.

        A set's logits do not depend, to the last bit, on which other sets are asked for.
        """
        ...


class Learner(Protocol):
    """A model family of one shape on one device; models are float32 vectors [schema.size].

    Attributes:
        schema: The models'.
        row_shape: Shape of one row.
        label_shape: Shape of one row's labels: () for one label, (labels,) for several.
    """

    schema: Schema
    row_shape: tuple[int, ...]
    label_shape: tuple[int, ...]

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a model [size] to start from."""
        ...

    def train(
        self, start: NDArray[np.float32], jobs: Sequence[TrainingJob], settings: TrainingSettings
    ) -> list[NDArray[np.float32]]:
        """Return what each job makes of the model `start`, [size] each, in the order of `jobs`.

        A job's result does not depend on the others, to float tolerance at least.

        Raises:
            TrainingError: When a job's rows and labels do not fit each other or the model.
        """
        ...

    def predictor(self, sets: Sequence[Rows]) -> Predictor:
        """Return `sets` of rows made ready for any number of models."""
        ...


def fits(learner: Learner, X: Rows, y: NDArray[np.float32]) -> bool:
    """Return whether there are rows, as many as labels, and both of the learner's shapes."""
    return len(y) > 0 and X.shape == (len(y), *learner.row_shape) and y.shape[1:] == learner.label_shape


def expected_shapes(learner: Learner) -> str:
    """Return what `fits` asks for, in words: "(n, 30) and (n,)"."""
    return f"{_shape(learner.row_shape)} and {_shape(learner.label_shape)}"


def check_jobs(learner: Learner, jobs: Sequence[TrainingJob]) -> None:
    """Raise TrainingError on the first job whose rows and labels do not fit each other or the learner."""
    for index, job in enumerate(jobs):
        if not fits(learner, job.X, job.y):
            raise TrainingError(
                f"training job {index} has rows {job.X.shape} and labels {job.y.shape}; "
                f"expected {expected_shapes(learner)}, n at least 1"
            )


def _shape(rest: tuple[int, ...]) -> str:
    return f"(n, {', '.join(map(str, rest))})" if rest else "(n,)"
