"""Scores of logits against labels."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ml.errors import ScoreError
from ml.settings import Metric

Logits = NDArray[np.float32]
Labels = NDArray[np.bool_]


def accuracy(logits: Logits, labels: Labels) -> float:
    """Return the share of labels on whose side of 0 the logit lies; of all labels of all rows, when several.

    >>> accuracy(np.array([-1.0, 2.0, 0.5]), np.array([False, True, False])) == 2 / 3
    True
    """
    return int(np.count_nonzero((logits > 0) == labels)) / labels.size


def auroc(logits: Logits, labels: Labels) -> float:
    """Return the area under the ROC curve: the chance that a positive scores above a negative, ties one half.

    With several labels [rows, labels], the mean over those of which the rows have both positives and
    negatives; the others are left out, since AUROC is undefined for them. Exact, as the Mann-Whitney
    statistic (Hanley and McNeil, 1982).

    Raises:
        ScoreError: When no label has both.

    >>> auroc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    >>> logits = np.array([[0.1, 5.0], [0.4, 6.0], [0.4, 7.0], [0.8, 8.0]])
    >>> auroc(logits, np.array([[False, True], [False, True], [True, True], [True, True]]))
    0.875
    """
    if labels.ndim == 1:
        return _area(logits, labels)
    defined = has_both(labels)
    if not defined.any():
        raise ScoreError(
            f"AUROC needs rows of both classes of a label; none of {len(defined)} labels has them"
        )
    return float(np.mean([_area(logits[:, i], labels[:, i]) for i in np.flatnonzero(defined)]))


def has_both(labels: Labels) -> Labels:
    """Return for each label whether the rows have positives and negatives, [labels] or () as for one row."""
    positives = np.count_nonzero(labels, axis=0)
    return np.asarray((positives > 0) & (positives < len(labels)))


METRICS: Mapping[Metric, Callable[[Logits, Labels], float]] = {"accuracy": accuracy, "auroc": auroc}
"""By the name that settings carry."""


def measure(metric: Metric, logits: Logits, labels: Labels) -> float:
    """Return a model's score, or 0, the worst, when it has logits that are not finite.

    A deep network of finite parameters may overflow. NaN has no place in an order: left as it is, it would
    count as above every negative.
    """
    return METRICS[metric](logits, labels) if np.isfinite(logits).all() else 0.0


def _area(logits: Logits, labels: Labels) -> float:
    positive, negative = logits[labels], np.sort(logits[~labels])
    if not positive.size or not negative.size:
        raise ScoreError(
            f"AUROC needs rows of both classes, got {positive.size} positive and {negative.size} negative"
        )
    below = np.searchsorted(negative, positive, "left").sum()
    not_above = np.searchsorted(negative, positive, "right").sum()
    return float((below + not_above) / (2 * positive.size * negative.size))
