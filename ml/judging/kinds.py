"""Kinds of tests that a policy lists, as settings that files and rules carry."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ml.validation import Written, is_unsaid

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, lt=1)]
_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Step = Annotated[float, Field(gt=0, le=1, description="Share of the change that is tried.")]
_Errors = Annotated[_Number, Field(description="Standard errors that count as noise of the rows.")]


class AnyTest(Written):
    """What all have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Size(AnyTest):
    """‖δ_j‖ ≤ most·‖δ_v‖."""

    test: Literal["size"] = "size"
    most: _Positive = Field(1.5, description="Times the length of the voter's own reference change.")


class Direction(AnyTest):
    """cos(δ_j, δ_v) ≥ least, of all parameters or of the first layer, where these are enough.

    A weight's gradient is the sum, over rows, of what goes in times the error that comes back. What shifts
    all errors of some rows alike, such as their share of one class, moves a layer by the mean of what goes
    in: nothing in the first, where inputs are standardised, and most of what two clients' changes of later
    ones differ by.
    """

    test: Literal["direction"] = "direction"
    least: float = Field(-0.1, ge=-1, le=1, description="The least cosine with the voter's own change.")
    layer: Literal["all", "first"] = Field(
        "all", description="Of all parameters, or of the model's first weights, which read the rows."
    )
    parameters: int = Field(10_000, ge=1, description="Fewer are not tested: chance has a direction there.")


class Relation(AnyTest):
    """mean_i cos²(δ_j[i], δ_v[i])·units ≥ least, i over a layer's inputs: whether rows were learned.

    By chance it is 1, whatever the change's length: noise has no relation to what rows teach. What an input's
    weights change by is a sum of errors that come back through the same later layers, so that two members'
    are related even where they point apart.
    """

    test: Literal["relation"] = "relation"
    least: _Positive = Field(2.0, description="Times what chance has.")
    parameters: int = Field(10_000, ge=1, description="A layer of fewer is not tested.")
    layer: Literal["first", "large"] | None = Field(
        None,
        exclude_if=is_unsaid,
        description="Of the model's first weights, as where nothing is said, or of its first layer that has "
        "so many parameters.",
    )


class Loss(AnyTest):
    """L(w + step·δ_j) − L(w) ≤ tolerance: evidence, in nats where losses are.

    In company: or L(w + step·(δ_v + δ_j)) − L(w + step·δ_v) ≤ tolerance. What members learn whose rows are
    unlike unlearns some of what the voter's have taught; next to the voter's own change it does not.

    With errors, tolerance + errors·σ_v passes: σ_v is the standard error, on the voter's rows, of the
    difference that its own change makes, L(w + step·δ_v) − L(w), which nothing that is sent moves. Models
    of fewer `parameters` have errors of their own, `fewer`.
    """

    test: Literal["evidence"] = "evidence"
    tolerance: _Positive = Field(0.02, description="Rise of mean loss that passes, in the losses' own unit.")
    step: _Step = 0.5
    in_company: bool = Field(
        False,
        exclude_if=is_unsaid,
        description="Whether an update passes also that raises the loss no more beside the own change.",
    )
    errors: _Number = Field(
        0.0,
        exclude_if=is_unsaid,
        description="Standard errors beyond the tolerance that count as noise of the rows.",
    )
    parameters: int = Field(
        0,
        ge=0,
        exclude_if=is_unsaid,
        description="Models of fewer are allowed `fewer` errors: no direction tells a flip from noise there.",
    )
    fewer: _Number = Field(
        0.0, exclude_if=is_unsaid, description="Standard errors for models of fewer parameters."
    )


class Opposed(AnyTest):
    """cos(δ_j, δ_v) ≥ least, or L(w + step·δ_j) ≤ L(w): what points away may not raise the loss at all.

    Two weak witnesses. Of few parameters chance has a direction, so that none can be asked for alone, and
    while a model is young its steps move the loss by less than any tolerance that leaves room for noise.
    """

    test: Literal["opposed"] = "opposed"
    least: float = Field(-0.1, ge=-1, le=1, description="The cosine below which no rise passes.")
    step: _Step = 0.5


