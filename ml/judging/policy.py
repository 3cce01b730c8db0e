"""A policy: which tests an update has to pass for a voter's yes, as settings that files and rules carry."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ml.judging.kinds import (
    OF_AVERAGES,
    OF_UPDATES,
    TESTS,
    AnyTest,
    AverageTest,
    Contrast,
    Direction,
    Forgetting,
    LeaveOneOut,
    Loss,
    Opposed,
    Relation,
    Score,
    Size,
    Skill,
    UpdateTest,
)
from ml.messages import nearest, quoted
from ml.validation import Written, is_unsaid

if TYPE_CHECKING:
    from ml.settings import TrainingSettings  # Which has policies among its own.


def _parted(tests: Sequence[Any]) -> dict[str, Any]:
    """One list of all tests, as fields of a policy; `of` says of what an entry is a test."""
    parts: dict[str, Any] = {"updates": [], "average": []}
    for each in tests:
        if not isinstance(each, Mapping):
            raise ValueError(
                f"a test is a mapping such as {{test: evidence, tolerance: 0.02}}, got {quoted(each)}"
            )
        entry = dict(each)
        of = entry.pop("of", "update")
        if of not in ("update", "average"):
            raise ValueError(f"a test is of: update, or of: average, not {quoted(of)}")
        if entry.get("test") == "leave-one-out":
            if "leave_one_out" in parts:
                raise ValueError("leave-one-out is there twice")
            parts["leave_one_out"] = entry
        else:
            parts["average" if of == "average" else "updates"].append(entry)
    return parts


def _test(entry: object, kinds: tuple[type[AnyTest], ...], of: str) -> Any:
    """One test as it is in a file, of one of the kinds that test what it is for."""
    if isinstance(entry, kinds):
        return entry
    if not isinstance(entry, Mapping):
        raise ValueError(
            f"a test is a mapping such as {{test: evidence, tolerance: 0.02}}, got {quoted(entry)}"
        )
    name = entry.get("test", "leave-one-out" if of == "leave_one_out" else None)
    kind = TESTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(
            f"there is no test {quoted(name)}; there are {', '.join(TESTS)}{nearest(str(name), TESTS)}"
        )
    if kind not in kinds:
        fit = ", ".join(each.model_fields["test"].default for each in kinds)
        raise ValueError(f"test {name} is none of {of}; those are {fit}")
    try:
        return kind.model_validate(entry)
    except ValidationError as error:
        raise ValueError(f"test {name}: {_reason(error, kind)}") from error


def _reason(error: ValidationError, kind: type[BaseModel]) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] == "extra_forbidden":
        known = kind.model_fields
        return f"there is no {quoted(name)}; there are {', '.join(known)}{nearest(name, known)}"
    if first["type"] == "missing":
        return f"{name} is missing"
    if "[key]" in first["loc"] or first["type"] == "invalid_key":
        return f"there is a name {quoted(first['input'])}; put it in quotes"
    meaning = kind.model_fields[str(first["loc"][0])].description or ""
    reason = first["msg"][:1].lower() + first["msg"][1:]
    return f"{name} is {quoted(first['input'])}: {reason} ({meaning.rstrip('.')})"


class Policy(Written):
    """What an honest voter does: tests of each update, then of the average of those that passed.

    While the average fails, the update of the greatest loss is cleared; what is left is then tried by
    leaving each out. Files may have one list of all tests instead, those of the average with `of: average`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    updates: tuple[UpdateTest, ...] = Field(min_length=1, description="Tests of each update by itself.")
    average: tuple[AverageTest, ...] = Field((), description="Tests of the average, at full step.")
    leave_one_out: LeaveOneOut | None = Field(None, description="Whether each must be missed by the others.")
    rows: int = Field(2_000, ge=1, description="Own rows that judge, at most, validation rows first.")
    enough: int = Field(
        320, ge=1, description="Rows up to which training rows judge beside fewer validation rows."
    )
    reference_steps: int = Field(16, ge=1, description="Steps, at most, of the voter's own reference change.")
    steps_each: int | None = Field(
        None,
        ge=1,
        exclude_if=is_unsaid,
        description="Steps of everybody's reference change; rows are taken again where they are too few.",
    )
    steps_of: Literal["middle", "largest", "training"] | None = Field(
        None,
        exclude_if=is_unsaid,
        description="Without steps_each, of which member's pass everybody's reference change has the steps: "
        "of the middle one's, as where nothing is said, or of the largest one's; or of the largest one's "
        "training, all its passes.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_tests(cls, values: Any) -> Any:
        if isinstance(values, Sequence) and not isinstance(values, str):
            values = _parted(values)
        if not isinstance(values, Mapping):
            return values
        found = dict(values)
        for name, kinds in (("updates", OF_UPDATES), ("average", OF_AVERAGES)):
            if isinstance(found.get(name), Sequence) and not isinstance(found[name], str):
                found[name] = tuple(_test(each, kinds, name) for each in found[name])
        if found.get("leave_one_out") is not None:
            found["leave_one_out"] = _test(found["leave_one_out"], (LeaveOneOut,), "leave_one_out")
        return found

    @model_validator(mode="after")
    def _company_is_of_updates(self) -> "Policy":
        if any(isinstance(test, Loss) and test.in_company for test in self.average):
            raise ValueError("in_company is of single updates; leave it out of the average's evidence")
        return self

    @property
    def budget(self) -> float:
        """The least tolerance of loss among its tests, within which training rows judge; 0 without one."""
        return min(
            (test.tolerance for test in (*self.updates, *self.average) if isinstance(test, Loss)),
            default=0.0,
        )

    def reference_of(self, training: "TrainingSettings") -> "TrainingSettings":
        """Return the training whose steps a voter's own reference change has: one pass, or all of them."""
        return training if self.steps_of == "training" else training.model_copy(update={"local_epochs": 1})

    def tolerating(self, tolerance: float) -> "Policy":
        """Return the same policy with this rise of mean loss allowed, of updates and of averages."""
        parts = {
            name: tuple(
                test.model_copy(update={"tolerance": tolerance}) if isinstance(test, Loss) else test
                for test in getattr(self, name)
            )
            for name in ("updates", "average")
        }
        return self.model_copy(update=parts)


EVIDENCE = Policy(
    updates=(Size(), Direction(), Direction(layer="first", least=-0.03), Loss(), Score()),
    average=(Loss(step=1.0), Score(step=1.0)),
)
"""Votes on evidence: size and direction against one's own update, loss and score at half a step."""

AND_SKILL = Policy(
    updates=(*EVIDENCE.updates[:-1], Skill()), average=(*EVIDENCE.average[:-1], Skill(step=1.0))
)
"""Evidence whose score binds as far as the model knows something and the voter's rows can tell."""

AND_RELATION = AND_SKILL.model_copy(
    update={"updates": (*AND_SKILL.updates[:3], Relation(), *AND_SKILL.updates[3:])}
)
"""That, and every update is related to what the voter's rows teach: who sends noise learned nothing."""

BY_LARGEST = AND_RELATION.model_copy(
    update={
        "updates": (*AND_RELATION.updates[:3], Relation(layer="large"), *AND_RELATION.updates[4:]),
        "steps_of": "largest",
    }
)
"""That with relations of the first layer that is large enough, references of the largest member's pass."""

BEYOND_NOISE = BY_LARGEST.model_copy(
    update={
        "updates": (*BY_LARGEST.updates[:4], Loss(errors=2.0, parameters=10_000), *BY_LARGEST.updates[5:]),
        "average": (Loss(step=1.0, errors=2.0, parameters=10_000), *BY_LARGEST.average[1:]),
    }
)
"""That, and losses may rise by what is noise of the voter's rows beside the tolerance."""

AND_FORGETTING = BEYOND_NOISE.model_copy(
    update={"updates": (*BEYOND_NOISE.updates[:5], Forgetting(), *BEYOND_NOISE.updates[5:])}
)
"""That, and no update takes back much of what the model says: wrong labels that fit no row do."""

AND_OPPOSED = BEYOND_NOISE.model_copy(
    update={"updates": (*BEYOND_NOISE.updates[:4], Opposed(), *BEYOND_NOISE.updates[4:])}
)
"""That, and what points away from a voter's own change may not raise its loss: for small modules."""

AND_CONTRAST = BY_LARGEST.model_copy(
    update={
        "updates": (
            *BY_LARGEST.updates[:4],
            Loss(errors=2.0),
            *BY_LARGEST.updates[5:],
            Contrast(errors=4.0),
            Contrast(least=0.0, gain=0.33, below=10_000),
        ),
        "average": (Loss(step=1.0, errors=2.0), *BY_LARGEST.average[1:]),
    }
)
"""That of every model, and no update undoes what outputs have to do with the voter's own targets."""

BY_TRAINING = AND_CONTRAST.model_copy(
    update={
        "updates": (
            *AND_CONTRAST.updates[:4],
            Loss(errors=3.0, parameters=10_000, fewer=2.0),
            *AND_CONTRAST.updates[5:],
        ),
        "average": (Loss(step=1.0, errors=4.0, parameters=10_000, fewer=2.0), *AND_CONTRAST.average[1:]),
        "steps_of": "training",
    }
)
"""That with references as long as training, and more noise of few rows where directions are asked."""

NAMED: Mapping[str, Policy] = {
    "evidence": EVIDENCE,
    "evidence-and-skill": AND_SKILL,
    "evidence-skill-and-relation": AND_RELATION,
    "evidence-by-largest": BY_LARGEST,
    "evidence-beyond-noise": BEYOND_NOISE,
    "evidence-and-forgetting": AND_FORGETTING,
    "evidence-and-opposed": AND_OPPOSED,
    "evidence-and-contrast": AND_CONTRAST,
    "evidence-by-training": BY_TRAINING,
    "likelihood": Policy(
        updates=(Loss(tolerance=0.0513, step=1.0),), average=(Loss(tolerance=0.0513, step=1.0),)
    ),
    "evidence-and-leave-one-out": EVIDENCE.model_copy(update={"leave_one_out": LeaveOneOut()}),
}
"""Policies by the name that settings carry; `aggregate` and `verdict` are in `policies`."""

DEFAULT: Literal["evidence-by-training"] = "evidence-by-training"
"""What voters judge by where nobody says. A name keeps its tests: a changed list is another name."""

AGGREGATE = "aggregate"
OF_SCORES = (AGGREGATE, "verdict")
OWN_TESTS = "tests"
"""What a policy without a name is called."""


def read_policy(value: object) -> "str | Policy | None":
    """Return what a file says of a policy: a name, a list of tests, or a mapping of `Policy`'s fields.

    Raises:
        ValueError: With one sentence on the first thing that is wrong.
    """
    known = (*OF_SCORES, *NAMED)
    if value is None or isinstance(value, Policy) or (isinstance(value, str) and value in known):
        return value
    if not isinstance(value, Mapping | Sequence) or isinstance(value, str):
        near = nearest(str(value), known)
        raise ValueError(
            f"there is no policy {quoted(value)}; use {', '.join(known)}, or a list of tests{near}"
        )
    try:
        return Policy.model_validate(value)
    except ValidationError as error:
        raise ValueError(f"policy: {_reason(error, Policy)}") from error


def listed_tests(policy: "str | Policy") -> "Policy | None":
    """Return the tests of a policy, named or not; None for one that compares a single score."""
    return policy if isinstance(policy, Policy) else NAMED.get(policy)


def tests_or_default(policy: "str | Policy") -> "Policy":
    """Return the tests of a policy, and of one that compares a single score the default's."""
    return listed_tests(policy) or NAMED[DEFAULT]


def name_of(policy: "str | Policy") -> str:
    """Return what people call a policy."""
    return OWN_TESTS if isinstance(policy, Policy) else policy


def noise_note(policy: "str | Policy") -> str | None:
    """Return what clients that add noise should know of a policy; None where it compares no changes."""
    tests = listed_tests(policy)
    if tests is None or not any(
        isinstance(test, Size | Direction | Relation | Opposed | Contrast) for test in tests.updates
    ):
        return None
    return (
        f"voters of policy {name_of(policy)} compare updates with changes of their own, which have no noise: "
        "those of evidence refused most updates with noise where that was measured, and each costs its stake "
        "(docs/PRIVACY.md)"
    )
