"""What a voter tests of an update: one small pure function each, on what it measured on its own rows.

w is the voter's base, δ_j an update's change of it, δ_v the voter's own reference change, L a mean loss per
row and s a score on the voter's rows. Arrays have one entry a pair of update and voter, or broadcast so.
Comparisons are written so that NaN fails them.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Measured = NDArray[np.float64]
Passed = NDArray[np.bool_]


def keeps_score(candidate: Measured, current: Measured, tolerance: float) -> Passed:
    """s_candidate ≥ (1 − ε)·s_current (paper, Eq. 2).

    >>> keeps_score(np.array([0.95, 0.94]), np.array([1.0, 1.0]), 0.05)
    array([ True, False])
    """
    kept: Passed = candidate >= (1 - tolerance) * current
    return kept


def least_score(
    current: Measured, chance: Measured, error: Measured, tolerance: float, errors: float
) -> Measured:
    """Return the least score that keeps what the model knows, as far as the voter's rows can tell.

    s − ε·(s − c)/(1 − c) − k·σ: ε of the skill, the share of the way from chance c to 1 that the model has
    gone (Murphy, 1988), 0 below c; and k standard errors σ of the difference that a change such as the
    voter's own makes on its rows. A perfect score may fall by ε, as in Eq. 2, one at chance by noise alone.

    >>> current, chance = np.array([1.0, 0.75, 0.5, 0.4]), np.full(4, 0.5)
    >>> least_score(current, chance, np.full(4, 0.01), 0.05, 2.0).round(3)
    array([0.93 , 0.705, 0.48 , 0.38 ])
    """
    skill = np.divide(current - chance, 1 - chance, out=np.zeros_like(current), where=chance < 1)
    least: Measured = current - tolerance * np.maximum(skill, 0) - errors * error
    return least


def is_at_least(score: Measured, least: Measured) -> Passed:
    """s(h_j) ≥ what keeps skill (`least_score`).

    >>> is_at_least(np.array([0.71, 0.70]), np.array([0.705, 0.705]))
    array([ True, False])
    """
    enough: Passed = score >= least
    return enough


def keeps_loss(candidate: Measured, current: Measured, budget: float | Measured) -> Passed:
    """L_candidate − L_current ≤ δ: evidence in nats, where losses are.

    With s = exp(−L) it is Eq. 2 for δ = −ln(1 − ε).

    >>> keeps_loss(np.array([0.41, 0.43]), np.array([0.40, 0.40]), 0.02)
    array([ True, False])
    """
    kept: Passed = candidate - current <= budget
    return kept


def is_no_longer(change: Measured, reference: Measured, most: float) -> Passed:
    """‖δ_j‖ ≤ m·‖δ_v‖: no further than m times what the voter's own rows make of the same base.

    >>> is_no_longer(np.array([1.4, 1.6]), np.array([1.0, 1.0]), 1.5)
    array([ True, False])
    """
    short: Passed = change <= most * reference
    return short


def points_along(cosine: Measured, least: float) -> Passed:
    """cos(δ_j, δ_v) ≥ c: the idea of FLTrust (Cao et al., 2021) with every voter its own root of trust.

    >>> points_along(np.array([0.3, -0.1]), 0.0)
    array([ True, False])
    """
    along: Passed = cosine >= least
    return along


def is_no_opponent(cosine: Measured, least: float, rise: Measured) -> Passed:
    """cos(δ_j, δ_v) ≥ c, or L(w + step·δ_j) − L(w) ≤ 0: not both away from the voter's own change and worse.

    >>> is_no_opponent(np.array([0.2, -0.3, -0.3]), -0.1, np.array([0.01, -0.01, 0.01]))
    array([ True,  True, False])
    """
    harmless: Passed = (cosine >= least) | (rise <= 0)
    return harmless


def has_to_teach(least: Measured, harmful: Passed, gains: Measured) -> Measured:
    """Return the least κ(w + step·δ_j) − κ(w): g·(κ(w + step·δ_v) − κ(w)) of what points away and harms.

    κ is `contrast.contrasts`. Whose rows are unlike the voter's points away and raises its loss as a flip
    does, and teaches what outputs have to do with targets, as a flip does not. The test is this project's
    own; docs/campaigns/contrast.md has what it was tried on.

    >>> has_to_teach(np.array([-0.01, -0.01]), np.array([True, False]), np.array([0.02, 0.02]))
    array([ 0.02, -0.01])
    """
    lowest: Measured = np.where(harmful, gains, least)
    return lowest


def errors_left(errors: float, spared: Measured, floor: float) -> Measured:
    """Return max(k − s_v, min(f, k)): the standard errors that a voter still allows for, [voters].

    >>> errors_left(4.0, np.array([0.0, 1.5, 6.0]), 0.25)
    array([4.  , 2.5 , 0.25])
    >>> errors_left(1.0, np.array([6.0]), 2.0)
    array([1.])
    """
    left: Measured = np.maximum(errors - spared, min(floor, errors))
    return left


def is_related(relation: Measured, least: float) -> Passed:
    """r_j ≥ m: more alike the voter's own change of the first layer than chance, that has 1; `relations`.

    `relation` is float64 [updates, voters] or broadcasts so; m is at least 0.

    >>> is_related(np.array([3.9, 1.4, np.nan]), 2.0)
    array([ True, False, False])
    """
    related: Passed = relation >= least
    return related


def relations(changes: Measured, references: Iterable[Measured]) -> Measured:
    """Return r_j = max over both ways round of d · mean_i cos²(δ_j[i], δ_v[i]), of changes of a matrix.

    i goes over the rows, d long, that δ_v moves; then over the columns, for layers are kept either way
    round. A row that δ_j leaves as it is counts 0, and so does all of it where δ_v moves nothing. Between a
    change and Gaussian noise E[cos²] = 1/d, so that each way round is 1 on average, whatever their lengths
    (the larger of both 1.08 for 128 × 79). The test is this project's own; docs/campaigns/relation.md has
    what it was tried on.

    Args:
        changes: δ_j, float64 [updates, outputs, inputs] or the other way round.
        references: δ_v, each [outputs, inputs] likewise.

    Returns:
        float64 [updates, voters].

    >>> relations(np.array([[[2.0, 0.0], [0.0, -1.0]]]), [np.array([[1.0, 0.0], [1.0, 1.0]])]).round(6)
    array([[1.5]])
    """
    squares = _by_row_and_column(np.square(change) for change in changes)
    return np.array([_most_alike(changes, squares, reference) for reference in references]).T


def _by_row_and_column(products: Iterable[Measured]) -> tuple[Measured, Measured]:
    """Sums of each matrix' rows and of its columns, [matrices, rows] and [matrices, columns]."""
    # One at a time: a first layer may be most of a model.
    rows, columns = zip(*((each.sum(axis=1), each.sum(axis=0)) for each in products), strict=True)
    return np.array(rows), np.array(columns)


