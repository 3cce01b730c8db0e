"""Averages of updates, by coordinate or as points."""

import numpy as np

from ml.defences.base import Knowledge, Vector, Vectors, require

_STEPS = 100
_LEAST_DISTANCE = 1e-10  # Below it a point counts as the median itself; only then would a weight be infinite.


def mean(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean (federated averaging, McMahan et al., 2017, of equal shares).

    >>> mean(np.array([[1.0], [2.0], [9.0]]), Knowledge(np.zeros(1), 0))
    array([4.])
    """
    average: Vector = updates.mean(axis=0)
    return average


def median(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the median of each coordinate (Yin et al., 2018).

    >>> median(np.array([[1.0], [2.0], [9.0]]), Knowledge(np.zeros(1), 1))
    array([2.])
    """
    middle: Vector = np.median(updates, axis=0)
    return middle


def trimmed_mean(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return each coordinate's mean without its f least and f greatest values (Yin et al., 2018).

    Raises:
        DefenceError: With fewer than 2f + 1 updates.

    >>> trimmed_mean(np.array([[0.0], [1.0], [2.0], [9.0]]), Knowledge(np.zeros(1), 1))
    array([1.5])
    """
    f = knowledge.faulty
    require("trimmed-mean", updates, f, 2 * f + 1, "2f + 1")
    kept = np.sort(updates, axis=0)[f : len(updates) - f]
    average: Vector = kept.mean(axis=0)
    return average


def geometric_median(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the point of least total distance to the updates (Pillutla et al., 2022; Weiszfeld's steps).

    >>> points = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [9.0, 9.0]])
    >>> bool(np.allclose(geometric_median(points, Knowledge(np.zeros(2), 1)), 0, atol=1e-6))
    True
    """
    point: Vector = updates.mean(axis=0)
    for _ in range(_STEPS):
        distances = np.linalg.norm(updates - point, axis=1)
        weights = 1 / np.maximum(distances, _LEAST_DISTANCE)
        moved: Vector = weights @ updates / weights.sum()
        if np.allclose(moved, point, rtol=0, atol=_LEAST_DISTANCE):
            break
        point = moved
    return moved