class Contrast(AnyTest):
    """κ(w + step·δ_j) − κ(w) ≥ −share·κ(w) − errors·σ_v, without errors where cos(δ_j, δ_v) < least.

    κ is how much better outputs fit the targets of their own rows than those of the voter's other rows
    (`contrast.contrasts`): unlike base rates do not change it, and labels that are wrong lower it, however
    little they add to the loss. σ_v is the standard error, on the voter's rows, of the difference that its
    own change makes, which nothing that is sent moves. Where what a voter's rows teach holds for rows of its
    that did not teach it, so does what honest strangers' rows teach, and less is allowed for: once the own
    change takes `holds` off the loss of such rows, `less` of the `errors` for each standard error, beyond
    two, by which it does, down to `floor`; of models of so many `parameters` or more. What points away like
    that and raises the loss by more than its own standard error has to add to κ `gain` of what the voter's
    own change adds. Of targets that are no labels what does not raise the loss passes: outputs that spread
    too far have more contrast than they should.
    """

    test: Literal["contrast"] = "contrast"
    errors: _Errors = 2.0
    share: _Share = Field(0.02, description="Share of the contrast that may be lost in any case.")
    less: _Number = Field(
        0.0,
        exclude_if=is_unsaid,
        description="Errors fewer for each standard error, beyond two, by which the own change lowers the "
        "loss of own rows that did not train it.",
    )
    floor: _Number = Field(0.0, exclude_if=is_unsaid, description="Errors that are allowed at least.")
    holds: float = Field(
        0.0,
        ge=0,
        le=1,
        exclude_if=is_unsaid,
        description="Share of their loss that the own change has to take off for errors to be fewer.",
    )
    parameters: int = Field(
        0, ge=0, exclude_if=is_unsaid, description="Models of fewer are allowed all errors."
    )
    least: float = Field(-0.1, ge=-1, le=1, description="The cosine below which no noise is allowed for.")
    gain: float = Field(
        0.0,
        ge=0,
        le=1,
        exclude_if=is_unsaid,
        description="Share of what the own change adds that what points away and harms has to add.",
    )
    step: _Step = 0.5
    below: int | None = Field(
        None,
        ge=1,
        exclude_if=is_unsaid,
        description="Models of so many parameters or more are not tested; of all where nothing is said.",
    )

    def is_of(self, parameters: int) -> bool:
        """Return whether models of so many parameters are tested."""
        return self.below is None or parameters < self.below

    def less_of(self, parameters: int) -> float:
        """Return `less` for models of so many parameters, 0 where they are too small for it."""
        return self.less if parameters >= self.parameters else 0.0


class Forgetting(AnyTest):
    """β_j ≥ 2·min(0, β_v) − most, or cos(δ_j, δ_v − δ°_v) ≥ least: what forgets has to teach.

    β is the share by which w + step·δ says more of what w says of the voter's rows. While a model still says
    what it was born with, everybody's change takes that back, and so does the voter's own. δ°_v is what its
    rows make of w with their base rates for labels, so that δ_v − δ°_v is what labels teach, in the first
    layer. Where that has fewer parameters, or targets are no labels, nothing is asked.
    """

    test: Literal["forgetting"] = "forgetting"
    most: _Share = Field(0.05, description="Share of what the model says that may be taken back.")
    least: float = Field(0.0, ge=-1, le=1, description="The cosine with what labels teach that excuses it.")
    parameters: int = Field(
        10_000, ge=1, description="A first layer of fewer is not tested: chance has a direction there."
    )
    step: _Step = 0.5


class Score(AnyTest):
    """s(w + step·δ_j) ≥ (1 − tolerance)·s(w), where the target has a score."""

    test: Literal["score"] = "score"
    tolerance: _Share = Field(0.05, description="ε: the relative loss of score that passes.")
    step: _Step = 0.5


class Skill(AnyTest):
    """s(w + step·δ_j) ≥ s(w) − tolerance·(s(w) − c)/(1 − c) − errors·σ_v, where the target has a score.

    c is the score of who knows nothing, on the voter's rows: 1/2 of AUROC and concordance, of accuracy the
    best constant's. σ_v is the standard error, on these rows, of the difference that the voter's own change
    makes, s(w + step·δ_v) − s(w). Both follow from own rows and the base alone: nothing that is sent moves
    them.
    """

    test: Literal["skill"] = "skill"
    tolerance: _Share = Field(0.05, description="Share of the skill that may be lost; of a perfect score, ε.")
    errors: _Errors = 2.0
    step: _Step = 0.5


class ClassLoss(AnyTest):
    """No class of the voter's rows loses more than the tolerance."""

    test: Literal["class-loss"] = "class-loss"
    tolerance: _Positive = Field(0.1, description="Rise of mean loss of any class that passes.")
    step: _Step = 0.5


class LeaveOneOut(AnyTest):
    """The average of all that passed is not better without it, by more than floor and one standard error."""

    test: Literal["leave-one-out"] = "leave-one-out"
    floor: _Positive = Field(0.002, description="The rise of mean loss that counts as noise in any case.")


UpdateTest = Annotated[
    Size | Direction | Relation | Opposed | Loss | Contrast | Forgetting | Score | Skill | ClassLoss,
    Field(discriminator="test"),
]
AverageTest = Annotated[Loss | Score | Skill | ClassLoss, Field(discriminator="test")]
OF_UPDATES = (Size, Direction, Relation, Opposed, Loss, Contrast, Forgetting, Score, Skill, ClassLoss)
OF_AVERAGES = (Loss, Score, Skill, ClassLoss)
TESTS: Mapping[str, type[AnyTest]] = {
    kind.model_fields["test"].default: kind for kind in (*OF_UPDATES, LeaveOneOut)
}
"""Tests by the name that files carry."""
