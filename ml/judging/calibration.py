"""What honest updates look like to honest voters: the settings that tests would need to let them pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

from ml.judging.checks import contrast_bounds, in_company
from ml.judging.evidence import Evidence
from ml.judging.kinds import (
    ClassLoss,
    Contrast,
    Direction,
    Forgetting,
    Loss,
    Opposed,
    Relation,
    Score,
    Size,
    Skill,
    UpdateTest,
)
from ml.judging.own_rows import Tried
from ml.judging.policy import DEFAULT, Policy, listed_tests, name_of
from ml.judging.update_tests import (
    least_growth,
    least_score,
    paired_standard_error,
    points_along,
)
from ml.updates.schema import Schema

Measured = NDArray[np.float64]

_NINE_IN_TEN = 1.28
"""Standard errors below which a normal error stays nine times in ten, on one side."""
MANY = 1000.0
"""Standard errors that are told where rows show no noise at all, and of more."""


@dataclass(frozen=True)
class Needed:
    """One test on honest updates.

    Attributes:
        setting: Of the test, that decides.
        values: What it would have to be for each pair of update and voter to pass, float64 [pairs].
        refused: Share of the pairs that fail the test as it is.
        is_upper: Whether more of the setting lets more pass.
    """

    setting: str
    values: Measured
    refused: float
    is_upper: bool

    def that_passes(self, share: float) -> float:
        """Return the setting with which this share of the pairs passes."""
        return float(np.quantile(self.values, share if self.is_upper else 1 - share))


def needed(test: UpdateTest, evidence: Sequence[Evidence]) -> Needed:
    """Return what a test would need to be for the updates of some rounds, all honest, to pass."""
    values = np.concatenate([values_needed(test, of_round).ravel() for of_round in evidence])
    setting, limit = _SETTINGS[type(test)], getattr(test, _SETTINGS[type(test)])
    is_upper = lets_more_pass(test)
    passed = values <= limit if is_upper else values >= limit
    return Needed(setting, values, float(1 - passed.mean()), is_upper)


def lets_more_pass(test: UpdateTest) -> bool:
    """Return whether more of the test's setting lets more updates pass."""
    return not isinstance(test, Direction | Relation | Opposed)


def least_rise(differences: Measured) -> float:
    """Return the least rise of mean loss that as many rows, spread as much, show nine times in ten.

    1.28 standard errors of a paired difference [rows] away from none, and as many on the other side.

    >>> round(least_rise(np.array([0.0, 0.1, 0.2, 0.3])), 4)
    0.1652
    """
    return float(2 * _NINE_IN_TEN * paired_standard_error(differences))


def tolerance_borne(policy: Policy, needed: float) -> float | None:
    """Return the tolerance of loss that honest updates need, to one digit; None where a policy's will do.

    >>> tolerance_borne(Policy(updates=(Loss(tolerance=0.02),)), 0.0433)
    0.05
    """
    tolerances = [test.tolerance for test in policy.updates if isinstance(test, Loss)]
    if not tolerances or needed <= min(tolerances):
        return None
    return float(f"{_rounded_up(needed):g}")


def _rounded_up(number: float) -> float:
    """A positive number with one digit that is not 0, no less than it."""
    unit = 10.0 ** floor(log10(number))
    return ceil(number / unit * (1 - 1e-12)) * unit


def sees_direction(policy: Policy, schema: Schema) -> bool:
    """Return whether tests of a policy see where changes of such a model point, flips from honest ones."""
    return any(
        isinstance(test, Opposed)
        or (isinstance(test, Contrast) and test.is_of(schema.size))
        or (isinstance(test, Direction) and test.layer == "all" and schema.size >= test.parameters)
        for test in policy.updates
    )


def direction_note(policy: str | Policy, schema: Schema) -> str | None:
    """Return what to know of a policy that asks for directions of larger models than this; else nothing."""
    tests = listed_tests(policy)
    asks = tests is not None and any(isinstance(each, Direction) for each in tests.updates)
    if tests is None or not asks or sees_direction(tests, schema):
        return None
    return (
        f"of {schema.size:,} parameters policy {name_of(policy)} asks for no direction, so that what raises "
        f"a voter's loss by less than its tolerance passes, label flips too; --policy {DEFAULT} "
        "keeps most out (docs/JUDGING.md), and `ape run task check` measures it"
    )


def contrast_shown(policy: Policy, evidence: Sequence[Evidence]) -> tuple[float, float] | None:
    """Return what half of voters' own changes add to their contrasts, and what counts as noise, both medians.

    Of the test of contrast that allows the least; None where none is asked of such models.
    """
    asked = [t for t in policy.updates if isinstance(t, Contrast) and evidence[0].is_asked(t)]
    if not asked:
        return None
    test = min(asked, key=lambda each: each.errors)
    added = [each.own_contrasts(test.step) for each in evidence]
    noise = [
        test.share * each.known_contrasts + each.contrast_noise(test, range(len(each.voters)))
        for each in evidence
    ]
    return float(np.median(np.concatenate(added))), float(np.median(np.concatenate(noise)))


