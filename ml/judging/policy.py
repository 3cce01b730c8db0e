"""A policy: which tests an update has to pass for a voter's yes, as settings that files and rules carry."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, lt=1)]


class _Test(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Size(_Test):
    """‖δ_j‖ ≤ most·‖δ_v‖."""

    test: Literal["size"] = "size"
    most: _Positive = Field(1.5, description="Times the length of the voter's own reference change.")


class Direction(_Test):
    """cos(δ_j, δ_v) ≥ least, for models large enough that chance has no direction."""

    test: Literal["direction"] = "direction"
    least: float = Field(0.0, ge=-1, le=1, description="The least cosine with the voter's own change.")
    parameters: int = Field(10_000, ge=1, description="Models of fewer are not tested.")


class Loss(_Test):
    """L(w + step·δ_j) − L(w) ≤ budget."""

    test: Literal["loss"] = "loss"
    budget: _Positive = Field(0.02, description="The rise of mean loss that passes, in the losses' own unit.")
    step: float = Field(0.5, gt=0, le=1, description="Share of the change that is tried.")


class Score(_Test):
    """s(w + step·δ_j) ≥ (1 − tolerance)·s(w), where the target has a score."""

    test: Literal["score"] = "score"
    tolerance: _Share = Field(0.05, description="ε: the relative loss of score that passes.")
    step: float = Field(0.5, gt=0, le=1, description="Share of the change that is tried.")


class ClassLoss(_Test):
    """No class of the voter's rows loses more than the budget."""

    test: Literal["class-loss"] = "class-loss"
    budget: _Positive = Field(0.1, description="The rise of mean loss of any class that passes.")
    step: float = Field(0.5, gt=0, le=1, description="Share of the change that is tried.")


class LeaveOneOut(_Test):
    """The average of all that passed is not better without it, by more than floor and one standard error."""

    test: Literal["leave-one-out"] = "leave-one-out"
    floor: _Positive = Field(0.002, description="The rise of mean loss that counts as noise in any case.")


UpdateTest = Annotated[Size | Direction | Loss | Score | ClassLoss, Field(discriminator="test")]
AverageTest = Annotated[Loss | Score | ClassLoss, Field(discriminator="test")]


class Policy(BaseModel):
    """What an honest voter does: tests of each update, then of the average of those that passed.

    While the average fails, the update of the greatest loss is cleared; what is left is then tried by
    leaving each out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    updates: tuple[UpdateTest, ...] = Field(min_length=1, description="Tests of each update by itself.")
    average: tuple[AverageTest, ...] = Field((), description="Tests of the average, at full step.")
    leave_one_out: LeaveOneOut | None = Field(None, description="Whether each must be missed by the others.")
    rows: int = Field(2_000, ge=1, description="Own rows that judge, validation rows first.")
    reference_steps: int = Field(16, ge=1, description="Steps, at most, of the voter's own reference change.")

    @property
    def budget(self) -> float:
        """The least budget of loss among its tests, within which training rows may judge; 0 without one."""
        return min(
            (test.budget for test in (*self.updates, *self.average) if isinstance(test, Loss)), default=0.0
        )


EVIDENCE = Policy(
    updates=(Size(), Direction(), Loss(), Score()),
    average=(Loss(step=1.0), Score(step=1.0)),
)
"""Votes on evidence: size and direction against one's own update, loss and score at half a step."""

NAMED: Mapping[str, Policy] = {
    "evidence": EVIDENCE,
    "likelihood": Policy(updates=(Loss(budget=0.0513, step=1.0),), average=(Loss(budget=0.0513, step=1.0),)),
    "evidence-and-leave-one-out": EVIDENCE.model_copy(update={"leave_one_out": LeaveOneOut()}),
}
"""Policies by the name that settings carry; `aggregate` and `verdict` are in `policies`."""
