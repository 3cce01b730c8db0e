"""The digest that a contract holds as `rules`: what voters must agree on, or they slash one another."""

import json

import numpy as np
from numpy.typing import NDArray

from ml.judging.policy import Policy
from ml.settings import ScoringSettings
from ml.updates.canonical import digest, to_bytes
from ml.updates.fixed_point import SCALE
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema


def text_of(policy: str | Policy) -> str:
    """Return what rules bind of a policy: its name, or its tests with all their numbers."""
    return policy if isinstance(policy, str) else json.dumps(policy.model_dump(mode="json"), sort_keys=True)


def first_rules(scoring: ScoringSettings, schema: Schema, genesis: NDArray[np.int32]) -> bytes:
    """Return the first edition's 32 bytes: of policy, metric, ε, scale, schema and genesis model."""
    texts = (text_of(scoring.policy), scoring.metric, repr(scoring.tolerance), str(SCALE))
    parts = [keccak256(text.encode()) for text in texts]
    tag = keccak256(b"StakeFed simulation rules")
    return keccak256(tag + b"".join(parts) + schema.digest + digest(to_bytes(genesis), schema))
