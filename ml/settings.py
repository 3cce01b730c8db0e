"""Frozen, validated settings; everything a run of this package depends on."""

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field

from ml.judging.bases import MEMORY
from ml.judging.policy import DEFAULT, read_policy
from ml.judging.policy import Policy as Tests
from ml.validation import Written, is_unsaid

ScorePolicy = Literal["aggregate", "verdict"]
"""Policies that compare one score: the paper's, and its own of each update."""
POLICIES: tuple[ScorePolicy, ...] = get_args(ScorePolicy)
Policy = Literal[
    "aggregate",
    "verdict",
    "likelihood",
    "evidence",
    "evidence-and-skill",
    "evidence-skill-and-relation",
    "evidence-by-largest",
    "evidence-beyond-noise",
    "evidence-and-forgetting",
    "evidence-and-opposed",
    "evidence-and-contrast",
    "evidence-by-training",
    "evidence-and-leave-one-out",
]
"""All of a simulation; those after the first two are lists of tests, in `ml.judging.policy`."""
DEFAULT_POLICY: Policy = DEFAULT
AnyPolicy = Annotated[Policy | Tests, BeforeValidator(read_policy)]
"""One by name, or tests of one's own."""
AttackName = Literal["none", "near", "label-flip"]


ALLOWED_MISSING = 0.1
"""Share of the rows that should be used and may be left out, having gaps or what cannot be read."""


class _Settings(Written):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitSettings(_Settings):
    """How rows are split among the clients of a simulation."""

    clients: int = Field(50, ge=1, description="Number of shares.")
    shares: str = Field(
        "iid",
        description="Who holds which rows: iid, at random; dirichlet, by skewed targets; quantity, by skewed "
        "sizes; group, whole groups of the rows; or whole values of a column that the task names.",
    )
    dirichlet_alpha: float = Field(
        0.5,
        gt=0,
        allow_inf_nan=False,
        description="How even shares dirichlet and quantity are; more is more even.",
    )
    seed: int = Field(0, ge=0, description="Seed of the split.")


class AttackSettings(_Settings):
    """What a client trains on: its targets, those held near the global model, or wrong ones held so."""

    name: AttackName = Field("none", description="The objective.")
    divergence_weight: float = Field(
        1e-3,
        ge=0,
        allow_inf_nan=False,
        description="λ of the term λ·‖w − w_global‖² that keeps an attack close.",
    )


class TrainingSettings(_Settings):
    """Local training (paper, section V-A: Adam, 1e-3, batches of 128)."""

    local_epochs: int = Field(1, ge=1, description="Passes over a client's own rows in a round.")
    batch: int = Field(128, ge=1, description="Rows per step.")
    learning_rate: float = Field(1e-3, gt=0, allow_inf_nan=False, description="Adam's step size.")
    least_steps: int = Field(
        0,
        ge=0,
        exclude_if=is_unsaid,
        description="Steps in a round at least: of few rows as many passes more as make them.",
    )

    def passes(self, rows: int) -> int:
        """Return how often `rows` own rows are gone through in a round.

        >>> settings = TrainingSettings(batch=16, least_steps=16)
        >>> [settings.passes(rows) for rows in (10, 64, 65, 1000)]
        [16, 4, 4, 1]
        """
        return max(self.local_epochs, -(-self.least_steps // self.steps_of_a_pass(rows)))

    def steps_of_a_pass(self, rows: int) -> int:
        """Return how many steps a pass over `rows` rows has."""
        return -(-rows // self.batch)

    def steps(self, rows: int) -> int:
        """Return how many steps `rows` own rows make in a round.

        >>> TrainingSettings(batch=32, local_epochs=2).steps(77)
        6
        """
        return self.passes(rows) * self.steps_of_a_pass(rows)


class PrivacySettings(_Settings):
    """How far what a client sends may depend on any one of its rows: DP-SGD (Abadi et al. 2016)."""

    epsilon: float = Field(
        gt=0, le=1000, allow_inf_nan=False, description="ε that all updates together stay within."
    )
    delta: float = Field(1e-5, gt=0, lt=1, description="δ beside it, below one over the rows.")
    clip: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="Norm that a row's gradient is cut down to."
    )
    updates: int = Field(20, ge=1, le=1_000_000, description="Updates that ε is for; no more are sent.")


class ScoringSettings(_Settings):
    """How voters judge (paper, Eq. 2)."""

    metric: str = Field(description="The score on a voter's validation rows, one of the target's.")
    tolerance: float = Field(0.05, ge=0, lt=1, description="ε: the relative loss of score that still passes.")
    policy: AnyPolicy = Field(
        DEFAULT_POLICY, description="One verdict on the average, or tests of each update."
    )
    memory: int = Field(1, ge=1, le=MEMORY, description="Last models that an update may be a change of.")
