"""Progression of diabetes of scikit-learn, 442 rows: a number, with losses of one's own (Huber).

ape run simulate --network foundry --task examples/diabetes.py:Diabetes --clients 8 --rounds 20
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from stakefed import Numbers, Rows, Task

MEAN, SCALE = 152.0, 77.0  # Of the target, fixed: every member standardises alike.


class Diabetes(Task):
    """A number; voters and clients compare Huber's losses, by row."""

    target = Numbers(names=("progression",))
    takes = ""
    simulation = {"local_epochs": 3, "learning_rate": 5e-3}

    def module(self) -> nn.Module:
        """Return ten numbers in, one out."""
        return nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))

    def rows(self, path: Path | None) -> Rows:
        """Return all rows; scikit-learn ships them standardised to a small length."""
        data = load_diabetes()
        return Rows(data.data * 20, ((data.target - MEAN) / SCALE).astype(np.float32))

    def losses(self, outputs: Any, targets: Any) -> Tensor:
        """Return Huber's loss of each row."""
        return huber_loss(outputs, targets, reduction="none")

    def metrics(self, outputs: Any, targets: Any) -> Mapping[str, float]:
        """Return the mean error in the target's own unit."""
        return {"error": float((outputs - targets).abs().mean()) * SCALE}
