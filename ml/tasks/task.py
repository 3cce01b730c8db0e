"""A task: what is learned, as one class that every member of a federation reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.blame import blamed
from ml.data.rows import Rows, Shape
from ml.errors import TaskError
from ml.settings import ALLOWED_MISSING
from ml.tasks.targets import Target
from ml.updates.schema import Schema

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ml.tasks.context import Context


UNLESS_SAID: Mapping[str, Any] = {
    "metric": "likelihood",
    "batch": 16,
    "least_steps": 8,
    "learning_rate": 3e-3,
}
"""Settings of a task that says nothing else.

What two or three steps of Adam change, no voter can tell from its opposite (docs/TASKS.md), and a rise of the
mean loss shows what few rows' ranking hides. After many more, honest members of fifty rows are refused.
"""

PAPERS: Mapping[str, Any] = {"batch": 128, "least_steps": 0, "learning_rate": 1e-3}
"""Training of the first edition's tasks (paper, section V-A)."""


class Task:
    """What is learned. A task names its target and makes its module and its rows; the rest has defaults.

    What judges is common: `module`, `rows` and `losses` are bound by a deployment's rules, and every voter
    computes with them. How a member trains is its own business.

    Attributes:
        target: What the module is to say of a row; decides the default loss, the score and the label flip.
        files: Files beside the task's own that it reads, by path from its folder; they are part of its
            digest.
        file_options: Options that name a file, whose content is then part of the digest; of built-in tasks.
        own_options: Options that each member chooses for itself, such as a folder for what it computes once:
            they are no part of the digest; of built-in tasks.
        takes: What the path of a member's rows is, in words; empty for a task that makes its own.
        simulation: Settings of a simulation, and of a member's training, that differ from their defaults, by
            name; see `settings_of`.
        allow_missing: Share of a file's rows that may be left out for gaps or what cannot be read; each
            member's own choice, set before `rows` is asked for.
        accept_rows: Whether rows may be unlike those that an encoding was fitted on; likewise.
    """

    target: Target
    files: tuple[str, ...] = ()
    file_options: tuple[str, ...] = ()
    own_options: tuple[str, ...] = ()
    takes: str = "a file or folder of rows"
    simulation: Mapping[str, Any] = {}
    allow_missing: float = ALLOWED_MISSING
    accept_rows: bool = False

    def module(self) -> "nn.Module":
        """Return a new module from a batch of inputs to outputs; inputs by name are keyword arguments.

        It is made under a fixed seed, so that what it draws and never trains is everyone's. Parameters that
        do not require a gradient are never sent.
        """
        raise TaskError(f"task {type(self).__name__} defines no module()")

    def module_for(self, row: Shape, label: Shape) -> "nn.Module":
        """Return a new module for rows and targets of these shapes, for tasks that learn them from rows."""
        return self.module()

    def rows(self, path: Path | None) -> Rows:
        """Return a member's rows, read from its file or folder; nothing is fitted or drawn at random."""
        raise TaskError(f"task {type(self).__name__} defines no rows(path)")

    def losses(self, outputs: Any, targets: Any) -> "Tensor":
        """Return the loss of each row, float [rows], at least 0 and of no other row; by default the target's.

        Classes: cross-entropy; labels: binary cross-entropy; numbers: squared error, halved; each the mean
        over what of the row is known.
        """
        from ml.tasks.losses import row_losses

        return row_losses(self.target, outputs, targets)

    def metrics(self, outputs: Any, targets: Any) -> Mapping[str, float]:
        """Return more figures of a model, for people: they never decide, and never leave the member.

        Args:
            outputs: Of the module for all rows, tensors on the CPU.
            targets: Of all rows, likewise.
        """
        return {}

    def train(self, model: "nn.Module", rows: Rows, context: "Context") -> None:
        """Train `model` in place on a member's rows; by default Adam over a permutation of them.

        Whatever is drawn at random comes from PyTorch's, NumPy's or Python's generator, which were seeded.
        """
        from ml.tasks.context import train_with_adam

        train_with_adam(self, model, rows, context)

    def initial_parameters(
        self, schema: Schema, module: "nn.Module", seed: int
    ) -> NDArray[np.float32] | None:
        """Return a first model float32 [size] for a seed; none for what the module draws when it is made.

        By default a module says it by its method `initial_parameters(seed)`, where it has one.
        """
        own = getattr(module, "initial_parameters", None)
        return None if own is None else own(seed)


def settings_of(task: Task) -> Mapping[str, Any]:
    """Return the settings of a simulation and of training that a task has defaults of its own of, by name.

    Raises:
        TaskError: When what it says are no settings by name.
    """
    with blamed("the task's simulation"):
        said: Any = task.simulation
    if not (isinstance(said, Mapping) and all(isinstance(name, str) for name in said)):
        raise TaskError(
            f"the task's simulation is {said!r}; expected settings by name, such as {UNLESS_SAID}"
        )
    return {**UNLESS_SAID, **said}
