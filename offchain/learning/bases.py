"""Each client's base among the last global models, chosen on its own rows."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from math import log

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Targets
from ml.judging.bases import qualifying
from ml.judging.constants import constant_loss
from ml.judging.own_rows import OwnRows
from ml.tasks.task import Task
from ml.updates.fixed_point import decode, is_encodable
from offchain.learning.common import Parameters

Trained = NDArray[np.float32]
Train = Callable[[Parameters, Sequence[int]], Mapping[int, Trained]]
"""What each of some clients makes of a model, by client, float32 [size]."""


class Bases:
    """Which of the last models clients build on; models are told oldest first, the global model last.

    Args:
        rows: All clients' own rows.
        known: Each client's training targets, which its best constant is of.
        task: What is learned.
        tolerance: ε of Eq. 2.
    """

    def __init__(self, rows: OwnRows, known: Sequence[Targets], task: Task, tolerance: float) -> None:
        self._rows = rows
        self._known = known
        self._task = task
        self._budget = -log(1 - tolerance)
        self._losses: dict[tuple[bytes, int], float] = {}

    def of(self, models: Sequence[Parameters], clients: Sequence[int]) -> dict[int, list[int]]:
        """Return the places of the models that may be each client's base, newest first."""
        self._forget_but(models)
        losses = [self._means(decode(model), clients) for model in models]
        return {
            client: qualifying([of_model[i] for of_model in losses], self._budget, self._constant(client))
            for i, client in enumerate(clients)
        }

    def trained(
        self,
        models: Sequence[Parameters],
        clients: Sequence[int],
        train: Train,
    ) -> dict[int, tuple[int, Trained]]:
        """Return each client's base, as a place, and what it makes of it, in the order of `clients`.

        Whoever's own change loses more than δ against its base, or diverges, goes on to the next older one: a
        rescaled copy of a model scores like it and breaks what trains from it. Where none does better, it is
        the newest.

        Args:
            models: Oldest first.
            clients: Who trains.
            train: How.
        """
        left, found = self.of(models, clients), dict[int, tuple[int, Trained]]()
        newest: dict[int, tuple[int, Trained]] = {}
        while left:
            for place, those in grouped({client: own[0] for client, own in left.items()}).items():
                for client, made in train(models[place], those).items():
                    newest.setdefault(client, (place, made))
                    if self._holds(models[place], made, client):
                        found[client] = place, made
            left = {client: places[1:] for client, places in left.items() if client not in found}
            found |= {client: newest[client] for client, places in left.items() if not places}
            left = {client: places for client, places in left.items() if places}
        return {client: found[client] for client in clients}

    def _forget_but(self, models: Sequence[Parameters]) -> None:
        kept = {_key(decode(model)) for model in models}
        self._losses = {key: loss for key, loss in self._losses.items() if key[0] in kept}

    def _holds(self, base: Parameters, made: Trained, client: int) -> bool:
        if not is_encodable(made):
            return False
        (after,), (before,) = self._rows.means(made, [client]), self._means(decode(base), [client])
        return after - before <= self._budget

    def _means(self, model: NDArray[np.float32], clients: Sequence[int]) -> list[float]:
        key = _key(model)
        missing = [client for client in clients if (key, client) not in self._losses]
        for client, loss in zip(missing, self._rows.means(model, missing), strict=True):
            self._losses[key, client] = loss
        return [self._losses[key, client] for client in clients]

    def _constant(self, client: int) -> float | None:
        return constant_loss(self._task, self._known[client], self._rows.targets(client))


def _key(model: NDArray[np.float32]) -> bytes:
    return blake2b(model.tobytes()).digest()


def grouped(places: Mapping[int, int]) -> dict[int, list[int]]:
    """Return the clients of each place, in their order."""
    groups: dict[int, list[int]] = defaultdict(list)
    for client, place in places.items():
        groups[place].append(client)
    return groups
