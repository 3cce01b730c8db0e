"""What is learned, as founders write it and a contract's `rules` bind it; no model is needed to read it."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ml.judging.bases import MEMORY
from ml.judging.policy import Policy as Tests
from ml.settings import POLICIES, Policy, ScoringSettings, TrainingSettings
from ml.updates.fixed_point import SCALE
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema
from ml.validation import Written

EDITION = 2

Digest = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
_Sizes = tuple[Annotated[int, Field(ge=1)], ...]
_Parameter = Annotated[dict[str, _Sizes], Field(min_length=1, max_length=1)]  # Mappings have no order.
Shape = _Sizes | dict[str, _Sizes]
"""Of one row's inputs or targets; by name where there are several arrays."""


class Probe(Written):
    """A few of the founders' rows, and what models lose on them: what a digest cannot see of a library.

    `offchain.learning.probing` makes and compares it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: str | None = Field(None, description="File or folder of the rows; none for those the task makes.")
    digest: Digest | None = Field(None, description="Of that file, or of all files in that folder.")
    genesis: tuple[float, ...] = Field(min_length=1, description="Loss of each row under the first model.")
    moved: tuple[float, ...] = Field(min_length=1, description="Under the first model with a fixed noise.")


class Learning(Written):
    """What voters must agree on, or they slash one another; `ape run task describe` writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edition: Literal[2] = Field(description="Of these rules.")
    policy: Policy | Literal["tests"] = Field(description="How voters judge: by name, or by these tests.")
    tests: Tests | None = Field(None, description="Of a policy that is a list of tests, these with numbers.")
    reference: TrainingSettings | None = Field(
        None, description="Training of a voter's own change, beside which such a policy sees updates."
    )
    memory: int = Field(1, ge=1, le=MEMORY, description="Last models that an update may be a change of.")
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
    parameters: tuple[_Parameter, ...] = Field(min_length=1, description="Name and shape of each, in order.")
    constants: Digest = Field(description="Of what the module has and never trains.")
    genesis_seed: int = Field(
        ge=0, lt=2**63, description="Seed of shuffles, and of a first model without file."
    )
    genesis: str | None = Field(None, description="Safetensors file of the first model; none for the seed's.")
    genesis_root: Digest = Field(description="Merkle root of the first model.")
    probe: Probe | None = Field(None, description="Rows on which every member's machine is tried.")

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

    @model_validator(mode="after")
    def _says_how_voters_judge(self) -> Self:
        numbers = (self.tests is not None, self.reference is not None)
        if numbers != 2 * (self.policy not in POLICIES,):
            has = "has no" if self.policy in POLICIES else "has"
            raise ValueError(
                f"policy {self.policy} {has} tests and reference with numbers of their own; `ape run task "
                "describe` writes what belongs together"
            )
        return self

    @property
    def scoring(self) -> ScoringSettings:
        """The part that voters need."""
        return ScoringSettings(
            metric=self.metric,
            tolerance=self.tolerance,
            policy=self.tests or self.policy,
            memory=self.memory,
        )

    @property
    def schema_(self) -> Schema:
        """The model's."""
        return Schema.of([entry for parameter in self.parameters for entry in parameter.items()])

    @property
    def rules(self) -> bytes:
        """The 32 bytes that a contract holds as `rules`: they differ when anything does that decides."""
        texts = (
            f"StakeFed rules {self.edition}",
            *(self.policy, f"{self.metric} 1", repr(self.tolerance), self.loss, str(SCALE)),
            *(_text(part) for part in (self.tests, self.reference, self.memory)),
            *(_text(part) for part in ([self.row_shape, self.label_shape], self._probed)),
        )
        digests = (self.genesis_root, self.constants, self.task_digest)
        parts = [keccak256(text.encode()) for text in texts]
        parts += [self.schema_.digest, *(bytes.fromhex(digest[2:]) for digest in digests)]
        return keccak256(b"".join(parts))

    @property
    def _probed(self) -> BaseModel | None:
        """Wherever the rows of the probe lie, it is the same."""
        return self.probe and self.probe.model_copy(update={"rows": None})


def _text(part: Any) -> str:
    plain = part.model_dump(mode="json") if isinstance(part, BaseModel) else part
    return json.dumps(plain, sort_keys=True)
