"""Each test of a policy on what voters measured: which pairs of update and voter pass, and why others not."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

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
from ml.judging.update_tests import (
    has_to_teach,
    is_at_least,
    is_no_longer,
    is_no_opponent,
    is_related,
    keeps_every_class,
    keeps_loss,
    keeps_score,
    least_growth,
    least_score,
    points_along,
)

Measured = NDArray[np.float64]
Passed = NDArray[np.bool_]
Check = tuple[Passed, Measured, Measured]
"""What passed, what was found, what would have passed; one entry a pair of update and voter."""


def _size(test: Size, evidence: Evidence, asked: Passed) -> Check:
    passed = is_no_longer(evidence.sizes, evidence.own_sizes, test.most)
    found = np.broadcast_to(evidence.sizes, passed.shape)
    return passed, found, np.broadcast_to(test.most * evidence.own_sizes, passed.shape)


def _direction(test: Direction, evidence: Evidence, asked: Passed) -> Check:
    cosines = evidence.cosines(evidence.parameters(test.layer))
    return points_along(cosines, test.least), cosines, np.full(cosines.shape, test.least)


def _relation(test: Relation, evidence: Evidence, asked: Passed) -> Check:
    found = evidence.relations(test)
    return is_related(found, test.least), found, np.full(found.shape, test.least)


def _opposed(test: Opposed, evidence: Evidence, asked: Passed) -> Check:
    cosines = evidence.cosines(evidence.parameters("all"))
    passed = is_no_opponent(cosines, test.least, evidence.rises(test.step))
    return passed, cosines, np.full(passed.shape, test.least)


def _contrast(test: Contrast, evidence: Evidence, asked: Passed) -> Check:
    """Noise is asked for by those voters alone for whom it decides: it takes a model of their own."""
    found, limit = evidence.contrasts(test.step), contrast_bounds(test, evidence)
    along = points_along(evidence.cosines(evidence.parameters("all")), test.least)
    if voters := _undecided(found, limit, asked & along):
        noise = evidence.contrast_noise(test, voters)
        limit[:, voters] -= np.where(along[:, voters], noise, 0.0)
    passed = is_at_least(found, limit)
    return passed if evidence.has_labels else passed | (evidence.rises(test.step) <= 0), found, limit


def contrast_bounds(test: Contrast, evidence: Evidence) -> Measured:
    """Return the least change of contrast where noise is left out of account, [updates, voters]."""
    cosines, rises = evidence.cosines(evidence.parameters("all")), evidence.rises(test.step)
    bounds = np.tile(-test.share * evidence.known_contrasts, (len(cosines), 1))
    harmful = ~points_along(cosines, test.least) & (rises > 0)
    if not test.gain or not harmful.any():
        return bounds
    errors = [evidence.loss_error(test.step, voter) for voter in range(len(evidence.voters))]
    gains = np.maximum(0.0, evidence.own_contrasts(test.step))
    return has_to_teach(bounds, harmful & (rises > errors), test.gain * gains)


def _forgetting(test: Forgetting, evidence: Evidence, asked: Passed) -> Check:
    """What excuses is asked by those voters alone for whom it decides: it takes a training of their own."""
    found = evidence.growths(test.step)
    limit = np.full(found.shape, -test.most)
    for voter in _undecided(found, limit, asked):
        limit[:, voter] = least_growth(evidence.own_growth(test.step, voter), test.most)
    passed = is_at_least(found, limit)
    if voters := _undecided(found, limit, asked):
        passed[:, voters] |= points_along(evidence.cosines_with_labels(voters), test.least)
    return passed, found, limit


def _undecided(found: Measured, limit: Measured, asked: Passed) -> list[int]:
    """Voters, by place, who ask of some update what excuses it."""
    voters: list[int] = np.flatnonzero((asked & ~is_at_least(found, limit)).any(axis=0)).tolist()
    return voters


def _on_own_rows(test: "Loss | Score | Skill | ClassLoss", evidence: Evidence, asked: Passed) -> Check:
    everyone, current = range(len(evidence.voters)), evidence.current
    checks = [
        on_rows(test, evidence, tried, current, everyone, of)
        for tried, of in zip(evidence.at(test.step), asked, strict=True)
    ]
    passed, found, limit = (np.array(part) for part in zip(*checks, strict=True))
    if isinstance(test, Loss) and test.in_company:
        found = in_company(test, evidence, found, asked)
        passed = keeps_loss(found, np.zeros_like(found), limit)
    return passed, found, limit


def in_company(test: Loss, evidence: Evidence, rises: Measured, asked: Passed) -> Measured:
    """Return rises of loss [updates, voters]; of what does not pass, the lesser of alone and in company."""
    found = rises.copy()
    fails = ~keeps_loss(rises, np.zeros_like(rises), test.tolerance)
    for row, voter in np.argwhere(asked & fails).tolist():
        found[row, voter] = np.fmin(rises[row, voter], evidence.rise_in_company(test.step, row, voter))
    return found


def on_rows(
    test: "Loss | Score | Skill | ClassLoss",
    evidence: Evidence,
    tried: Tried,
    current: Tried,
    voters: Sequence[int],
    asked: Passed,
) -> Check:
    """One model, an update's or an average, on the rows of some voters, places in `evidence.voters`."""
    if isinstance(test, Skill):
        return _of_skill(test, evidence, tried, current, voters, asked)
    if isinstance(test, Score):
        limit = (1 - test.tolerance) * current.scores
        return keeps_score(tried.scores, current.scores, test.tolerance), tried.scores, limit
    if isinstance(test, ClassLoss):
        return _of_classes(test, tried.class_means, current.class_means)
    return _of_loss(test, evidence, tried, current, voters, asked)


