"""Attacks on labels: what malicious clients train on, made of their own rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ml.attacks.coalition import Coalition, Shard, Vectors
from ml.attacks.options import Weight
from ml.data.rows import Inputs, Targets, each, length, taken
from ml.errors import AttackError
from ml.settings import AttackSettings
from ml.tasks.targets import MASKED, Classes, Labels, Numbers, Target


@dataclass(frozen=True, eq=False)
class Objective:
    """What a client trains on: its targets [rows, *label], and the weight λ of λ·‖w − w_global‖²."""

    labels: Targets
    divergence_weight: float


def honest(target: Target, labels: Targets, settings: AttackSettings) -> Objective:
    """Train on the targets as they are, without a term."""
    return Objective(labels, 0.0)


def held_near(target: Target, labels: Targets, settings: AttackSettings) -> Objective:
    """Train on the targets as they are, held near the global model by the divergence term."""
    return Objective(labels, settings.divergence_weight)


def flipped_near(target: Target, labels: Targets, settings: AttackSettings) -> Objective:
    """Train on wrong targets, held near the global model by the divergence term.

    Paper, section V-A: "wrong labels, but maintaining a low weight divergence from the aggregated weights".
    """
    return Objective(flipped(target, labels), settings.divergence_weight)


OBJECTIVES: Mapping[str, Callable[[Target, Targets, AttackSettings], Objective]] = {
    "none": honest,
    "near": held_near,
    "label-flip": flipped_near,
}
"""By the name that `AttackSettings` carries."""


def objective(target: Target, labels: Targets, settings: AttackSettings) -> Objective:
    """Return the objective that `settings` names."""
    return OBJECTIVES[settings.name](target, labels, settings)


def flipped(target: Target, labels: Targets) -> Targets:
    """Return wrong targets; what is masked stays so.

    Labels: 1 − y. Classes: the last less y. Numbers: mirrored at the client's median. Others: those of other
    rows.

    >>> flipped(Classes(3), np.array([0, 2, 1, -100]))
    array([   2,    0,    1, -100])
    >>> flipped(Numbers(), np.array([1.0, 2.0, 9.0]))
    array([ 3.,  2., -5.])
    """
    if isinstance(target, Labels):
        return each(labels, lambda y: 1 - y)  # type: ignore[no-any-return]
    if isinstance(target, Classes):
        return each(labels, lambda y: np.where(y == MASKED, y, target.count - 1 - y))  # type: ignore[no-any-return]
    if isinstance(target, Numbers):
        return each(labels, lambda y: (2 * np.nanmedian(y, axis=0) - y).astype(y.dtype))  # type: ignore[no-any-return]
    count = length(labels)
    return taken(labels, np.random.default_rng(count).permutation(count))  # type: ignore[no-any-return]


def label_flip(coalition: Coalition, divergence_weight: Weight = 1e-3) -> Vectors:
    """Each trains on wrong targets, held near the global model by λ·‖w − w_global‖² (paper, section V-A)."""
    return coalition.taught(_with_flipped, divergence_weight)


def static_flip(coalition: Coalition) -> Vectors:
    """Each trains on wrong targets, the same in every round, and without a term (Tolpegin et al., 2020)."""
    return coalition.taught(_with_flipped)


def random_flip(coalition: Coalition, divergence_weight: Weight = 0.0) -> Vectors:
    """Each trains on targets that are drawn anew each round from its own: they fit no row."""
    return coalition.taught(_with_shuffled, divergence_weight)


def anti(coalition: Coalition, divergence_weight: Weight = 0.0) -> Vectors:
    """Each trains towards σ(2b − z): the opposite of what the parent says, about the best constant b.

    Raises:
        AttackError: Where targets are not labels of yes or no.
    """
    if coalition.base is None:
        raise AttackError("attack anti needs labels of yes or no, whose targets may lie between")
    base = coalition.base

    def opposed(shard: Shard) -> tuple[Inputs, Targets]:
        if not isinstance(shard.target, Labels) or isinstance(shard.targets, Mapping):
            raise AttackError(f"attack anti needs labels of yes or no, not {shard.target}")
        turned = 2 * base - shard.outputs().reshape(length(shard.targets), -1)
        towards = 1 / (1 + np.exp(-turned.astype(np.float64)))
        towards = towards.reshape(shard.targets.shape).astype(np.float32)
        return shard.inputs, np.where(np.isnan(shard.targets), shard.targets, towards)

    return coalition.taught(opposed, divergence_weight)


def _with_flipped(shard: Shard) -> tuple[Inputs, Targets]:
    return shard.inputs, flipped(shard.target, shard.targets)


def _with_shuffled(shard: Shard) -> tuple[Inputs, Targets]:
    order = shard.generator.permutation(length(shard.targets))
    return shard.inputs, taken(shard.targets, order)
