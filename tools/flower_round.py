"""Seconds of a round in Flower's simulation: the same clients, network and rows, without a chain.

Runs in an environment of its own, that of `requirements-bench.txt`: Flower and Ape ask for different versions
of the same packages; `make bench FLOWER=1` makes it. Rows are random: their content costs nothing.
"""

import numpy as np
import torch
from flwr.client import ClientApp, NumPyClient  # type: ignore[import-not-found]
from flwr.common import Context, ndarrays_to_parameters  # type: ignore[import-not-found]
from flwr.server import ServerApp, ServerAppComponents, ServerConfig  # type: ignore[import-not-found]
from flwr.server.strategy import FedAvg  # type: ignore[import-not-found]
from flwr.simulation import run_simulation  # type: ignore[import-not-found]
from numpy.typing import NDArray
from peer_learning import (
    BATCH,
    CLIENTS,
    LEARNING_RATE,
    SCORING,
    TRAINING,
    WALL,
    Clock,
    network,
    parted,
    rows_of,
    write_medians,
)
from torch import nn


class Client(NumPyClient):  # type: ignore[misc]
    """Trains and scores as the simulation's clients do."""

    def __init__(self, client: int, rows: int, inputs: int) -> None:
        self._training, self._validation = parted(rows_of(client, rows, inputs))
        self._model = network(inputs)

    def fit(self, parameters, config):  # type: ignore[no-untyped-def]
        """One local epoch of Adam."""
        self._load(parameters)
        X, y = self._training
        optimiser = torch.optim.Adam(self._model.parameters(), lr=LEARNING_RATE)
        for batch in torch.split(torch.randperm(len(y)), BATCH):
            loss = nn.functional.binary_cross_entropy_with_logits(self._model(X[batch]).squeeze(1), y[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return [p.detach().numpy() for p in self._model.parameters()], len(y), {}

    def evaluate(self, parameters, config):  # type: ignore[no-untyped-def]
        """Accuracy on the validation rows."""
        self._load(parameters)
        X, y = self._validation
        with torch.inference_mode():
            accuracy = ((self._model(X).squeeze(1) > 0) == (y > 0.5)).float().mean().item()
        return 1 - accuracy, len(y), {}

    def _load(self, parameters: list[NDArray[np.float32]]) -> None:
        with torch.no_grad():
            for mine, given in zip(self._model.parameters(), parameters, strict=True):
                mine.copy_(torch.from_numpy(given))


def measure(rows: int, rounds: int, inputs: int, now: Clock) -> list[float]:
    """Return the seconds of each round but the first, in which workers start."""
    ends: list[float] = []

    class Clocked(FedAvg):  # type: ignore[misc]
        def aggregate_evaluate(self, server_round, results, failures):  # type: ignore[no-untyped-def]
            if failures or len(results) != SCORING:
                raise RuntimeError(f"{len(results)} of {SCORING} clients scored: {failures[:1]}")
            aggregated = super().aggregate_evaluate(server_round, results, failures)
            ends.append(now())
            return aggregated

    def server(context: Context) -> ServerAppComponents:
        start = ndarrays_to_parameters([p.detach().numpy() for p in network(inputs).parameters()])
        strategy = Clocked(
            fraction_fit=TRAINING / CLIENTS,
            fraction_evaluate=SCORING / CLIENTS,
            min_available_clients=CLIENTS,
            initial_parameters=start,
        )
        return ServerAppComponents(strategy=strategy, config=ServerConfig(num_rounds=rounds + 1))

    def client(context: Context) -> object:
        return Client(int(context.node_config["partition-id"]), rows, inputs).to_client()

    run_simulation(
        ServerApp(server_fn=server),
        ClientApp(client_fn=client),
        num_supernodes=CLIENTS,
        backend_config={"client_resources": {"num_cpus": 1, "num_gpus": 0.0}},
    )
    return [later - earlier for earlier, later in zip(ends[:-1], ends[1:], strict=True)]


def main() -> None:
    """Measure every number of rows and write the medians as JSON."""
    write_medians(__doc__, measure, WALL)


if __name__ == "__main__":
    # By its name, since Ray's workers look up what they are sent in modules that they can import.
    from flower_round import main as importable_main

    importable_main()