def _of_loss(
    test: Loss, evidence: Evidence, tried: Tried, current: Tried, voters: Sequence[int], asked: Passed
) -> Check:
    """As for skill, noise is asked for by those voters alone for whom it decides."""
    limit = np.full(len(voters), test.tolerance)
    for place in np.flatnonzero(asked & ~keeps_loss(tried.means, current.means, test.tolerance)):
        limit[place] += evidence.noise(test, voters[place])
    return keeps_loss(tried.means, current.means, limit), tried.means - current.means, limit


def _of_skill(
    test: Skill, evidence: Evidence, tried: Tried, current: Tried, voters: Sequence[int], asked: Passed
) -> Check:
    """Noise is asked for by those voters alone for whom it decides."""
    known = evidence.chances[np.asarray(voters)]
    errors = np.zeros(len(voters))
    without = least_score(current.scores, known, errors, test.tolerance, 0.0)
    for place in np.flatnonzero(asked & (tried.scores < without)):
        errors[place] = evidence.score_error(test.step, voters[place])
    least = least_score(current.scores, known, errors, test.tolerance, test.errors)
    # What is not finite scores 0, which so much noise may allow.
    return is_at_least(tried.scores, least) & np.isfinite(tried.means), tried.scores, least


def _of_classes(test: ClassLoss, candidate: Measured, current: Measured) -> Check:
    worst = np.nan_to_num(candidate - current, nan=-np.inf).max(axis=1)
    return keeps_every_class(candidate, current, test.tolerance), worst, np.full(len(worst), test.tolerance)


CHECKS: Mapping[type[UpdateTest], Callable[..., Check]] = {
    Size: _size,
    Direction: _direction,
    Relation: _relation,
    Opposed: _opposed,
    Contrast: _contrast,
    Forgetting: _forgetting,
    Loss: _on_own_rows,
    Score: _on_own_rows,
    Skill: _on_own_rows,
    ClassLoss: _on_own_rows,
}
"""By test that is asked; of an evidence and of the pairs that passed so far, of which alone what costs."""
