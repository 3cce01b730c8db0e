"""The learning of a round as one writes it in plain PyTorch: what the protocol's cost is compared with."""

from collections import OrderedDict
from time import perf_counter

import numpy as np
import torch
from torch import nn

from ml.data.splits import FederatedData
from ml.models.perceptron import HIDDEN
from ml.parallel import processors
from offchain.settings import SimulationSettings

PROPOSERS = 5


class PlainRound:
    """Federated averaging without chain, stakes, digests or fixed point; layers, loss and Adam are PyTorch's.

    Five clients train, all others score the average on their validation rows, and test rows score it too.
    Work is that of a round with policy `aggregate`; PyTorch uses all processors.
    """

    def __init__(self, data: FederatedData, settings: SimulationSettings) -> None:
        """Place all rows."""
        self._settings = settings
        self._train = [(_placed(c.X_train), _placed(c.y_train)) for c in data.clients]
        self._held = [(_placed(c.X_validation), _placed(c.y_validation)) for c in data.clients]
        count = settings.test_rows
        self._test = _placed(data.X_test)[:count], _placed(data.y_test)[:count]
        inputs, hidden = self._test[0].shape[1], settings.task_options.get("hidden", HIDDEN)
        self._model = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )
        self._state = OrderedDict((name, t.clone()) for name, t in self._model.state_dict().items())

    def play(self, round_: int) -> float:
        """Play a round; its seconds."""
        before = torch.get_num_threads()
        torch.set_num_threads(processors())
        started = perf_counter()
        seats = np.random.default_rng(round_).permutation(len(self._train))
        trained = [self._fit(*self._train[client]) for client in seats[:PROPOSERS]]
        self._state = OrderedDict(
            (name, torch.stack([state[name] for state in trained]).mean(0)) for name in self._state
        )
        self._model.load_state_dict(self._state)
        scores = [self._score(*self._held[client]) for client in seats[PROPOSERS:]]
        scores.append(self._score(*self._test))
        seconds = perf_counter() - started
        torch.set_num_threads(before)
        return seconds

    def _fit(self, X: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        self._model.load_state_dict(self._state)
        loss_of = nn.BCEWithLogitsLoss()
        optimiser = torch.optim.Adam(self._model.parameters(), lr=self._settings.learning_rate)
        for batch in torch.split(torch.randperm(len(y)), self._settings.batch):
            loss = loss_of(self._model(X[batch]).squeeze(1), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return {name: tensor.clone() for name, tensor in self._model.state_dict().items()}

    @torch.inference_mode()
    def _score(self, X: torch.Tensor, y: torch.Tensor) -> float:
        right = (self._model(X).squeeze(1) > 0) == (y > 0.5)
        return float(right.float().mean())


def _placed(rows: object) -> torch.Tensor:
    return torch.from_numpy(np.asarray(rows))
