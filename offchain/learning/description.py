"""What is learned, as founders write it and a contract's `rules` bind it; no model is needed to read it."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ml.settings import Policy, ScoringSettings
from ml.updates.fixed_point import SCALE
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema

EDITION = 2

Digest = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
_Sizes = tuple[Annotated[int, Field(ge=1)], ...]
Shape = _Sizes | dict[str, _Sizes]
"""Of one row's inputs or targets; by name where there are several arrays."""


class Learning(BaseModel):
    """What voters must agree on, or they slash one another; `ape run task describe` writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edition: Literal[2] = Field(description="Of these rules.")
    policy: Policy = Field(description="How voters judge.")
    metric: str = Field(description="Score that voters compare, one of the task's target.")
    tolerance: float = Field(ge=0, lt=1, allow_inf_nan=False, description="Relative loss that still passes.")
    task: str = Field(
        description="What is learned: a built-in task, FILE.py:Class, or an installed package.module:Class."
    )
    task_options: dict[str, Any] = Field(default_factory=dict, description="Options of the task, by name.")
    task_digest: Digest = Field(description="Of the task's files and options.")
    loss: str = Field(min_length=1, description="The target's loss and its version, or own.")
    row_shape: Shape = Field(description="Shape of one row.")
    label_shape: Shape = Field((), description="Shape of one row's targets: [] for one.")
    parameters: dict[str, _Sizes] = Field(min_length=1, description="Shape of each parameter, in order.")
    constants: Digest = Field(description="Of what the module has and never trains.")
    genesis_seed: int = Field(
        ge=0, lt=2**63, description="Seed of shuffles, and of a first model without file."
    )
    genesis: str | None = Field(None, description="Safetensors file of the first model; none for the seed's.")
    genesis_root: Digest = Field(description="Merkle root of the first model.")

    @model_validator(mode="before")
    @classmethod
    def _is_of_this_edition(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("edition") != EDITION and "model" in values:
            raise ValueError(
                f"these rules are of the first edition, which this version does not play: for a new "
                f"deployment let `ape run task describe` write learning anew, in edition {EDITION}; to leave "
                "one that stands, use the version that deployed it"
            )
        return values

    @property
    def scoring(self) -> ScoringSettings:
        """The part that voters need."""
        return ScoringSettings(metric=self.metric, tolerance=self.tolerance, policy=self.policy)

    @property
    def schema_(self) -> Schema:
        """The model's."""
        return Schema.of(list(self.parameters.items()))

    @property
    def rules(self) -> bytes:
        """The 32 bytes that a contract holds as `rules`: they differ when anything does that decides."""
        texts = (
            f"StakeFed rules {self.edition}",
            *(self.policy, f"{self.metric} 1", repr(self.tolerance), self.loss, str(SCALE)),
            json.dumps([self.row_shape, self.label_shape], sort_keys=True),
        )
        digests = (self.genesis_root, self.constants, self.task_digest)
        parts = [keccak256(text.encode()) for text in texts]
        parts += [self.schema_.digest, *(bytes.fromhex(digest[2:]) for digest in digests)]
        return keccak256(b"".join(parts))
