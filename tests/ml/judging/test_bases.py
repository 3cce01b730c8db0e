"""Bases, pure: which models qualify, and of which an update is a change."""

import numpy as np
import pytest

from ml.judging.bases import nearest, qualifying
from ml.judging.constants import constant_loss
from ml.judging.policies import admissible
from ml.tasks.built_in.loans.task import Loans

BUDGET = 0.05
NONE = float("inf")


@pytest.mark.parametrize(
    ("losses", "constant", "places"),
    [
        ([0.7], None, [0]),
        ([0.7, 0.69], None, [1, 0]),
        # Four times the budget above the third least, no more.
        ([0.4, 0.4, 0.4, 0.599], None, [3, 2, 1, 0]),
        ([0.4, 0.4, 0.4, 0.601], None, [2, 1, 0]),
        # Two that are far better than all others do not set the mark; of fewer than four the least does.
        ([0.1, 0.1, 0.4, 0.5], None, [3, 2, 1, 0]),
        ([0.1, 0.1, 0.4], None, [1, 0]),
        # A constant predictor is passed over while another is better, also one that is the newest.
        ([0.40, 0.39, 0.385, 0.39, 0.45], 0.45, [3, 2, 1, 0]),
        ([0.69, 0.45], 0.45, [1]),
        ([0.60, 0.47], 0.45, [1, 0]),
        ([NONE, 0.5, NONE], None, [1]),
        ([0.5, float("nan")], None, [0]),
        ([NONE, NONE], None, [1]),
    ],
)
def test_the_newest_of_those_near_the_third_least(losses, constant, places):
    assert qualifying(losses, BUDGET, constant) == places


def test_an_update_is_a_change_of_the_model_that_it_moved_least_from():
    models = [np.array(values, np.int32) for values in ([0, 0], [100, 0], [100, 0])]
    assert [nearest(np.array(u, np.int32), models) for u in ([9, 9], [90, 1], [100, 0])] == [0, 2, 2]
    far = np.full(2, 2**31 - 1, np.int32)
    assert nearest(far, [-far, far]) == 1  # Differences do not wrap.


def test_copies_of_any_model_that_somebody_may_build_on_are_inadmissible():
    models = [np.full(3, value, np.int32) for value in (1, 2, 3)]
    updates = {0: models[0].copy(), 1: np.full(3, 9, np.int32), 2: models[2].copy()}
    assert set(admissible(updates, models[2])) == {0, 1}
    assert set(admissible(updates, models[2], models)) == {1}


def test_the_best_constant_of_the_rows_one_has_is_tried_on_the_others():
    y = np.array([1, 0, 0, 0], np.float32)
    expected = -(np.log(0.25) + np.log(0.75)) / 2
    assert constant_loss(Loans(), y, np.array([1, 0], np.float32)) == pytest.approx(expected)
