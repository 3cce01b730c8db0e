"""What colluding proposers know in a round, and how one of them may craft updates from it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.updates.schema import Schema

Vector = NDArray[np.float64]
"""A model, [size]."""
Vectors = NDArray[np.float64]
"""Models, one a row, [m, size]."""


@dataclass(frozen=True, eq=False)
class Coalition:
    """What the malicious clients of a round have together: their own rows' updates, and the public chain.

    Commit and publish keeps honest proposers' updates from them until theirs are fixed. The case in which
    that is broken is `seen`, and only attacks that say so read it.

    Attributes:
        parent: The global model, [size].
        trained: What members' own rows honestly make of it, [m, size], m at least 1: of those that are seated
            and, since they may train as well, of others.
        seats: k, how many of the round's proposers are theirs.
        proposers: n, all proposers of the round.
        schema: The models'.
        base: The outputs of the best constant on members' rows, [outputs]: log-odds, log-shares or means.
        former: What the seated members sent last, [k, size]; the parent where they have sent nothing.
        scale: How strong the attack is, in its own units.
        seed: Of what it draws.
        seen: Honest updates of this very round, [h, size]; None unless commit and publish is broken.
    """

    parent: Vector
    trained: Vectors
    seats: int
    proposers: int
    schema: Schema
    base: Vector
    former: Vectors
    scale: float
    seed: int
    seen: Vectors | None = None

    @property
    def changes(self) -> Vectors:
        """The members' honest changes of the parent, [m, size]."""
        return self.trained - self.parent

    def generator(self) -> np.random.Generator:
        """Return a fresh generator of the attack's seed."""
        return np.random.default_rng(self.seed)

    def all_send(self, model: Vector) -> Vectors:
        """Return `model` once a seat, [k, size]."""
        return np.tile(model, (self.seats, 1))


Craft = Callable[[Coalition], Vectors]
"""From what a coalition knows to what its seated members send, [k, size]."""