def warnings(
    policy: Policy,
    knows: float | None,
    finds: float,
    brings: float | None = None,
    shown: tuple[float, float] | None = None,
) -> Iterator[str]:
    """Yield what founders should not overlook, a sentence each.

    Args:
        policy: Theirs.
        knows: Of the model beyond the best constant, in the losses' unit.
        finds: The least rise of loss that a vote finds nine times in ten.
        brings: How much an honest change lowers the loss as it is tried, where nothing sees its direction.
        shown: What own changes add to contrasts, and what counts as noise there; `contrast_shown`.
    """
    tolerances = [test.tolerance for test in policy.updates if isinstance(test, Loss)]
    for tolerance in tolerances:
        if knows is not None and tolerance > knows / 2:
            yield (
                f"tolerance {tolerance:g} of evidence is more than half of what the model knows beyond the "
                f"best constant, {knows:.4f}: what takes all of it away may pass, and the score has to see it"
            )
        if tolerance < finds / 2:
            yield (
                f"tolerance {tolerance:g} of evidence is below half of the {finds:.4f} that a vote finds "
                "nine times in ten: noise decides votes; give members more rows, or a larger tolerance"
            )
        if brings is not None and brings < 2 * tolerance:
            yield (
                f"tolerance {tolerance:g} of evidence is more than half of the {brings:.4f} that an honest "
                "change, as it is tried, takes off the loss, less in later rounds, and of so few parameters "
                "no direction is asked: what undoes as much, such as a label flip, passes; --policy "
                f"{DEFAULT} sees what labels lose"
            )
    if shown is not None and shown[0] < shown[1]:
        yield (
            f"half of a voter's own change adds {shown[0]:.4f} to the contrast of its rows at first, and "
            f"{shown[1]:.4f} count as noise there: wrong labels take away as much, and may pass; give "
            "members more rows"
        )


_SETTINGS = {
    Size: "most",
    Direction: "least",
    Relation: "least",
    Opposed: "least",
    Forgetting: "most",
    Contrast: "errors",
    Loss: "tolerance",
    Score: "tolerance",
    Skill: "errors",
    ClassLoss: "tolerance",
}


def values_needed(test: UpdateTest, evidence: Evidence) -> Measured:
    """Return what the setting of a test that is asked has to be for each pair to pass, [updates, voters]."""
    if isinstance(test, Size):
        lengths: Measured = evidence.sizes / evidence.own_sizes
        return lengths
    if isinstance(test, Direction):
        return evidence.cosines(evidence.parameters(test.layer))
    if isinstance(test, Relation):
        return evidence.relations(test)
    if isinstance(test, Opposed):
        cosines = evidence.cosines(evidence.parameters("all"))
        return np.where(evidence.rises(test.step) <= 0, 1.0, cosines)
    if isinstance(test, Forgetting):
        return _taken_back(test, evidence)
    if isinstance(test, Contrast):
        return _errors_below(test, evidence)
    tried, current = evidence.at(test.step), evidence.current
    if isinstance(test, Score):
        # A parent that scores 0 binds nobody: whatever comes passes.
        bound = np.where(current.scores > 0, current.scores, np.inf)
        return np.array([np.where(current.scores > 0, 1 - each.scores / bound, 0) for each in tried])
    if isinstance(test, Skill):
        return np.array([_errors_needed(test, evidence, each) for each in tried])
    if isinstance(test, ClassLoss):
        rises = [np.nan_to_num(each.class_means - current.class_means, nan=-np.inf) for each in tried]
        return np.array([rise.max(axis=1) for rise in rises])
    return _rises(test, evidence)


def _taken_back(test: Forgetting, evidence: Evidence) -> Measured:
    """Of what the model says, [updates, voters], as the test takes it: nothing where it is excused."""
    voters = range(len(evidence.voters))
    least = np.array([least_growth(evidence.own_growth(test.step, voter), 0.0) for voter in voters])
    taken = np.maximum(0.0, least - evidence.growths(test.step))
    taken[points_along(evidence.cosines_with_labels(voters), test.least)] = 0.0
    return taken


def _errors_below(test: Contrast, evidence: Evidence) -> Measured:
    """How many standard errors a contrast falls below its share, [updates, voters]; many where none help."""
    fallen = contrast_bounds(test, evidence) - evidence.contrasts(test.step)
    noise = evidence.contrast_errors(test.step, range(len(evidence.voters)))
    many = np.divide(fallen, noise, out=np.full(fallen.shape, MANY), where=noise > 0)
    many += np.where(many > test.floor, evidence.errors_spared(test, range(len(evidence.voters))), 0.0)
    many[~points_along(evidence.cosines(evidence.parameters("all")), test.least)] = MANY
    if not evidence.has_labels:
        fallen = np.where(evidence.rises(test.step) <= 0, 0.0, fallen)
    return np.where(fallen > 0, np.minimum(many, MANY), 0.0)


def _rises(test: Loss, evidence: Evidence) -> Measured:
    """Of loss, [updates, voters], as the test takes them: less what each voter's rows cannot tell."""
    rises = evidence.rises(test.step)
    if test.in_company:
        rises = in_company(test, evidence, rises, np.ones_like(rises, dtype=bool))
    beyond: Measured = rises - [evidence.noise(test, voter) for voter in range(len(evidence.voters))]
    return beyond


def _errors_needed(test: Skill, evidence: Evidence, tried: Tried) -> Measured:
    """How many standard errors a score falls beyond what skill may, [voters]; 0 for none."""
    current = evidence.current.scores
    none = np.zeros(len(current))
    beyond = least_score(current, evidence.chances, none, test.tolerance, 0.0) - tried.scores
    errors = np.array(
        [evidence.score_error(test.step, v) if beyond[v] > 0 else 0.0 for v in range(len(none))]
    )
    many = np.divide(beyond, errors, out=np.full(len(none), MANY), where=errors > 0)
    return np.where(beyond > 0, np.minimum(many, MANY), 0.0)
