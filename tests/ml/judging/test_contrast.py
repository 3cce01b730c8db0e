"""Contrasts: what a model says in favour of a row's own target rather than of anybody's."""

import numpy as np
import pytest
import torch

from ml.judging.contrast import DEALS, contrasts, deals
from ml.tasks.losses import row_losses
from ml.tasks.targets import Classes, Labels, Numbers

ROWS = DEALS + 1  # So many are dealt out in every way.
DRAWS = np.random.default_rng(5)
CODES = DRAWS.integers(0, 3, ROWS)


def contrast(target, outputs, targets):
    def losses(y):
        return row_losses(target, torch.tensor(outputs), torch.tensor(y)).numpy()

    dealt = np.array([losses(targets[deal]) for deal in deals((ROWS,))])
    return contrasts(losses(targets), dealt, np.isfinite(dealt)).mean()


@pytest.mark.parametrize(
    ("target", "outputs", "targets", "columns"),
    [
        (Labels(), DRAWS.normal(size=ROWS), (DRAWS.random(ROWS) > 0.5) * 1.0, lambda y: y[:, None]),
        (Numbers(), DRAWS.normal(size=ROWS), DRAWS.normal(size=ROWS), lambda y: y[:, None]),
        (Classes(3), DRAWS.normal(size=(ROWS, 3)), CODES, lambda y: np.eye(3)[y]),
    ],
)
def test_dealt_out_in_every_way_it_is_the_covariance_of_outputs_and_targets(
    target, outputs, targets, columns
):
    said, known = outputs.reshape(ROWS, -1), columns(targets)
    covariance = ((said - said.mean(0)) * (known - known.mean(0))).sum() / (ROWS - 1)
    assert contrast(target, outputs, targets) == pytest.approx(covariance)
    shift = 3.0 if said.shape[1] == 1 else np.array([3.0, -1.0, 0.5])
    assert contrast(target, outputs + shift, targets) == pytest.approx(covariance)
    assert contrast(target, outputs / 2, targets) == pytest.approx(covariance / 2)


@pytest.mark.parametrize("rows", [2, 3, 8, 9, 10, 320])
def test_nobody_keeps_its_target_and_everybody_gets_one(rows):
    for deal in deals((rows, 1)):
        assert (deal[:rows] != np.arange(rows)).all() and sorted(deal) == list(range(rows + 1))
    if rows > DEALS:
        assert len({tuple(deal) for deal in deals((rows,))}) == DEALS


def test_what_is_not_finite_has_no_contrast():
    infinite, counted = np.array([np.inf]), np.ones((1, 1), bool)
    assert np.isnan(contrasts(infinite, infinite[None], counted)).all()
    assert contrasts(np.array([0.5]), infinite[None], counted) == [np.inf]


def test_a_target_that_a_rows_outputs_rule_out_does_not_count():
    """A choice among those that a row has: the others' logits are −∞."""
    outputs, targets = DRAWS.normal(size=(ROWS, 3)), np.arange(ROWS) % 2
    outputs[::3, 2], outputs[1, 0] = -np.inf, -np.inf
    losses = row_losses(Classes(3), torch.tensor(outputs), torch.tensor(targets)).numpy()
    dealt = np.array(
        [
            row_losses(Classes(3), torch.tensor(outputs), torch.tensor(targets[deal])).numpy()
            for deal in deals((ROWS,))
        ]
    )
    assert np.isinf(dealt[:, 1]).sum() == 5 and np.isfinite(losses).all()
    found = contrasts(losses, dealt, np.isfinite(dealt))
    assert found[1] == 0 and found[0] == pytest.approx(dealt[:, 0].mean() - losses[0])
