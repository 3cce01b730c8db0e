"""Rules that bound how far a single update can pull."""

import numpy as np

from ml.defences.base import Knowledge, Vector, Vectors, clipped

_PASSES = 3
_NOISE = 1e-3


def norm_clipping(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean of changes shortened to the median of their lengths (Sun et al., 2019).

    >>> norm_clipping(np.array([[1.0], [1.0], [10.0]]), Knowledge(np.zeros(1), 1))
    array([1.])
    """
    changes = updates - knowledge.parent
    bound = float(np.median(np.linalg.norm(changes, axis=1)))
    moved: Vector = knowledge.parent + clipped(changes, bound).mean(axis=0)
    return moved


def centred_clipping(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return a centre that clipped differences have moved, from the parent on (Karimireddy et al., 2021).

    The radius is the median of the distances to the centre, taken anew in each of three passes, since models
    have no scale of their own.
    """
    centre = knowledge.parent.copy()
    for _ in range(_PASSES):
        differences = updates - centre
        radius = float(np.median(np.linalg.norm(differences, axis=1)))
        centre = centre + clipped(differences, radius).mean(axis=0)
    return centre


def clipping_with_noise(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean of clipped changes plus Gaussian noise of a thousandth of the bound a coordinate.

    The family of the paper's reference 21: differential privacy's two steps taken for a defence.
    """
    bound = float(np.median(np.linalg.norm(updates - knowledge.parent, axis=1)))
    noise = np.random.default_rng(knowledge.seed).normal(0, _NOISE * bound, knowledge.parent.shape)
    return norm_clipping(updates, knowledge) + noise
