"""What colluding proposers know in a round, and how one of them may craft updates from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Targets
from ml.tasks.targets import Classes, Labels, Numbers, Target
from ml.updates.schema import Schema

Vector = NDArray[np.float64]
"""A model, [size]."""
Vectors = NDArray[np.float64]
"""Models, one a row, [m, size]."""
Accepts = Callable[[Vectors], bool]
"""Whether what the seated members would send, [k, size], would pass: the very policy in force, tried by the
coalition on its own rows."""
Harm = Callable[[Vector], float]
"""What a model [size] is worth to the attacker: the mean loss of members' rows under it; more is worse."""

_UNIT = 2.0**-20  # The least difference of a parameter in canonical bytes.


@dataclass(frozen=True, eq=False)
class Shard:
    """A member's own training rows, on which an attack on labels works.

    Attributes:
        inputs: [rows, *row].
        targets: [rows, *label].
        target: What they are.
        outputs: Asks for what the parent says of the rows, [rows, ...].
        generator: Of what the attack draws for this member in this round.
    """

    inputs: Inputs
    targets: Targets
    target: Target
    outputs: Callable[[], NDArray[Any]]
    generator: np.random.Generator


Poison = Callable[[Shard], tuple[Inputs, Targets]]
"""From a member's rows to those that it trains on instead."""
Teach = Callable[[Poison | None, float, int], Vectors]
"""From a poison, if any, the weight λ of the divergence term and a number of members to what the rows of as
many of them make of the parent, [members, size]; the seated ones first."""


def _everything(models: Vectors) -> bool:
    return True


def _no_harm(model: Vector) -> float:
    return 0.0


@dataclass(frozen=True, eq=False)
class Coalition:
    """What the malicious clients of a round have together: their own rows, and the public chain.

    Commit and publish keeps honest proposers' updates from them until theirs are fixed. The case in which
    that is broken is `seen`, and only attacks that say so read it.

    Attributes:
        parent: The global model, [size].
        teach: Trains on members' rows.
        seats: k, how many of the round's proposers are theirs.
        known: m, how many members train where an attack needs their honest updates, k at least.
        proposers: n, all proposers of the round.
        schema: The models'.
        first: The deployment's first model, [size].
        seed: Of what it draws.
        base: The outputs of the best constant on members' rows, [outputs]: log-odds, log-shares or means;
            None where targets have none.
        accepts: Whether what the members send would pass.
        harm: What they want large.
        seen: Honest updates of this very round, [h, size]; None unless commit and publish is broken.
    """

    parent: Vector
    teach: Teach
    seats: int
    known: int
    proposers: int
    schema: Schema
    first: Vector
    seed: int
    base: Vector | None = None
    accepts: Accepts = _everything
    harm: Harm = _no_harm
    seen: Vectors | None = None

    @cached_property
    def trained(self) -> Vectors:
        """What members' own rows honestly make of the parent, [m, size]: the seated ones, then others."""
        return self.teach(None, 0.0, self.known)

    @property
    def changes(self) -> Vectors:
        """The members' honest changes of the parent, [m, size]."""
        return self.trained - self.parent

    def taught(self, poison: Poison, divergence_weight: float = 0.0) -> Vectors:
        """Return what the seated members' rows make of the parent once they are poisoned, [k, size]."""
        return self.teach(poison, divergence_weight, self.seats)

    def generator(self) -> np.random.Generator:
        """Return a fresh generator of the attack's seed."""
        return np.random.default_rng(self.seed)

    def all_send(self, model: Vector) -> Vectors:
        """Return `model` once a seat, [k, size], a least unit apart: of byte-equal ones all but one fail."""
        sent = np.tile(model, (self.seats, 1))
        for seat in range(1, self.seats):
            sent[seat, seat % len(model)] += _UNIT
        return sent


Attack = Callable[..., Vectors]
"""From what a coalition knows, and options by keyword, to what its seated members send, [k, size]."""


def best_constant(target: Target, targets: Targets) -> Vector | None:
    """Return the outputs of the best constant of targets [rows, *label], [outputs]; None where there is none.

    Log-odds of labels, log-shares of classes, means of numbers; a half row is added to each count.

    >>> best_constant(Labels(), np.array([0.0, 0.0, 0.0, 1.0])).round(3)
    array([-0.847])
    >>> best_constant(Classes(2), np.array([0, 1, 1, 1])).round(2)
    array([-1.2 , -0.36])
    >>> best_constant(Numbers(), np.array([1.0, 2.0]))
    array([1.5])
    """
    if not isinstance(targets, np.ndarray) or not isinstance(target, Labels | Classes | Numbers):
        return None
    if isinstance(target, Classes):
        counts = np.bincount(targets[targets >= 0], minlength=target.count) + 0.5
        shares: Vector = np.log(counts / counts.sum())
        return shares
    columns = targets.reshape(len(targets), -1).astype(np.float64)
    if isinstance(target, Numbers):
        return np.asarray(np.nanmean(columns, axis=0), dtype=np.float64)
    positive = np.nansum(columns, axis=0) + 0.5
    negative = np.nansum(1 - columns, axis=0) + 0.5
    return np.asarray(np.log(positive / negative), dtype=np.float64)
