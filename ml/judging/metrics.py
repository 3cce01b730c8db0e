"""Scores in [0, 1] of a model's outputs, by what its target is; more is better."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Targets, length
from ml.errors import ScoreError
from ml.tasks.targets import MASKED, Classes, Labels, Numbers, Target, is_known, varies

Logits = NDArray[np.float32]
Truth = NDArray[np.bool_]

LIKELIHOOD = "likelihood"
"""The score of any target, its losses': e to the minus mean loss."""


def accuracy(logits: Logits, labels: Truth) -> float:
    """Return the share of labels on whose side of 0 the logit lies; of all labels of all rows, when several.

    >>> accuracy(np.array([-1.0, 2.0, 0.5]), np.array([False, True, False])) == 2 / 3
    True
    """
    return int(np.count_nonzero((logits > 0) == labels)) / labels.size


def auroc(logits: Logits, labels: Truth) -> float:
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
    return _mean_area([(logits[:, i], labels[:, i]) for i in range(labels.shape[1])])


def concordance(outputs: NDArray[Any], numbers: NDArray[Any]) -> float:
    """Return the chance that of two unequal numbers the greater has the greater output, ties one half.

    Harrell's C (1982), which for numbers 0 and 1 is the AUROC; from Kendall's τ, which counts the same pairs.

    Raises:
        ScoreError: When all numbers are equal.

    >>> concordance(np.array([1.0, 3.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0, 3.0]))
    0.6
    """
    from scipy.stats import kendalltau

    if not (numbers != numbers[:1]).any():
        raise ScoreError(f"concordance needs unequal numbers, and all {len(numbers)} are {numbers[:1]}")
    if not (outputs != outputs[:1]).any():
        return 0.5
    pairs = len(numbers) * (len(numbers) - 1) / 2
    unequal, apart = pairs - _ties(numbers), pairs - _ties(outputs)
    difference = kendalltau(outputs, numbers).statistic * np.sqrt(unequal) * np.sqrt(apart)
    return float(0.5 + round(difference) / unequal / 2)


def has_both(labels: Truth) -> Truth:
    """Return for each label whether the rows have positives and negatives, [labels] or () as for one row."""
    positives = np.count_nonzero(labels, axis=0)
    return np.asarray((positives > 0) & (positives < len(labels)))


def metrics_of(target: Target) -> tuple[str, ...]:
    """Return the names of the scores that a target has."""
    return (*_METRICS.get(type(target), {}), LIKELIHOOD)


def needs_outcomes(metric: str) -> bool:
    """Return whether a score is undefined where all rows have one outcome."""
    return metric not in (LIKELIHOOD, "accuracy")


