"""What a robust rule sees and returns: the one signature of defences without votes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.errors import DefenceError

Vector = NDArray[np.float64]
"""A model, [size]."""
Vectors = NDArray[np.float64]
"""A round's updates, one a row, [p, size]; p at least 1."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What a rule may know beside the updates.

    Attributes:
        parent: The global model that the updates were trained from, [size].
        faulty: f, how many of the updates may be malicious.
        trusted: What somebody who is trusted makes of the parent, [size]; None where nobody is.
        seed: Of what the rule draws at random.
        scores: Asks a committee what models [m, size] score on its members' validation rows, in [0, 1],
            [m, members]; None where there is no committee.
        reputations: Of who sent the updates, above 0 and below 1, [p]; None where nobody keeps them.
    """

    parent: Vector
    faulty: int
    trusted: Vector | None = None
    seed: int = 0
    scores: Callable[[Vectors], NDArray[np.float64]] | None = None
    reputations: Vector | None = None


Defence = Callable[[Vectors, Knowledge], Vector]
"""From a round's updates to the next global model, [size]; nobody votes, nobody is slashed."""


def require(rule: str, updates: Vectors, faulty: int, least: int, bound: str) -> None:
    """Refuse fewer updates than a rule is defined for.

    Args:
        rule: Its name.
        updates: [p, size].
        faulty: f.
        least: The fewest updates that it takes.
        bound: The same as a formula, for the sentence: "2f + 3".

    Raises:
        DefenceError: With the bound.
    """
    if len(updates) < least:
        raise DefenceError(
            f"{rule} needs {bound} = {least} updates or more where {faulty} may be malicious, "
            f"got {len(updates)}; seat more proposers or assume fewer malicious ones"
        )


def finite(updates: Vectors) -> Vectors:
    """Return the updates of which every value is finite, [q, size], q ≤ p: no rule is defined for others."""
    kept: Vectors = updates[np.isfinite(updates).all(axis=1)]
    return kept


def clipped(changes: Vectors, bound: float) -> Vectors:
    """Return changes [p, size] shortened to the Euclidean length `bound` where they are longer.

    >>> clipped(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """
    lengths = np.linalg.norm(changes, axis=1, keepdims=True)
    factors = np.divide(bound, lengths, out=np.ones_like(lengths), where=lengths > bound)
    shortened: Vectors = changes * factors
    return shortened
