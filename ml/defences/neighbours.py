"""Rules that trust updates by their distances to one another."""

import numpy as np
from numpy.typing import NDArray

from ml.defences.averages import mean, trimmed_mean
from ml.defences.base import Knowledge, Vector, Vectors, require


def krum(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the update nearest to its p − f − 2 nearest others (Blanchard et al., 2017).

    Raises:
        DefenceError: With fewer than 2f + 3 updates.
    """
    chosen: Vector = updates[_krum_order("krum", updates, knowledge.faulty)[0]]
    return chosen


def multi_krum(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean of the p − f updates with the best of Krum's scores (Blanchard et al., 2017).

    Raises:
        DefenceError: With fewer than 2f + 3 updates.
    """
    order = _krum_order("multi-krum", updates, knowledge.faulty)
    return mean(updates[order[: len(updates) - knowledge.faulty]], knowledge)


def bulyan(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return a mean near the median of p − 2f updates that Krum chooses in turn (El Mhamdi et al., 2018).

    Of the chosen ones, the p − 4f values nearest to the median are averaged in each coordinate.

    Raises:
        DefenceError: With fewer than 4f + 3 updates.
    """
    f, chosen = knowledge.faulty, []
    require("bulyan", updates, f, 4 * f + 3, "4f + 3")
    # The last few are one another's nearest, so that scores tie: by their sums, not by who sits where.
    left = [int(place) for place in updates.sum(axis=1).argsort()]
    for _ in range(len(updates) - 2 * f):
        best = left[_krum_scores(squared_distances(updates[left]), f).argmin()]
        left.remove(best)
        chosen.append(best)
    return _mean_around_median(updates[chosen], len(chosen) - 2 * f)


def nearest_neighbour_mixing(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return a trimmed mean of updates, each replaced by its p − f nearest's mean (Allouah et al., 2023).

    Raises:
        DefenceError: With fewer than 2f + 1 updates.
    """
    f = knowledge.faulty
    require("nnm", updates, f, 2 * f + 1, "2f + 1")
    nearest = np.argsort(squared_distances(updates), axis=1, kind="stable")[:, : len(updates) - f]
    return trimmed_mean(updates[nearest].mean(axis=1), knowledge)


def squared_distances(updates: Vectors) -> NDArray[np.float64]:
    """Return the squared Euclidean distances of all pairs, [p, p].

    >>> squared_distances(np.array([[0.0], [3.0]]))
    array([[0., 9.],
           [9., 0.]])
    """
    return np.array([np.square(updates - one).sum(axis=1) for one in updates])


def _krum_order(rule: str, updates: Vectors, f: int) -> NDArray[np.int64]:
    require(rule, updates, f, 2 * f + 3, "2f + 3")
    return np.argsort(_krum_scores(squared_distances(updates), f), kind="stable")


def _krum_scores(distances: NDArray[np.float64], f: int) -> NDArray[np.float64]:
    # The first of the sorted distances is an update's own, 0.
    counted = np.sort(distances, axis=1)[:, 1 : max(len(distances) - f - 1, 2)]
    scores: NDArray[np.float64] = counted.sum(axis=1)
    return scores


def _mean_around_median(updates: Vectors, count: int) -> Vector:
    nearest = np.argsort(np.abs(updates - np.median(updates, axis=0)), axis=0, kind="stable")[:count]
    average: Vector = np.take_along_axis(updates, nearest, axis=0).mean(axis=0)
    return average