def class_rows(target: Classes, outputs: Any, targets: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return logits [known, classes] and classes [known] of rows, or places of sequences, that have one."""
    known = targets.reshape(-1) != MASKED
    return outputs.reshape(-1, target.count)[known], targets.reshape(-1)[known]


def log_chances(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return log-probabilities of logits [rows, classes]: they order as those, and do not underflow."""
    exact = logits.astype(np.float64)
    peak = exact.max(axis=1, keepdims=True)
    found: NDArray[np.float64] = exact - peak - np.log(np.exp(exact - peak).sum(axis=1, keepdims=True))
    return found


def measure(
    metric: str, target: Target, outputs: Any, targets: Any, losses: Callable[[], NDArray[np.float64]]
) -> float:
    """Return a model's score, or 0, the worst, when it has outputs that are not finite.

    A deep network of finite parameters may overflow. NaN has no place in an order: left as it is, it would
    count as above every negative.

    Args:
        metric: One of `metrics_of(target)`.
        target: What targets are.
        outputs: float32 [rows, ...], by name where a module names them.
        targets: Of the same rows.
        losses: The loss of each row, for the score that needs them.

    Raises:
        ScoreError: When these rows leave the score undefined.
    """
    parts = outputs.values() if isinstance(outputs, Mapping) else (outputs,)
    if not all(np.isfinite(part).all() for part in parts):
        return 0.0
    if metric == LIKELIHOOD:
        mean = float(losses().mean())
        return float(np.exp(-mean)) if np.isfinite(mean) else 0.0
    return _METRICS[type(target)][metric](target, outputs, targets)


def require_measurable(metric: str, target: Target, targets: Targets, which: str) -> None:
    """Raise ScoreError unless rows of these targets leave the score defined; `which` names them."""
    if not needs_outcomes(metric) or varies(target, targets):
        return
    instead = " or ".join(name for name in metrics_of(target) if name != metric)
    raise ScoreError(
        f"the {length(targets)} rows of {which} have one outcome only, where {metric} is undefined; "
        f"use fewer clients, or {instead}"
    )


def _of_labels(score: Callable[[Logits, Truth], float]) -> Callable[[Any, Any, Any], float]:
    def measured(target: Labels, outputs: Any, targets: Any) -> float:
        outputs = outputs.reshape(targets.shape)
        if not np.isnan(targets).any():
            return score(outputs, targets > 0.5)
        columns = zip(_columns(outputs), _known_columns(targets), strict=True)
        if score is accuracy:
            known = ~np.isnan(targets)
            return accuracy(outputs[known], targets[known] > 0.5)
        return _mean_area([(o[known], column[known] > 0.5) for o, (column, known) in columns])

    return measured


def _class_accuracy(target: Classes, outputs: Any, targets: Any) -> float:
    logits, classes = class_rows(target, outputs, targets)
    return int(np.count_nonzero(logits.argmax(axis=1) == classes)) / max(1, len(classes))


def _one_against_rest(target: Classes, outputs: Any, targets: Any) -> float:
    """Mean over classes of the AUROC of one's probability against the rest (Provost and Domingos, 2000)."""
    logits, classes = class_rows(target, outputs, targets)
    chances = log_chances(logits)
    return _mean_area([(chances[:, k], classes == k) for k in range(target.count)])


def _mean_concordance(target: Numbers, outputs: Any, targets: Any) -> float:
    outputs = outputs.reshape(targets.shape)
    columns = zip(_columns(outputs), _known_columns(targets), strict=True)
    pairs = [(o[known], column[known]) for o, (column, known) in columns]
    found = [concordance(o, y) for o, y in pairs if (y != y[:1]).any()]
    if not found:
        raise ScoreError(f"concordance needs unequal numbers, and those of all {len(targets)} rows are equal")
    return float(np.mean(found))


_METRICS: Mapping[type, Mapping[str, Callable[[Any, Any, Any], float]]] = {
    Labels: {"auroc": _of_labels(auroc), "accuracy": _of_labels(accuracy)},
    Classes: {"auroc": _one_against_rest, "accuracy": _class_accuracy},
    Numbers: {"concordance": _mean_concordance},
}


def _columns(values: NDArray[Any]) -> list[NDArray[Any]]:
    return [values] if values.ndim == 1 else list(values.reshape(len(values), -1).T)


def _known_columns(targets: NDArray[Any]) -> list[tuple[NDArray[Any], Truth]]:
    return [(column, is_known(column)) for column in _columns(targets)]


def _ties(values: NDArray[Any]) -> float:
    _, counts = np.unique(values, return_counts=True)
    return float((counts * (counts - 1) / 2).sum())


def _mean_area(columns: Sequence[tuple[NDArray[Any], Truth]]) -> float:
    areas = [_area(scores, labels) for scores, labels in columns if has_both(labels)]
    if not areas:
        raise ScoreError(
            f"AUROC needs rows of both classes of a label; none of {len(columns)} labels has them"
        )
    return float(np.mean(areas))


def _area(logits: NDArray[Any], labels: Truth) -> float:
    positive, negative = logits[labels], np.sort(logits[~labels])
    if not positive.size or not negative.size:
        raise ScoreError(
            f"AUROC needs rows of both classes, got {positive.size} positive and {negative.size} negative"
        )
    below = np.searchsorted(negative, positive, "left").sum()
    not_above = np.searchsorted(negative, positive, "right").sum()
    return float((below + not_above) / (2 * positive.size * negative.size))
