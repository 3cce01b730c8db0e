"""Local training of all seated proposers of a round at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from ml.attacks import objective
from ml.errors import TrainingError
from ml.model import as_tensor, flatten, forward_stacked, unflatten
from ml.schema import Schema
from ml.settings import AttackSettings, TrainingSettings


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """One client's rows float32 [rows, inputs], labels float32 [rows] in {0, 1}, shuffle seed and attack."""

    X: NDArray[np.float32]
    y: NDArray[np.float32]
    seed: int
    attack: AttackSettings = field(default_factory=AttackSettings)


def train(
    global_params: NDArray[np.float32],
    clients: Sequence[TrainingJob],
    schema: Schema,
    settings: TrainingSettings,
    device: str = "cpu",
) -> list[NDArray[np.float32]]:
    """Return each client's parameters float32 [size] after its local epochs, in the order of `clients`.

    Clients with the same number of rows train together, as one stack of models under one Adam: a client's
    numbers are those of training it alone, to float tolerance, since no operation mixes models.

    Raises:
        TrainingError: When a client's arrays do not fit each other or the schema.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for index, job in enumerate(clients):
        _check(index, job, schema)
        groups[len(job.y)].append(index)
    trained: dict[int, NDArray[np.float32]] = {}
    for indices in groups.values():
        stack = _train_stack(global_params, [clients[index] for index in indices], schema, settings, device)
        trained.update(zip(indices, stack, strict=True))
    return [trained[index] for index in range(len(clients))]


def _check(index: int, job: TrainingJob, schema: Schema) -> None:
    inputs = schema.entries[0][1][0]
    if job.X.shape != (len(job.y), inputs) or job.y.ndim != 1 or len(job.y) == 0:
        raise TrainingError(
            f"training job {index} has rows {job.X.shape} and labels {job.y.shape}; "
            f"expected (n, {inputs}) and (n,), n at least 1"
        )


def _train_stack(
    global_params: NDArray[np.float32],
    jobs: Sequence[TrainingJob],
    schema: Schema,
    settings: TrainingSettings,
    device: str,
) -> NDArray[np.float32]:
    objectives = [objective(job.y, job.attack) for job in jobs]
    rows = as_tensor(np.concatenate([job.X for job in jobs]), device)
    labels = as_tensor(np.concatenate([goal.labels for goal in objectives]), device)
    weights = torch.tensor([goal.divergence_weight for goal in objectives], device=device)
    held = any(goal.divergence_weight for goal in objectives)
    start = unflatten(as_tensor(global_params, device).expand(len(jobs), -1), schema)
    models = [tensor.clone(memory_format=torch.contiguous_format).requires_grad_() for tensor in start]
    optimiser = torch.optim.Adam(models, lr=settings.learning_rate, fused=True)
    shuffles = [torch.Generator().manual_seed(job.seed) for job in jobs]
    for _ in range(settings.local_epochs):
        for batch in _batches(len(jobs[0].y), settings.batch, shuffles):
            places = batch.flatten().to(device)
            logits = forward_stacked(models, rows[places].view(*batch.shape, -1))
            optimiser.zero_grad()
            _loss(logits, labels[places].view(batch.shape)).backward()  # type: ignore[no-untyped-call]
            if held:
                _add_divergence_gradient(models, start, weights)
            optimiser.step()
    with torch.no_grad():
        result: NDArray[np.float32] = flatten(models, schema).cpu().numpy()
    return result


def _batches(rows: int, batch: int, shuffles: Sequence[torch.Generator]) -> tuple[torch.Tensor, ...]:
    # Places in the clients' joined rows, [clients, batch] each; the last batch of an epoch may be smaller.
    orders = [torch.randperm(rows, generator=shuffle) + rows * i for i, shuffle in enumerate(shuffles)]
    return torch.split(torch.stack(orders), batch, dim=1)


def _loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    # A sum over the clients, so that each model's gradient is that of its own mean loss.
    return (
        torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
        / labels.shape[1]
    )


@torch.no_grad()
def _add_divergence_gradient(
    models: Sequence[torch.Tensor], start: Sequence[torch.Tensor], weights: torch.Tensor
) -> None:
    # The gradient of λ‖w − w_global‖², written out: cheaper than a second path through autograd.
    for model, origin in zip(models, start, strict=True):
        assert model.grad is not None
        scale = (2 * weights).view(-1, *[1] * (model.dim() - 1))
        model.grad.addcmul_(model - origin, scale)
