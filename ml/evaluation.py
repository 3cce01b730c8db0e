"""How good a model is on rows that no client holds."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ml.model import as_tensor, forward, unflatten
from ml.schema import Schema
from ml.scoring import accuracy, auroc

_CHUNK_ROWS = 2048  # Activations of a chunk stay in the CPU's cache.


@dataclass(frozen=True)
class Quality:
    """Scores of one model on the test rows."""

    accuracy: float
    auroc: float


class Evaluation:
    """Test rows on one device; both scores of a model from a single pass.

    Args:
        X: Rows float32 [rows, inputs].
        y: Labels float32 [rows] in {0, 1}, both present.
        schema: The models' schema.
        device: Where to compute.
    """

    def __init__(
        self, X: NDArray[np.float32], y: NDArray[np.float32], schema: Schema, device: str = "cpu"
    ) -> None:
        self._chunks = torch.split(as_tensor(X, device), _CHUNK_ROWS)
        self._labels = y > 0.5
        self._schema = schema
        self._device = device

    def quality(self, params: NDArray[np.float32]) -> Quality:
        """Return the scores of a model [size]."""
        with torch.inference_mode():
            tensors = unflatten(as_tensor(params, self._device), self._schema)
            logits = torch.cat([forward(tensors, chunk) for chunk in self._chunks]).cpu().numpy()
        return Quality(accuracy(logits, self._labels), auroc(logits, self._labels))
