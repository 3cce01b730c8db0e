"""What malicious clients do to their own training: a registry of callables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.settings import AttackSettings


@dataclass(frozen=True, eq=False)
class Objective:
    """What a client trains on: its labels float32 [rows, *label], and the weight λ of λ·‖w − w_global‖²."""

    labels: NDArray[np.float32]
    divergence_weight: float


Attack = Callable[[NDArray[np.float32], AttackSettings], Objective]
"""From a client's true labels to the objective it trains on instead."""


def honest(labels: NDArray[np.float32], settings: AttackSettings) -> Objective:
    """Train on the true labels, without a term."""
    return Objective(labels, 0.0)


def label_flip(labels: NDArray[np.float32], settings: AttackSettings) -> Objective:
    """Train on wrong labels, held near the global model by the divergence term.

    Paper, section V-A: "wrong labels, but maintaining a low weight divergence from the aggregated weights".
    """
    return Objective(1 - labels, settings.divergence_weight)


ATTACKS: Mapping[str, Attack] = {"none": honest, "label-flip": label_flip}
"""Attacks by the name that `AttackSettings` carries."""


def objective(labels: NDArray[np.float32], settings: AttackSettings) -> Objective:
    """Return the objective of the attack that `settings` names."""
    return ATTACKS[settings.name](labels, settings)