def _most_alike(changes: Measured, squares: tuple[Measured, Measured], reference: Measured) -> Measured:
    own = _by_row_and_column([np.square(reference)])
    shared = _by_row_and_column(change * reference for change in changes)
    rows, columns = map(_mean_squared_cosine, shared, squares, own)
    return np.maximum(reference.shape[1] * rows, reference.shape[0] * columns)


def _mean_squared_cosine(products: Measured, squares: Measured, own: Measured) -> Measured:
    """Of products [updates, lines], squared lengths and the voter's [1, lines]; over the lines it moves."""
    moved = own[0] != 0
    if not moved.any():
        return np.zeros(len(products))
    bounds = squares[:, moved] * own[:, moved]
    cosines = np.divide(np.square(products[:, moved]), bounds, out=np.zeros_like(bounds), where=bounds > 0)
    mean: Measured = cosines.mean(axis=1)
    return mean


def is_missed(with_it: Measured, without_it: Measured, deviation: Measured, floor: float) -> Passed:
    """L(average) − L(average without j) ≤ max(floor, one standard error): leave-one-out.

    Refused where the average of all the others is better without it, by more than noise of the rows.

    >>> is_missed(np.array([0.401, 0.410]), np.array([0.400, 0.400]), np.array([0.001, 0.001]), 0.002)
    array([ True, False])
    """
    missed: Passed = with_it - without_it <= np.maximum(floor, deviation)
    return missed


def least_growth(own: float, most: float) -> float:
    """Return 2·min(0, β_v) − m: how much of what the model says may go, by what one's own change takes back.

    Twice, since others' rows are unlike the voter's. β is `forgetting.growth`; the test is this project's
    own, and docs/campaigns/forgetting.md has what it was tried on.

    >>> least_growth(0.3, 0.05), least_growth(-0.1, 0.05)
    (-0.05, -0.25)
    """
    return 2 * min(0.0, own) - most


def keeps_every_class(candidate: Measured, current: Measured, budget: float) -> Passed:
    """max_c (L_c(candidate) − L_c(current)) ≤ δ: no class pays for the others; classes on the last axis.

    NaN is a class that the voter's rows do not have.

    >>> keeps_every_class(np.array([[0.3, 0.9], [0.3, np.nan]]), np.array([[0.3, 0.5], [0.3, np.nan]]), 0.1)
    array([False,  True])
    """
    known = ~np.isnan(current)
    kept: Passed = (~known | (candidate - current <= budget)).all(axis=-1)
    return kept


def paired_standard_error(differences: NDArray[np.float64], axis: int = -1) -> Measured:
    """Return the standard error of a mean of paired differences of losses, [...] without `axis`.

    0 for a single row, which shows no noise.

    >>> float(paired_standard_error(np.array([1.0, 3.0])))
    1.0
    """
    rows = differences.shape[axis]
    if rows < 2:
        return np.zeros(differences.sum(axis=axis).shape)
    error: Measured = differences.std(axis=axis, ddof=1) / np.sqrt(rows)
    return error
