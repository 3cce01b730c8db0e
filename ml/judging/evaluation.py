"""How good a model is on rows that no client holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Rows
from ml.judging.metrics import measure
from ml.models.base import Learner


@dataclass(frozen=True)
class Quality:
    """Scores of one model on the test rows."""

    accuracy: float
    auroc: float


class Evaluation:
    """Test rows, made ready; both scores of a model from a single pass.

    Args:
        X: The rows.
        y: Labels float32 [rows, *label] in {0, 1}; both classes present in one label at least.
        learner: What the models are of.
    """

    def __init__(self, X: Rows, y: NDArray[np.float32], learner: Learner) -> None:
        self._rows = learner.predictor([X])
        self._labels = y > 0.5

    def quality(self, params: NDArray[np.float32]) -> Quality:
        """Return the scores of a model [size]."""
        logits = self._rows.logits(params, [0])[0]
        return Quality(measure("accuracy", logits, self._labels), measure("auroc", logits, self._labels))
