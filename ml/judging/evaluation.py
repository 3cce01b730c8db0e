"""How good a model is on rows that no client holds."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Targets
from ml.judging.metrics import LIKELIHOOD, measure, metrics_of
from ml.training.learner import Learner

Quality = Mapping[str, float]
"""Scores of one model on the test rows by name, the mean `loss` and the task's own metrics among them."""


class Evaluation:
    """Test rows, made ready; all scores of a model from a single pass.

    Args:
        X: The rows.
        y: Their targets, which leave the target's scores defined.
        learner: What the models are of.
    """

    def __init__(self, X: Inputs, y: Targets, learner: Learner) -> None:
        self._rows = learner.predictor([X])
        self._targets = y
        self._learner = learner

    def quality(self, params: NDArray[np.float32]) -> dict[str, float]:
        """Return the scores of a model [size] by name."""
        learner, targets = self._learner, self._targets
        outputs = self._rows.outputs(params, [0])[0]
        losses = learner.losses(outputs, targets)
        names = sorted(name for name in metrics_of(learner.target) if name != LIKELIHOOD)
        scores = {name: measure(name, learner.target, outputs, targets, lambda: losses) for name in names}
        return {**scores, "loss": float(losses.mean()), **learner.metrics(outputs, targets)}
