"""Test rows with a backdoor's mark, made ready for any number of models."""

import numpy as np
from numpy.typing import NDArray

from ml.attacks.backdoor import Trigger
from ml.data.rows import Inputs, Targets
from ml.training.learner import Learner


class MarkedRows:
    """What a backdoor is measured on.

    Args:
        trigger: The mark.
        X: The rows without it.
        y: Their true targets.
        learner: What the models are of.

    Raises:
        AttackError: When such rows cannot be marked, or have no such answers.
    """

    def __init__(self, trigger: Trigger, X: Inputs, y: Targets, learner: Learner) -> None:
        trigger.answered(learner.target, y)
        self._trigger = trigger
        self._rows = learner.predictor([trigger.marked(X)])
        self._targets = np.asarray(y)
        self._target = learner.target

    def success(self, params: NDArray[np.float32]) -> float:
        """Return the share of rows that a model [size] gives the attacker's answer because of the mark."""
        outputs = self._rows.outputs(params, [0])[0]
        return self._trigger.success(self._target, outputs, self._targets)
