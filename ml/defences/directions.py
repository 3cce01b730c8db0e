"""Rules that look at where updates point, against a trusted one or against each other."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering

from ml.defences.base import Knowledge, Vector, Vectors, clipped
from ml.errors import DefenceError

_FLAME_NOISE = 1e-3
_LEAST_LENGTH = 1e-12
_DNC_PASSES, _DNC_COORDINATES = 3, 10_000


def fltrust(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return changes weighed by max(0, cosine with the trusted change), at its length (Cao et al., 2021).

    Raises:
        DefenceError: When nobody is trusted.
    """
    if knowledge.trusted is None:
        raise DefenceError("fltrust needs the update of somebody who is trusted, and nobody is")
    changes, root = updates - knowledge.parent, knowledge.trusted - knowledge.parent
    trust = np.maximum(cosines(changes, root), 0)
    if trust.sum() == 0:
        return knowledge.parent
    lengths = np.maximum(np.linalg.norm(changes, axis=1), _LEAST_LENGTH)
    scaled = changes * (np.linalg.norm(root) / lengths)[:, None]
    moved: Vector = knowledge.parent + trust @ scaled / trust.sum()
    return moved


def cosine_to_median(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean of the updates whose change points with the median change (the paper's reference 16).

    Kept are those whose cosine is at least the mean of all cosines.
    """
    changes = updates - knowledge.parent
    alike = cosines(changes, np.median(changes, axis=0))
    kept: Vector = updates[alike >= alike.mean()].mean(axis=0)
    return kept


def flame(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the larger cluster by cosine, clipped to the median length, with noise (Nguyen et al., 2022).

    The clusters are those of average linkage cut in two where the larger has more than half of the updates,
    in place of HDBSCAN with its least cluster of p/2 + 1, which on five updates is the same question.
    """
    changes = updates - knowledge.parent
    majority = changes[_larger_cluster(changes)]
    bound = float(np.median(np.linalg.norm(changes, axis=1)))
    average = clipped(majority, bound).mean(axis=0)
    noise = np.random.default_rng(knowledge.seed).normal(0, _FLAME_NOISE * bound, average.shape)
    moved: Vector = knowledge.parent + average + noise
    return moved


def divide_and_conquer(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean of what stays when those far along the first principal direction go (DnC).

    Shejwalkar and Houmansadr, 2021: in three passes over random coordinates the f updates with the largest
    squared projections are left out; what is kept by every pass is averaged.
    """
    generator = np.random.default_rng(knowledge.seed)
    kept = np.ones(len(updates), dtype=bool)
    for _ in range(_DNC_PASSES):
        size = min(_DNC_COORDINATES, updates.shape[1])
        sample = updates[:, generator.choice(updates.shape[1], size, replace=False)]
        kept[_outliers(sample, knowledge.faulty)] = False
    average: Vector = updates[kept].mean(axis=0) if kept.any() else knowledge.parent
    return average


def cosines(changes: Vectors, direction: Vector) -> Vector:
    """Return the cosine of each change [p, size] with a direction [size], 0 where one of them is zero, [p].

    >>> cosines(np.array([[2.0, 0.0], [0.0, 0.0], [0.0, -1.0]]), np.array([1.0, 0.0]))
    array([1., 0., 0.])
    """
    lengths = np.linalg.norm(changes, axis=1) * np.linalg.norm(direction)
    products = changes @ direction
    return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)


def _larger_cluster(changes: Vectors) -> NDArray[np.bool_]:
    if len(changes) < 3:
        return np.ones(len(changes), dtype=bool)
    alike = np.array([cosines(changes, change) for change in changes])
    clustering = AgglomerativeClustering(2, metric="precomputed", linkage="average")
    first: NDArray[np.bool_] = clustering.fit_predict(np.maximum(1 - alike, 0)) == 0
    return first if 2 * first.sum() > len(changes) else ~first


def _outliers(sample: Vectors, faulty: int) -> NDArray[np.int64]:
    centred = sample - sample.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    order = np.argsort(np.square(centred @ direction), kind="stable")
    return order[len(sample) - faulty :]
