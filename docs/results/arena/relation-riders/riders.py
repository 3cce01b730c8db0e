"""Riders that know of the test of relations: no rows of their own, only the public lineage of models."""

from typing import Annotated

import numpy as np
from pydantic import Field

from ml.attacks.coalition import Coalition, Vectors

Length = Annotated[float, Field(gt=0, le=10)]


def along(coalition: Coalition, length: Length = 0.2, noise: Length = 1e-4) -> Vectors:
    """Each goes on as the deployment went so far, w + s·(w − w₀)/‖w − w₀‖, with noise; noise alone at w₀."""
    way = coalition.parent - coalition.first
    far = float(np.linalg.norm(way))
    onward = length * way / far if far else np.zeros_like(way)
    drawn = coalition.generator().normal(0, noise, (coalition.seats, coalition.parent.size))
    sent: Vectors = coalition.parent + onward + drawn
    return sent
