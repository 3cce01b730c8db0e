"""The digest that a contract holds as `rules`: what voters must agree on, or they slash one another."""

import numpy as np
from numpy.typing import NDArray

from ml.settings import ScoringSettings
from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import SCALE
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema


def first_rules(scoring: ScoringSettings, schema: Schema, genesis: NDArray[np.int32]) -> bytes:
    """Return the first edition's 32 bytes: of policy, metric, ε, scale, schema and genesis model."""
    texts = (scoring.policy, scoring.metric, repr(scoring.tolerance), str(SCALE))
    parts = [keccak256(text.encode()) for text in texts]
    tag = keccak256(b"StakeFed simulation rules")
    return keccak256(tag + b"".join(parts) + schema.digest + digest(to_bytes(genesis), schema))
