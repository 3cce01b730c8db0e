"""What a model must offer to be learned, averaged and judged: the one seam between models and the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Shape, Targets, length, shape_of
from ml.errors import TrainingError
from ml.settings import AttackSettings, TrainingSettings
from ml.tasks.targets import Target
from ml.updates.schema import Schema

if TYPE_CHECKING:
    from torch import nn

    from ml.data.rows import Rows
    from ml.tasks.context import Context

Trainer = Callable[["nn.Module", "Rows", "Context"], None]
"""A member's own training: changes the model in place."""


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """One client's inputs and targets, and how they are trained on.

    Attributes:
        X: The inputs.
        y: The targets.
        seed: Of what training draws.
        attack: Its attack.
        round: The round, 0 for none.
        secret: What noise that hides rows follows from, known to nobody else; empty for the seed.
    """

    X: Inputs
    y: Targets
    seed: int
    attack: AttackSettings = field(default_factory=AttackSettings)
    round: int = 0
    secret: bytes = b""


class Predictor(Protocol):
    """Sets of rows, made ready once, on which any number of models can be tried."""

    def outputs(self, params: NDArray[np.float32], sets: Sequence[int]) -> list[Any]:
        """Return the outputs [rows, ...] of a model [size] on each of the sets named by number.

        A set's outputs do not depend, to the last bit, on which other sets are asked for. They are float32
        arrays, or several by name.
        """
        ...


class Learner(Protocol):
    """A model family of one shape on one device; models are float32 vectors [schema.size].

    Attributes:
        schema: The models'.
        target: What they say of a row.
        row_shape: Shape of one row's inputs.
        label_shape: Shape of one row's targets.
        constants: 32 bytes that differ when anything does that a model has and never trains.
    """

    schema: Schema
    target: Target
    row_shape: Shape
    label_shape: Shape

    @property
    def constants(self) -> bytes:
        """Of what is never trained."""
        ...

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a model [size] to start from."""
        ...

    def train(
        self, start: NDArray[np.float32], jobs: Sequence[TrainingJob], settings: TrainingSettings
    ) -> list[NDArray[np.float32]]:
        """Return what each job makes of the model `start`, [size] each, in the order of `jobs`.

        A job's result does not depend on the others, to float tolerance at least.

        Raises:
            TrainingError: When a job's rows and targets do not fit each other or the model.
        """
        ...

    def predictor(self, sets: Sequence[Inputs]) -> Predictor:
        """Return `sets` of inputs made ready for any number of models."""
        ...

    def losses(self, outputs: Any, targets: Targets) -> NDArray[np.float64]:
        """Return the loss of each row, float64 [rows], of outputs as `Predictor` gives them."""
        ...

    def metrics(self, outputs: Any, targets: Targets) -> Mapping[str, float]:
        """Return the task's own figures of such outputs, for people."""
        ...

    def unsent(self, X: Inputs) -> Sequence[str]:
        """Return names of what the last training changed, and is put back, and outputs of rows depend on."""
        ...


def fits(learner: Learner, X: Inputs, y: Targets) -> bool:
    """Return whether there are rows, as many as targets, and both of the learner's shapes."""
    if not length(y) or length(X) != length(y):
        return False
    return shape_of(X) == learner.row_shape and shape_of(y) == learner.label_shape


def expected_shapes(learner: Learner) -> str:
    """Return what `fits` asks for, in words: "(n, 30) and (n,)"."""
    return f"{_shape(learner.row_shape)} and {_shape(learner.label_shape)}"


def found_shapes(X: Inputs, y: Targets) -> str:
    """Return the shapes of rows and targets, in words."""
    return f"rows {_found(X)} and labels {_found(y)}"


def check_jobs(learner: Learner, jobs: Sequence[TrainingJob]) -> None:
    """Raise TrainingError on the first job whose rows and targets do not fit each other or the learner."""
    for index, job in enumerate(jobs):
        if not fits(learner, job.X, job.y):
            raise TrainingError(
                f"training job {index} has {found_shapes(job.X, job.y)}; "
                f"expected {expected_shapes(learner)}, n at least 1"
            )


def _found(of: Inputs | Targets) -> str:
    if isinstance(of, Mapping):
        return ", ".join(f"{name} {array.shape}" for name, array in of.items())
    return str(of.shape)


def _shape(rest: Shape) -> str:
    if isinstance(rest, Mapping):
        return ", ".join(f"{name} {_shape(shape)}" for name, shape in rest.items())
    return f"(n, {', '.join(map(str, rest))})" if rest else "(n,)"
