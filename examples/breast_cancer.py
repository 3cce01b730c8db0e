"""Breast cancer of scikit-learn, 569 rows: is a tumour benign? A module and rows of one's own, nothing else.

ape run simulate --network foundry --task examples/breast_cancer.py:BreastCancer --clients 8 --rounds 20
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer
from torch import nn

from stakefed import Labels, Rows, Task


class BreastCancer(Task):
    """One label; the rows are the package's own, so that no path is asked for."""

    target = Labels(names=("benign",))
    takes = ""
    simulation = {"local_epochs": 3, "learning_rate": 5e-3}

    def module(self) -> nn.Module:
        """Return thirty numbers in, one logit out."""
        return nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1), nn.Flatten(0))

    def rows(self, path: Path | None) -> Rows:
        """Return all rows, each column over its typical size: nothing is fitted."""
        data = load_breast_cancer()
        return Rows(np.log1p(data.data), data.target.astype(np.float32))
