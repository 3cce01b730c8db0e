"""What malicious clients do to their own training: a registry of callables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ml.data.rows import Targets, each, length, taken
from ml.settings import AttackSettings
from ml.tasks.targets import MASKED, Classes, Labels, Numbers, Target


@dataclass(frozen=True, eq=False)
class Objective:
    """What a client trains on: its targets [rows, *label], and the weight λ of λ·‖w − w_global‖²."""

    labels: Targets
    divergence_weight: float


Attack = Callable[[Target, Targets, AttackSettings], Objective]
"""From what targets are and a client's true ones to the objective it trains on instead."""


def honest(target: Target, labels: Targets, settings: AttackSettings) -> Objective:
    """Train on the true targets, without a term."""
    return Objective(labels, 0.0)


def label_flip(target: Target, labels: Targets, settings: AttackSettings) -> Objective:
    """Train on wrong targets, held near the global model by the divergence term.

    Paper, section V-A: "wrong labels, but maintaining a low weight divergence from the aggregated weights".
    """
    return Objective(flipped(target, labels), settings.divergence_weight)


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


ATTACKS: Mapping[str, Attack] = {"none": honest, "label-flip": label_flip}
"""Attacks by the name that `AttackSettings` carries."""


def objective(target: Target, labels: Targets, settings: AttackSettings) -> Objective:
    """Return the objective of the attack that `settings` names."""
    return ATTACKS[settings.name](target, labels, settings)
