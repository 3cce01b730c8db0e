"""Scores of models on validation rows."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Rows
from ml.errors import ScoreError
from ml.judging.metrics import has_both, measure
from ml.models.base import Learner, expected_shapes, fits
from ml.settings import Metric

# More than a round scores, which is the parent, the updates and their averages.
_RECENT_MODELS = 32


def score(
    params: NDArray[np.float32], X: Rows, y: NDArray[np.float32], metric: Metric, learner: Learner
) -> float:
    """Return the score of a model [size] on rows with labels [rows, *label] in {0, 1}.

    Raises:
        ScoreError: When there are no rows, or the metric is AUROC and no label has both classes.
    """
    return float(ValidationSets([(X, y)], learner, metric).scores(params, [0])[0])


class ValidationSets:
    """Every client's validation rows, made ready to score a model for many voters at once.

    A client's score is the one it would find by itself, to the last bit, whoever else is scored. Scores of
    recent models are kept, since a round's average is the next one's parent.

    Args:
        sets: Per client, rows and labels float32 [rows, *label] in {0, 1}.
        learner: What the models are of.
        metric: "accuracy", or "auroc" (ties count one half).

    Raises:
        ScoreError: When a set is empty, does not fit, or has one class where the metric needs both.
    """

    def __init__(
        self, sets: Sequence[tuple[Rows, NDArray[np.float32]]], learner: Learner, metric: Metric
    ) -> None:
        for client, (X, y) in enumerate(sets):
            _check(client, X, y, learner, metric)
        self._metric: Metric = metric
        self._predictor = learner.predictor([X for X, _ in sets])
        self._labels = [y > 0.5 for _, y in sets]
        self._recent: OrderedDict[bytes, NDArray[np.float64]] = OrderedDict()

    def scores(self, params: NDArray[np.float32], clients: Sequence[int]) -> NDArray[np.float64]:
        """Return the score of one model [size] on each of `clients`' own rows, in that order."""
        known = self._known(params)
        missing = [client for client in clients if np.isnan(known[client])]
        for client, logits in zip(missing, self._predictor.logits(params, missing), strict=True):
            known[client] = measure(self._metric, logits, self._labels[client])
        chosen: NDArray[np.float64] = known[np.asarray(clients, dtype=np.int64)]
        return chosen

    def _known(self, params: NDArray[np.float32]) -> NDArray[np.float64]:
        key = blake2b(params.tobytes()).digest()
        known = self._recent.setdefault(key, np.full(len(self._labels), np.nan))
        self._recent.move_to_end(key)
        if len(self._recent) > _RECENT_MODELS:
            self._recent.popitem(last=False)
        return known


def _check(client: int, X: Rows, y: NDArray[np.float32], learner: Learner, metric: Metric) -> None:
    if not fits(learner, X, y):
        raise ScoreError(
            f"set {client} has rows {X.shape} and labels {y.shape}; "
            f"expected {expected_shapes(learner)}, n ≥ 1"
        )
    if metric == "auroc" and not has_both(y > 0.5).any():
        which = "one class" if y.ndim == 1 else "one class in every label"
        raise ScoreError(
            f"the {len(y)} rows of set {client} are of {which}, where AUROC is undefined; "
            "use fewer clients or accuracy"
        )
