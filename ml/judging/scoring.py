"""Scores of models on validation rows."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Targets
from ml.errors import ScoreError
from ml.judging.metrics import measure, metrics_of, require_measurable
from ml.training.learner import Learner, expected_shapes, fits, found_shapes

# More than a round scores, which is the parent, the updates and their averages.
_RECENT_MODELS = 32


def score(params: NDArray[np.float32], X: Inputs, y: Targets, metric: str, learner: Learner) -> float:
    """Return the score of a model [size] on rows with targets [rows, *label].

    Raises:
        ScoreError: When there are no rows, or they leave the score undefined.
    """
    return float(ValidationSets([(X, y)], learner, metric).scores(params, [0])[0])


class ValidationSets:
    """Every client's validation rows, made ready to score a model for many voters at once.

    A client's score is the one it would find by itself, to the last bit, whoever else is scored. Scores of
    recent models are kept, since a round's average is the next one's parent.

    Args:
        sets: Per client, rows and targets [rows, *label].
        learner: What the models are of.
        metric: One of the target's scores (`metrics_of`).
        names: Whose the sets are, for errors; none for clients by number.

    Raises:
        ScoreError: When a set is empty, does not fit, or leaves the score undefined.
    """

    def __init__(
        self,
        sets: Sequence[tuple[Inputs, Targets]],
        learner: Learner,
        metric: str,
        names: Sequence[str] = (),
    ) -> None:
        for client, (X, y) in enumerate(sets):
            _check(names[client] if names else f"client {client}", X, y, learner, metric)
        self._metric = metric
        self._learner = learner
        self._predictor = learner.predictor([X for X, _ in sets])
        self._targets = [y for _, y in sets]
        self._recent: OrderedDict[bytes, NDArray[np.float64]] = OrderedDict()

    def scores(self, params: NDArray[np.float32], clients: Sequence[int]) -> NDArray[np.float64]:
        """Return the score of one model [size] on each of `clients`' own rows, in that order."""
        known = self._known(params)
        missing = [client for client in clients if np.isnan(known[client])]
        for client, outputs in zip(missing, self._predictor.outputs(params, missing), strict=True):
            known[client] = self._measured(client, outputs)
        chosen: NDArray[np.float64] = known[np.asarray(clients, dtype=np.int64)]
        return chosen

    def losses(self, params: NDArray[np.float32], clients: Sequence[int]) -> list[NDArray[np.float64]]:
        """Return the loss of each of `clients`' own rows under one model [size], float64 [rows] each."""
        outputs = self._predictor.outputs(params, list(clients))
        return [
            self._learner.losses(found, self._targets[client])
            for client, found in zip(clients, outputs, strict=True)
        ]

    def _measured(self, client: int, outputs: Any) -> float:
        learner, targets = self._learner, self._targets[client]
        return measure(
            self._metric, learner.target, outputs, targets, lambda: learner.losses(outputs, targets)
        )

    def _known(self, params: NDArray[np.float32]) -> NDArray[np.float64]:
        key = blake2b(params.tobytes()).digest()
        known = self._recent.setdefault(key, np.full(len(self._targets), np.nan))
        self._recent.move_to_end(key)
        if len(self._recent) > _RECENT_MODELS:
            self._recent.popitem(last=False)
        return known


def _check(whose: str, X: Inputs, y: Targets, learner: Learner, metric: str) -> None:
    if not fits(learner, X, y):
        raise ScoreError(
            f"the validation set of {whose} has {found_shapes(X, y)}; "
            f"expected {expected_shapes(learner)}, n ≥ 1"
        )
    if metric not in metrics_of(learner.target):
        raise ScoreError(
            f"there is no score {metric!r} of {learner.target}; use {' or '.join(metrics_of(learner.target))}"
        )
    require_measurable(metric, learner.target, y, f"the validation set of {whose}")
