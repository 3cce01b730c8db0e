"""How much each row moves a score, and so how sure a difference of two models' scores is on so few rows.

Influences are Hampel's (1974) at the rows at hand. Those of AUROC are the placements of DeLong, DeLong and
Clarke-Pearson (1988): the standard error of their paired differences is that of a difference of two AUROCs,
to a part of one over the positives. Those of accuracy give McNemar's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Targets, length
from ml.judging.metrics import LIKELIHOOD, class_rows, has_both, log_chances
from ml.tasks.targets import Classes, Labels, Numbers, Target, is_known

Influence = NDArray[np.float64]


def influences(metric: str, target: Target, outputs: Any, targets: Targets) -> Influence:
    """Return how much each row moves a model's score, float64 [rows], 0 on average.

    Rows drawn alike give a score whose standard error is that of these values' mean. All are 0 where outputs
    are not finite, which scores 0 whatever the rows, and for a likelihood, whose losses tell it.

    Args:
        metric: One of `metrics_of(target)`, defined on these rows.
        target: What targets are.
        outputs: float32 [rows, ...].
        targets: Of the same rows.
    """
    if metric == LIKELIHOOD or not np.isfinite(outputs).all():
        return np.zeros(length(targets))
    return _INFLUENCES[type(target)][metric](target, outputs, targets)


def chance(metric: str, target: Target, targets: Targets) -> float:
    """Return the score of a model that knows nothing of a row: of the best constant, or of any order.

    >>> chance("accuracy", Labels(), np.array([1.0, 0.0, 0.0, 0.0]))
    0.75
    >>> chance("auroc", Labels(), np.array([1.0, 0.0, 0.0, 0.0]))
    0.5
    """
    if metric == LIKELIHOOD:
        return 0.0
    return _most_frequent(target, targets) if metric == "accuracy" else 0.5


def least_error(metric: str, target: Target, targets: Targets) -> float:
    """Return the least standard error that is told: of an accuracy one answer, should none change.

    >>> least_error("accuracy", Labels(), np.array([1.0, 0.0, 0.0, 0.0]))
    0.25
    """
    if metric != "accuracy" or isinstance(targets, Mapping):
        return 0.0
    return 1 / max(1, int(np.count_nonzero(is_known(targets))))


def area_influence(scores: NDArray[Any], labels: NDArray[np.bool_]) -> Influence:
    """Return how much each row moves the AUROC of these scores, float64 [rows].

    >>> area_influence(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True])).tolist()
    [0.25, -0.25, -0.25, 0.25]
    """
    positive, negative = np.sort(scores[labels]), np.sort(scores[~labels])
    found = np.empty(len(scores))
    found[labels] = _share_below(negative, scores[labels])
    found[~labels] = 1 - _share_below(positive, scores[~labels])
    area = found[labels].mean()
    found[labels] = (found[labels] - area) * (len(scores) / len(positive))
    found[~labels] = (found[~labels] - area) * (len(scores) / len(negative))
    return found


def concordance_influence(outputs: NDArray[Any], numbers: NDArray[Any]) -> Influence:
    """Return how much each row moves Harrell's C, float64 [rows]: of a ratio of two mean pairs.

    >>> concordance_influence(np.array([1.0, 3.0, 2.0]), np.array([1.0, 2.0, 3.0])).round(3).tolist()
    [0.667, -0.333, -0.333]
    """
    pairs = [_pairs(outputs - o, numbers - y) for o, y in zip(outputs, numbers, strict=True)]
    agreeing, unequal = np.array(pairs).T
    found: Influence = 2 * (agreeing - agreeing.sum() / unequal.sum() * unequal) / unequal.mean()
    return found


def _share_below(ordered: NDArray[Any], values: NDArray[Any]) -> Influence:
    """The share of ordered values below each of others, ties one half."""
    below, not_above = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    share: Influence = (below + not_above) / (2 * len(ordered))
    return share


def _pairs(outputs: NDArray[Any], numbers: NDArray[Any]) -> tuple[float, float]:
    """Of one row's differences from all: unequal numbers that agree, ties one half, and all unequal ones."""
    unequal = numbers != 0
    agree = (1 + np.sign(outputs[unequal]) * np.sign(numbers[unequal])) / 2
    return float(agree.sum()), float(np.count_nonzero(unequal))


def _of_accuracy(target: Target, outputs: Any, targets: Any) -> Influence:
    if isinstance(target, Classes):
        known = is_known(targets)
        right = known & (outputs.reshape(-1, target.count).argmax(axis=1).reshape(targets.shape) == targets)
    else:
        known = is_known(targets)
        right = known & ((outputs.reshape(targets.shape) > 0) == (targets > 0.5))
    rows = len(targets)
    rights, answers = (part.reshape(rows, -1).sum(axis=1) for part in (right, known))
    total = max(1, int(answers.sum()))
    found: Influence = (rights - rights.sum() / total * answers) * (rows / total)
    return found


_Column = tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]
"""Outputs, targets, and the rows that they are of."""


def _mean_influence(
    columns: Sequence[_Column], of: Callable[[NDArray[Any], NDArray[Any]], Influence], rows: int
) -> Influence:
    """Of a mean of scores of columns, each of the rows in which it is known."""
    found = np.zeros(rows)
    for outputs, targets, places in columns:
        np.add.at(found, places, of(outputs, targets) * (rows / len(places) / len(columns)))
    return found


def _of_areas(target: Labels, outputs: Any, targets: Any) -> Influence:
    columns = [(o, y > 0.5, places) for o, y, places in _known(outputs, targets) if has_both(y > 0.5)]
    return _mean_influence(columns, area_influence, len(targets))


def _of_concordance(target: Numbers, outputs: Any, targets: Any) -> Influence:
    columns = [each for each in _known(outputs, targets) if (each[1] != each[1][:1]).any()]
    return _mean_influence(columns, concordance_influence, len(targets))


def _of_one_against_rest(target: Classes, outputs: Any, targets: Any) -> Influence:
    logits, classes = class_rows(target, outputs, targets)
    chances, places = log_chances(logits), np.nonzero(is_known(targets))[0]
    columns = [(chances[:, k], classes == k, places) for k in range(target.count)]
    judged = [each for each in columns if has_both(each[1])]
    return _mean_influence(judged, area_influence, len(targets))


def _known(outputs: Any, targets: Any) -> list[_Column]:
    """Each label's or number's outputs and targets where these are known."""
    wide, said = (part.reshape(len(targets), -1) for part in (targets, outputs))
    places = [np.flatnonzero(is_known(column)) for column in wide.T]
    return [(said[own, k], wide[own, k], own) for k, own in enumerate(places)]


_INFLUENCES: Mapping[type, Mapping[str, Callable[[Any, Any, Any], Influence]]] = {
    Labels: {"auroc": _of_areas, "accuracy": _of_accuracy},
    Classes: {"auroc": _of_one_against_rest, "accuracy": _of_accuracy},
    Numbers: {"concordance": _of_concordance},
}


def _most_frequent(target: Target, targets: Any) -> float:
    """The share of targets that are of the most frequent outcome, of each label by itself."""
    known = is_known(targets)
    total = max(1, int(np.count_nonzero(known)))
    if isinstance(target, Classes):
        return float(np.bincount(targets[known], minlength=1).max(initial=0) / total)
    wide, told = (part.reshape(len(targets), -1) for part in (targets, known))
    positive = np.count_nonzero((wide > 0.5) & told, axis=0)
    return float(np.maximum(positive, told.sum(axis=0) - positive).sum() / total)
