"""Rules of the paper's Table I that somebody's scores, or clients' records, decide.

To be on equal terms with the others they choose as many updates as are not taken for malicious.
"""

import numpy as np
from numpy.typing import NDArray

from ml.defences.averages import mean
from ml.defences.base import Knowledge, Vector, Vectors
from ml.defences.directions import cosines
from ml.errors import DefenceError

Places = NDArray[np.int64]


def committee_scores(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean of the p − f updates that a committee scores best (Li et al., 2021: reference 13).

    An update's score is the median of what the committee's members find on their own validation rows.

    Raises:
        DefenceError: When nobody scores.

    >>> def members(models):
    ...     return np.array([[0.9, 0.8, 0.7], [0.9, 0.1, 0.2]])
    >>> committee_scores(np.array([[1.0], [5.0]]), Knowledge(np.zeros(1), 1, scores=members))
    array([1.])
    """
    return mean(updates[_best_scored("committee-scores", updates, knowledge)], knowledge)


def committee_signs(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the parent moved by the majority of signs of the p − f updates that a committee scores best.

    The family of the paper's reference 26 (Qu et al., 2022: a committee over signSGD; majority of signs:
    Bernstein et al., 2019). A step is the median absolute change, since signs have no length.

    Raises:
        DefenceError: When nobody scores.

    >>> def members(models):
    ...     return np.ones((3, 1))
    >>> sent = np.array([[1.0, -2.0], [3.0, -2.0], [-1.0, 9.0]])
    >>> committee_signs(sent, Knowledge(np.zeros(2), 0, scores=members))
    array([ 2., -2.])
    """
    changes = updates[_best_scored("committee-signs", updates, knowledge)] - knowledge.parent
    signs = np.sign(np.sign(changes).sum(axis=0))
    moved: Vector = knowledge.parent + np.median(np.abs(changes)) * signs
    return moved


def reputation_auction(updates: Vectors, knowledge: Knowledge) -> Vector:
    """Return the mean of the p − f updates that win a reverse auction, weighed by reputations.

    The family of the paper's reference 24 (Zhang et al., 2021). All bid the same, since nobody's costs are
    known here, and a bid counts by the reputation that stands behind it.

    Raises:
        DefenceError: When nobody keeps reputations.

    >>> sent, known = np.array([[1.0], [3.0], [9.0]]), np.array([0.75, 0.25, 0.1])
    >>> reputation_auction(sent, Knowledge(np.zeros(1), 1, reputations=known))
    array([1.5])
    """
    if knowledge.reputations is None:
        raise DefenceError(
            "reputation-auction needs the reputations of who sent updates, and nobody keeps them"
        )
    bids = np.ones(len(updates))
    won = auctioned(bids, knowledge.reputations, max(1, len(updates) - knowledge.faulty))
    weights = knowledge.reputations[won]
    moved: Vector = weights @ updates[won] / weights.sum()
    return moved


def auctioned(bids: Vector, reputations: Vector, winners: int) -> Places:
    """Return the places of the bids that are least for the reputation behind them, ascending.

    >>> auctioned(np.array([1.0, 4.0, 1.0]), np.array([0.5, 0.8, 0.2]), 2)
    array([0, 1])
    """
    return np.sort(np.argsort(bids / reputations, kind="stable")[:winners])


def reputation(agreed: int, disagreed: int) -> float:
    """Return the expectation of a beta distribution after so many good and bad rounds (Jøsang, Ismail 2002).

    >>> reputation(0, 0), reputation(2, 0), reputation(0, 2)
    (0.5, 0.75, 0.25)
    """
    return (agreed + 1) / (agreed + disagreed + 2)


def agreeing(updates: Vectors, parent: Vector, model: Vector) -> NDArray[np.bool_]:
    """Return whose change points where the parent has moved, [p]: what a good round is to a reputation.

    >>> agreeing(np.array([[1.0, 1.0], [-1.0, 0.0]]), np.zeros(2), np.array([1.0, 0.0]))
    array([ True, False])
    """
    return cosines(updates - parent, model - parent) > 0


def _best_scored(rule: str, updates: Vectors, knowledge: Knowledge) -> Places:
    if knowledge.scores is None:
        raise DefenceError(f"{rule} needs a committee that scores updates, and there is none")
    scores = np.median(knowledge.scores(updates), axis=1)
    kept = max(1, len(updates) - knowledge.faulty)
    return np.sort(np.argsort(-scores, kind="stable")[:kept])
