"""Influences against leaving rows out, DeLong's variance written out, and scores of constants."""

import numpy as np
import pytest

from ml.judging.influence import chance, influences, least_error
from ml.judging.metrics import measure
from ml.judging.update_tests import paired_standard_error
from ml.tasks.targets import MASKED, Classes, Labels, Numbers

GENERATOR = np.random.default_rng(7)
ROWS = 300


def _labels(count=None, masked=False):
    shape = (ROWS,) if count is None else (ROWS, count)
    targets = (GENERATOR.random(shape) < 0.3).astype(np.float32)
    outputs = (targets + GENERATOR.normal(size=shape)).astype(np.float32)
    if masked:
        targets[GENERATOR.random(shape) < 0.2] = np.nan
    return outputs, targets


def _classes(count, places=()):
    targets = GENERATOR.integers(0, count, (ROWS, *places))
    outputs = np.eye(count)[targets] + GENERATOR.normal(size=(ROWS, *places, count))
    targets[GENERATOR.random(targets.shape) < 0.1] = MASKED
    return outputs.astype(np.float32), targets


def _numbers(count=None):
    shape = (ROWS,) if count is None else (ROWS, count)
    targets = GENERATOR.normal(size=shape).round(1).astype(np.float32)
    outputs = (targets + GENERATOR.normal(size=shape)).round(1).astype(np.float32)
    if count:
        targets[GENERATOR.random(shape) < 0.2] = np.nan
    return outputs, targets


KINDS = [
    *((metric, Labels(), _labels()) for metric in ("auroc", "accuracy")),
    *((metric, Labels(3), _labels(3, masked=True)) for metric in ("auroc", "accuracy")),
    *((metric, Classes(4), _classes(4)) for metric in ("auroc", "accuracy")),
    *((metric, Classes(3), _classes(3, (5,))) for metric in ("auroc", "accuracy")),
    ("concordance", Numbers(), _numbers()),
    ("concordance", Numbers(2), _numbers(2)),
]


@pytest.mark.parametrize(("metric", "target", "rows"), KINDS, ids=lambda each: str(each)[:14])
def test_a_row_s_influence_is_what_the_score_loses_without_it(metric, target, rows):
    outputs, targets = rows
    found = influences(metric, target, outputs, targets)
    assert found.shape == (ROWS,) and abs(found.mean()) < 1e-9

    def without(row):
        kept = np.arange(ROWS) != row
        return measure(metric, target, outputs[kept], targets[kept], lambda: np.zeros(0))

    whole = measure(metric, target, outputs, targets, lambda: np.zeros(0))
    lost = np.array([whole - without(row) for row in range(60)]) * (ROWS - 1)
    np.testing.assert_allclose(found[:60], lost, atol=0.02 * np.abs(lost).max())


def _placements(outputs, labels):
    """V10 of each positive and V01 of each negative, pair by pair (DeLong et al. 1988, Eq. 4 and 5)."""
    kernel = np.array(
        [[1.0 if x > y else 0.5 if x == y else 0.0 for y in outputs[~labels]] for x in outputs[labels]]
    )
    return kernel.mean(axis=1), kernel.mean(axis=0)


def test_the_error_of_a_difference_of_two_aurocs_is_delong_s():
    labels = GENERATOR.random(ROWS) < 0.3
    first = labels + GENERATOR.normal(size=ROWS)
    second = first + 0.5 * GENERATOR.normal(size=ROWS)
    one, other = (influences("auroc", Labels(), o, labels.astype(np.float32)) for o in (first, second))
    (v10, v01), (w10, w01) = (_placements(o, labels) for o in (first, second))
    delong = np.sqrt(np.var(w10 - v10, ddof=1) / len(v10) + np.var(w01 - v01, ddof=1) / len(v01))
    assert float(paired_standard_error(other - one)) == pytest.approx(delong, rel=1 / labels.sum())


def test_the_error_of_a_difference_of_two_accuracies_is_mcnemar_s():
    targets = (GENERATOR.random(ROWS) < 0.4).astype(np.float32)
    right = GENERATOR.random((2, ROWS)) < 0.8
    first, second = (np.where(each, 1, -1) * np.where(targets > 0.5, 1.0, -1.0) for each in right)
    one, other = (influences("accuracy", Labels(), o, targets) for o in (first, second))
    b, c = (right[0] & ~right[1]).sum(), (~right[0] & right[1]).sum()
    mcnemar = np.sqrt((b + c - (b - c) ** 2 / ROWS) / ROWS**2)
    assert float(paired_standard_error(other - one)) == pytest.approx(mcnemar, rel=2 / ROWS)


@pytest.mark.parametrize(("metric", "target", "rows"), KINDS, ids=lambda each: str(each)[:14])
def test_chance_is_what_the_best_constant_scores(metric, target, rows):
    outputs, targets = rows
    if isinstance(target, Classes):
        constants = [np.broadcast_to(np.eye(target.count)[k], outputs.shape) for k in range(target.count)]
    else:
        signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * target.count)).reshape(target.count, -1).T
        constants = [np.broadcast_to(sign if target.count > 1 else sign[0], outputs.shape) for sign in signs]
    scores = [measure(metric, target, each, targets, lambda: np.zeros(0)) for each in constants]
    assert max(scores) == pytest.approx(chance(metric, target, targets))


def test_what_is_not_finite_or_a_likelihood_has_no_influence():
    outputs, targets = _labels()
    assert not influences("likelihood", Labels(), outputs, targets).any()
    assert chance("likelihood", Labels(), targets) == 0 == least_error("likelihood", Labels(), targets)
    outputs[3] = np.inf
    assert not influences("auroc", Labels(), outputs, targets).any()


def test_the_least_error_of_an_accuracy_is_one_known_answer():
    targets = np.array([[1.0, np.nan], [0.0, 1.0]])
    assert least_error("accuracy", Labels(2), targets) == pytest.approx(1 / 3)
    assert least_error("accuracy", Classes(3), np.array([2, MASKED])) == 1
    assert least_error("auroc", Labels(2), targets) == 0
