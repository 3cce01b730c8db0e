"""How much of what a model says of a voter's rows a change takes back; no labels are asked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.tasks.targets import Classes, Target

Said = NDArray[np.float64]
"""What a model says of rows, beside what it says of all of them alike, [rows · values]."""


def said(outputs: Any, target: Target) -> Said:
    """Return outputs of rows, each value less its mean over the rows, float64 [rows · values].

    Of classes each row's mean goes as well: a softmax does not see it.

    Args:
        outputs: [rows, *values], or several by name.
        target: What they are of.

    >>> said(np.array([[3.0], [1.0]]), target=None)
    array([ 1., -1.])
    >>> said(np.array([[3.0, 1.0], [7.0, 7.0]]), Classes(2))
    array([ 0.5, -0.5, -0.5,  0.5])
    >>> said({"left": np.array([3.0, 1.0]), "right": np.array([0.0, 4.0])}, target=None)
    array([ 1., -1., -2.,  2.])
    """
    if isinstance(outputs, Mapping):
        return np.concatenate([said(part, target) for part in outputs.values()])
    values = np.asarray(outputs, dtype=np.float64).reshape(len(outputs), -1)
    with np.errstate(invalid="ignore"):  # Of what is not finite; `growth` tells it.
        if isinstance(target, Classes):
            values = values - values.mean(axis=1, keepdims=True)
        beside_mean: Said = values - values.mean(axis=0)
    return beside_mean.ravel()


def growth(now: Said, before: Said) -> float:
    """Return β = ⟨z' − z, z⟩ / ⟨z, z⟩, the share by which a model says more of what it said; −1 for all back.

    The slope of the change on what was said, by least squares. What is learned anew lies beside z; wrong
    labels that fit no row pull every output towards what is said of all rows alike. 0 where nothing was said,
    −∞ where what is said now is not finite.

    >>> round(growth(np.array([0.8, -0.8]), before=np.array([1.0, -1.0])), 6)
    -0.2
    >>> growth(np.array([0.8, -0.8]), before=np.zeros(2))
    0.0
    >>> growth(said(np.array([np.inf, 0.0]), None), before=np.array([1.0, -1.0]))
    -inf
    """
    length = float(before @ before)
    if not length > 0:
        return 0.0
    more = float((now - before) @ before) / length
    return more if np.isfinite(more) else -np.inf
