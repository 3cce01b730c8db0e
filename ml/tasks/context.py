"""What a member's training is given, and the training that it gets by default."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ml.data.rows import Rows, Targets
from ml.errors import TaskError
from ml.settings import TrainingSettings
from ml.tasks.batches import Batches, as_tensors
from ml.tasks.losses import batch_loss, nothing_is_masked

if TYPE_CHECKING:
    from ml.tasks.task import Task


@dataclass(frozen=True)
class Context:
    """Where and how a member trains.

    Attributes:
        seed: Of everything that this training draws; PyTorch, NumPy and Python were seeded with it.
        round: The round, from 1; 0 outside of one.
        device: "cpu" or "cuda", where the model is.
        settings: Epochs, batch and step size that the member chose.
        secret: What noise that hides rows follows from, known to nobody else; empty where there is none.
    """

    seed: int
    round: int = 0
    device: str = "cpu"
    settings: TrainingSettings = TrainingSettings()
    secret: bytes = b""

    def batches(self, rows: Rows, workers: int = 0) -> Batches:
        """Return (inputs, targets) on the device, batch by batch, for as many passes as the settings say.

        Their number is their `len`. Each pass is a permutation of the rows drawn from the seed. A batch of
        one that is left over at the end is skipped: it has no variance for a normalisation to divide by.

        Args:
            rows: What to go through.
            workers: Processes that make inputs ready beforehand, for those that are read row by row.
        """
        return Batches(rows, self.seed, self.settings, self.device, workers)


def train_with_adam(task: "Task", model: nn.Module, rows: Rows, context: Context) -> None:
    """Train a model in place as the paper does: Adam, batches in random order, the task's losses."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=context.settings.learning_rate, fused=True)
    lowered = mean_loss(task, rows.targets)
    for inputs, targets in context.batches(rows):
        optimiser.zero_grad()
        lowered(forward(model, inputs), targets).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def mean_loss(task: "Task", targets: Targets) -> Callable[[Any, Any], Tensor]:
    """Return what training lowers, of outputs and targets of a batch: the mean of the task's losses.

    Args:
        task: Whose losses.
        targets: Of all rows that batches are made of.
    """
    from ml.tasks.task import Task

    if type(task).losses is not Task.losses:
        return lambda outputs, targets: _lowerable(task.losses(outputs, targets)).mean()
    is_whole = nothing_is_masked(task.target, as_tensors(targets, "cpu"))
    return lambda outputs, targets: batch_loss(task.target, outputs, targets, is_whole)


def _lowerable(losses: Tensor) -> Tensor:
    if not (losses.requires_grad and losses.is_floating_point()):
        raise TaskError(
            f"losses returns {losses.dtype} without a gradient, so that Adam cannot lower them; "
            "make them of the outputs, or give the task a train() of its own"
        )
    return losses


def forward(model: nn.Module, inputs: Any) -> Any:
    """Return the outputs of a module for a batch; inputs by name are its keyword arguments."""
    return model(**inputs) if isinstance(inputs, dict) else model(inputs)
