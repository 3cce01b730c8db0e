"""Three kinds of wine of scikit-learn, 178 rows.

ape run simulate --network foundry --task examples/wine.py:Wine --clients 6 --rounds 20
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_wine
from torch import nn

from stakefed import Classes, Rows, Task


class Wine(Task):
    """One of three classes; flipped labels are 2 − y."""

    target = Classes(3, names=("class 0", "class 1", "class 2"))
    takes = ""
    simulation = {"local_epochs": 5, "learning_rate": 1e-2}

    def module(self) -> nn.Module:
        """Return thirteen numbers in, three logits out."""
        return nn.Sequential(nn.Linear(13, 24), nn.Tanh(), nn.Linear(24, 3))

    def rows(self, path: Path | None) -> Rows:
        """Return all rows; the logarithm brings columns of different units together."""
        data = load_wine()
        return Rows(np.log1p(data.data), data.target)
