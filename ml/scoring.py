"""Scores of models on validation and test rows."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ml.errors import ScoreError
from ml.model import as_tensor, forward, unflatten
from ml.schema import Schema
from ml.settings import Metric

_CHUNK_ROWS = (
    2048  # Activations of a chunk stay in the CPU's cache: twice as fast as one pass over 90,000 rows.
)


def score(
    params: NDArray[np.float32],
    X: NDArray[np.float32],
    y: NDArray[np.float32],
    metric: Metric,
    schema: Schema,
    device: str = "cpu",
) -> float:
    """Return the score of a model [size] on rows [rows, inputs] with labels [rows] in {0, 1}.

    Raises:
        ScoreError: When there are no rows, or the metric is AUROC and the rows are of one class.
    """
    return float(ValidationSets([(X, y)], schema, metric, device).scores(params, [0])[0])


class ValidationSets:
    """Every client's validation rows, held on one device, to score one model for many voters at once.

    Rows are stored joined and run through a model in chunks that ignore where one client's end, so many
    small sets cost as little as one of the same total.

    Args:
        sets: Per client, rows float32 [rows, inputs] and labels float32 [rows] in {0, 1}.
        schema: The models' schema.
        metric: "accuracy", or "auroc" (ties count one half).
        device: Where to compute.

    Raises:
        ScoreError: When a set is empty, does not fit, or has one class where the metric needs both.
    """

    def __init__(
        self,
        sets: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
        schema: Schema,
        metric: Metric,
        device: str = "cpu",
    ) -> None:
        for client, (X, y) in enumerate(sets):
            _check(client, X, y, schema, metric)
        self._schema = schema
        self._metric = metric
        self._device = device
        self._bounds = np.cumsum([0] + [len(y) for _, y in sets])
        self._rows = as_tensor(np.concatenate([X for X, _ in sets]), device)
        self._labels = np.concatenate([y for _, y in sets]) > 0.5

    def scores(self, params: NDArray[np.float32], clients: Sequence[int]) -> NDArray[np.float64]:
        """Return the score of one model [size] on each of `clients`' own rows, in that order."""
        with torch.inference_mode():
            tensors = unflatten(as_tensor(params, self._device), self._schema)
            logits = np.zeros(len(self._labels), dtype=np.float32)
            for start, stop in self._runs(clients):
                parts = [forward(tensors, rows) for rows in torch.split(self._rows[start:stop], _CHUNK_ROWS)]
                logits[start:stop] = torch.cat(parts).cpu().numpy()
        return self._accuracy(logits, clients) if self._metric == "accuracy" else self._auroc(logits, clients)

    def _runs(self, clients: Sequence[int]) -> Iterator[tuple[int, int]]:
        # Neighbouring clients' rows are one slice, so nothing is copied.
        chosen = np.unique(np.asarray(clients, dtype=np.int64))
        for run in np.split(chosen, np.flatnonzero(np.diff(chosen) != 1) + 1):
            if run.size:
                yield int(self._bounds[run[0]]), int(self._bounds[run[-1] + 1])

    def _accuracy(self, logits: NDArray[np.float32], clients: Sequence[int]) -> NDArray[np.float64]:
        correct = np.add.reduceat((logits > 0) == self._labels, self._bounds[:-1], dtype=np.int64)
        shares: NDArray[np.float64] = (correct / np.diff(self._bounds))[np.asarray(clients, dtype=np.int64)]
        return shares

    def _auroc(self, logits: NDArray[np.float32], clients: Sequence[int]) -> NDArray[np.float64]:
        places = [slice(self._bounds[client], self._bounds[client + 1]) for client in clients]
        return np.array([auroc(logits[place], self._labels[place]) for place in places], dtype=np.float64)


def auroc(scores: NDArray[np.float32], labels: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: the chance that a positive scores above a negative, ties one half.

    Exact, as the Mann-Whitney statistic (Hanley and McNeil, 1982).

    >>> auroc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    """
    positive, negative = scores[labels], np.sort(scores[~labels])
    if not positive.size or not negative.size:
        raise ScoreError(
            f"AUROC needs rows of both classes, got {positive.size} positive and {negative.size} negative"
        )
    below = np.searchsorted(negative, positive, "left").sum()
    not_above = np.searchsorted(negative, positive, "right").sum()
    return float((below + not_above) / (2 * positive.size * negative.size))


def _check(
    client: int, X: NDArray[np.float32], y: NDArray[np.float32], schema: Schema, metric: Metric
) -> None:
    inputs = schema.entries[0][1][0]
    if y.ndim != 1 or X.shape != (len(y), inputs) or len(y) == 0:
        raise ScoreError(
            f"set {client} has rows {X.shape} and labels {y.shape}; expected (n, {inputs}) and (n,), n ≥ 1"
        )
    if metric == "auroc" and y.min() == y.max():
        raise ScoreError(
            f"the {len(y)} rows of set {client} are of one class, where AUROC is undefined; "
            "use fewer clients or accuracy"
        )
