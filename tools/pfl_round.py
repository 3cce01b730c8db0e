"""Seconds of a round in pfl-research's simulation: the same clients, network and rows, without a chain.

Runs in an environment of its own, that of `requirements-pfl.txt`; `make bench PFL=1` makes it. One process,
with one thread and with all: whichever is faster counts.
"""

import asyncio
from dataclasses import replace
from itertools import pairwise
from statistics import median

import torch
from peer_learning import (
    BATCH,
    CLIENTS,
    LEARNING_RATE,
    ONE_PROCESS,
    SCORING,
    TEST_ROWS,
    TRAINING,
    Clock,
    network,
    parted,
    rows_of,
    write_medians,
)
from pfl.aggregate.simulate import SimulatedBackend  # type: ignore[import-not-found]
from pfl.algorithm.base import NNAlgorithmParams  # type: ignore[import-not-found]
from pfl.algorithm.federated_averaging import FederatedAveraging  # type: ignore[import-not-found]
from pfl.callback.base import TrainingProcessCallback  # type: ignore[import-not-found]
from pfl.callback.central_evaluation import CentralEvaluationCallback  # type: ignore[import-not-found]
from pfl.data.federated_dataset import FederatedDataset  # type: ignore[import-not-found]
from pfl.data.pytorch import PyTorchTensorDataset  # type: ignore[import-not-found]
from pfl.data.sampling import get_user_sampler  # type: ignore[import-not-found]
from pfl.hyperparam import NNEvalHyperParams, NNTrainHyperParams  # type: ignore[import-not-found]
from pfl.metrics import Metrics, Weighted  # type: ignore[import-not-found]
from pfl.model.pytorch import PyTorchModel  # type: ignore[import-not-found]
from torch import nn

SCORES = {"Central val | accuracy", "val population | accuracy before local training"}
"""What a round has to have measured: on test rows, and on those of the clients that score."""


class Learner(nn.Module):
    """The network with the loss and the metric that pfl asks for."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layers = network(inputs)

    def loss(self, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Of a batch in training."""
        return nn.functional.binary_cross_entropy_with_logits(self.layers(X).squeeze(1), y)

    @torch.inference_mode()
    def metrics(self, X: torch.Tensor, y: torch.Tensor) -> dict[str, object]:
        """Accuracy."""
        right = ((self.layers(X).squeeze(1) > 0) == (y > 0.5)).float().sum().item()
        return {"accuracy": Weighted(right, len(y))}


class Averaging(FederatedAveraging):  # type: ignore[misc]
    """Federated averaging whose clients train or score, as in a round here; pfl's own score as they train."""

    def get_next_central_contexts(self, *arguments, **named):  # type: ignore[no-untyped-def]
        """As its own."""
        contexts, model, metrics = super().get_next_central_contexts(*arguments, **named)
        if contexts is None:
            return contexts, model, metrics
        training, *others = contexts
        return (replace(training, do_evaluation=False), *others), model, metrics


class Laps(TrainingProcessCallback):  # type: ignore[misc]
    """When rounds end."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self.ends: list[float] = []

    def after_central_iteration(self, aggregate_metrics, model, *, central_iteration):  # type: ignore[no-untyped-def]
        """Take the time, once all have scored."""
        found = {str(name) for name, _ in aggregate_metrics}
        if not found >= SCORES:
            raise RuntimeError(f"there is no {SCORES - found} in a round, only {found}")
        self.ends.append(self._now())
        return False, Metrics()


def users(parts: list[PyTorchTensorDataset]) -> FederatedDataset:
    """Clients of whom a round draws some at random."""
    sampler = get_user_sampler("minimize_reuse", range(len(parts)))
    return FederatedDataset(parts.__getitem__, sampler)


def rounds_of(rows: int, rounds: int, inputs: int, threads: int, now: Clock) -> list[float]:
    """Return the seconds of each round but the first."""
    torch.set_num_threads(threads)
    clients = [parted(rows_of(client, rows, inputs)) for client in range(CLIENTS)]
    model = Learner(inputs)
    laps = Laps(now)
    Averaging().run(
        algorithm_params=NNAlgorithmParams(
            central_num_iterations=rounds + 1,
            evaluation_frequency=1,
            train_cohort_size=TRAINING,
            val_cohort_size=SCORING,
        ),
        backend=SimulatedBackend(
            users([PyTorchTensorDataset(training) for training, _ in clients]),
            users([PyTorchTensorDataset(validation) for _, validation in clients]),
        ),
        model=PyTorchModel(model, torch.optim.Adam, torch.optim.SGD(model.parameters(), lr=1.0)),
        model_train_params=NNTrainHyperParams(
            local_num_epochs=1, local_learning_rate=LEARNING_RATE, local_batch_size=BATCH
        ),
        model_eval_params=NNEvalHyperParams(local_batch_size=None),
        callbacks=[
            CentralEvaluationCallback(PyTorchTensorDataset(rows_of(CLIENTS, TEST_ROWS, inputs))),
            laps,
        ],
        send_metrics_to_platform=False,
    )
    return [later - earlier for earlier, later in pairwise(laps.ends)]


def measure(rows: int, rounds: int, inputs: int, now: Clock) -> list[float]:
    """Return the seconds of each round, with as many threads as are faster."""
    found = [rounds_of(rows, rounds, inputs, threads, now) for threads in (1, torch.get_num_threads())]
    return min(found, key=median)


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())  # pfl asks for the one that is there.
    write_medians(__doc__, measure, ONE_PROCESS)
