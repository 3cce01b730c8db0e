"""Robust rules: ByzFL's values as oracle where it has the rule, and what each is made for."""

import numpy as np
import pytest

from ml.defences import DEFENCES, Knowledge
from ml.errors import DefenceError

BYZFL = {  # Of ByzFL 0.0.11 on these very updates, f = 2; its package wants torchvision and is not installed.
    "mean": [0.567060953, 0.686776661, 0.454658878, 0.962173265],
    "median": [-0.048500945, -0.235091131, -0.029251822, 0.271264359],
    "trimmed-mean": [-0.251412241, -0.27736075, -0.255218679, 0.061401678],
    "krum": [-0.048500945, 0.113308986, -1.530135766, -0.477753276],
    "multi-krum": [-0.634715827, -0.446587005, -0.813439407, -0.255723432],
    "geometric-median": [-0.320181681, -0.296158747, -0.331379753, 0.146207106],
    "nnm": [-0.634715827, -0.446587005, -0.813439407, -0.255723432],
}
OUTLIERS = 2
STATELESS = DEFENCES.keys() - {"reputation-auction"}
DEFENDED = sorted(STATELESS - {"mean", "clipping-with-noise", "norm-clipping", "centred-clipping"})


def updates(seed=7, count=9, size=4, outliers=OUTLIERS, far=5):
    drawn = np.random.default_rng(seed).normal(size=(count, size))
    drawn[:outliers] += far
    return drawn


def knowledge(size=4, faulty=OUTLIERS, **others):
    return Knowledge(np.zeros(size), faulty, **{"scores": nearest_scores_best, **others})


def nearest_scores_best(models):
    return np.exp(-np.abs(models).mean(axis=1))[:, None]


@pytest.mark.parametrize("rule", BYZFL)
def test_the_value_is_byzfls(rule):
    assert np.allclose(DEFENCES[rule](updates(), knowledge()), BYZFL[rule], rtol=0, atol=1e-8)


def test_bulyan_is_its_definition_followed_step_by_step():
    drawn, f = updates(count=11), 2
    left, chosen = list(range(11)), []
    while len(chosen) < 11 - 2 * f:
        scores = {}
        for i in left:
            near = sorted(((drawn[i] - drawn[j]) ** 2).sum() for j in left if j != i)
            scores[i] = sum(near[: max(len(left) - f - 2, 1)])
        best = min(left, key=lambda i: (scores[i], drawn[i].sum()))
        left.remove(best)
        chosen.append(drawn[best])
    expected = []
    for column in np.array(chosen).T:
        near = sorted(column, key=lambda value: abs(value - np.median(column)))
        expected.append(np.mean(near[: len(chosen) - 2 * f]))
    assert np.allclose(DEFENCES["bulyan"](drawn, knowledge()), expected)


@pytest.mark.parametrize("rule", DEFENDED)
def test_two_far_updates_of_eleven_hardly_move_it(rule):
    drawn = np.random.default_rng(3).normal(1.0, 0.1, size=(11, 50))
    honest = drawn[2:].mean(axis=0)
    drawn[:2] = -20.0
    found = DEFENCES[rule](drawn, knowledge(50, trusted=honest))
    assert np.abs(found - honest).max() < 0.3
    assert np.abs(drawn.mean(axis=0) - honest).max() > 3


@pytest.mark.parametrize("rule", ["norm-clipping", "clipping-with-noise", "centred-clipping"])
def test_clipping_bounds_what_one_update_can_do(rule):
    drawn = np.random.default_rng(3).normal(1.0, 0.1, size=(11, 50))
    near, far = drawn.copy(), drawn.copy()
    near[0], far[0] = -1e2, -1e6
    found = [DEFENCES[rule](moved, knowledge(50)) for moved in (near, far)]
    assert np.allclose(found[0], found[1], atol=1e-2)


@pytest.mark.parametrize("rule", sorted(STATELESS))
def test_the_order_of_updates_does_not_matter(rule):
    drawn = updates(count=11, size=30)
    known = knowledge(30, trusted=drawn[5], seed=4)
    found = DEFENCES[rule](drawn, known)
    assert np.allclose(DEFENCES[rule](drawn[::-1], known), found, atol=1e-7)


@pytest.mark.parametrize("rule", sorted(STATELESS - {"committee-signs"}))
def test_equal_updates_are_the_model(rule):
    one = np.random.default_rng(0).normal(size=30)
    found = DEFENCES[rule](np.tile(one, (11, 1)), knowledge(30, trusted=one))
    assert np.allclose(found, one, atol=0.05 if "noise" in rule or rule == "flame" else 1e-9)


@pytest.mark.parametrize(
    ("rule", "count", "bound"),
    [("krum", 6, "2f + 3 = 7"), ("multi-krum", 6, "2f + 3 = 7"), ("bulyan", 10, "4f + 3 = 11"),
     ("trimmed-mean", 4, "2f + 1 = 5"), ("nnm", 4, "2f + 1 = 5")],
)  # fmt: skip
def test_too_few_updates_are_refused_with_the_bound(rule, count, bound):
    with pytest.raises(DefenceError, match=rf"{rule} needs {bound.replace('+', '[+]')} updates or more"):
        DEFENCES[rule](updates(count=count), knowledge())
    DEFENCES[rule](updates(count=count + 1), knowledge())


def test_fltrust_needs_somebody_who_is_trusted_and_follows_nobody_who_points_away():
    with pytest.raises(DefenceError, match="nobody is"):
        DEFENCES["fltrust"](updates(), knowledge())
    away = -np.ones((3, 4))
    assert np.array_equal(DEFENCES["fltrust"](away, knowledge(trusted=np.ones(4))), np.zeros(4))
