import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, roc_auc_score

from ml.errors import ScoreError
from ml.judging.metrics import auroc
from ml.judging.scoring import ValidationSets, score
from ml.training.perceptron import Perceptron

INPUTS = 5
LEARNER = Perceptron(INPUTS, hidden=8)
MODELS = [LEARNER.initial_parameters(seed) for seed in range(3)]


def rows(seed, count):
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((count, INPUTS), dtype=np.float32)
    y = (generator.random(count) < 0.8).astype(np.float32)
    y[:2] = 0, 1
    return X, y


SETS = [rows(seed, count) for seed, count in enumerate([40, 7, 3000, 121, 121])]


def logits(model, X):
    """The network in float64 NumPy."""
    tensors = [model[place].reshape(shape).astype(np.float64) for _, shape, place in LEARNER.schema.slices()]
    hidden = np.maximum(X @ tensors[0] + tensors[1], 0)
    return (np.maximum(hidden @ tensors[2] + tensors[3], 0) @ tensors[4] + tensors[5])[:, 0]


@pytest.mark.parametrize("metric", ["accuracy", "auroc"])
def test_scores_are_scikit_learns(metric):
    oracle = {"accuracy": lambda y, z: accuracy_score(y, z > 0), "auroc": roc_auc_score}[metric]
    validation = ValidationSets(SETS, LEARNER, metric)
    for model in MODELS:
        expected = [oracle(y, logits(model, X)) for X, y in SETS]
        np.testing.assert_allclose(validation.scores(model, range(len(SETS))), expected, atol=1e-6)
        assert score(model, *SETS[2], metric, LEARNER) == pytest.approx(expected[2], abs=1e-6)


def test_a_score_does_not_depend_on_who_else_is_scored():
    everyone = ValidationSets(SETS, LEARNER, "auroc").scores(MODELS[0], range(5))
    alone = [ValidationSets([one], LEARNER, "auroc").scores(MODELS[0], [0])[0] for one in SETS]
    assert everyone.tolist() == alone


def test_scores_come_in_the_order_asked_for_also_from_what_is_kept():
    validation = ValidationSets(SETS, LEARNER, "accuracy")
    expected = ValidationSets(SETS, LEARNER, "accuracy").scores(MODELS[0], range(5))
    assert validation.scores(MODELS[0], [3, 1]).tolist() == expected[[3, 1]].tolist()
    assert validation.scores(MODELS[0], [4, 1, 0]).tolist() == expected[[4, 1, 0]].tolist()
    assert validation.scores(MODELS[1], [2]).tolist() != expected[[2]].tolist()
    assert validation.scores(MODELS[0], []).tolist() == []


def test_only_recent_scores_are_kept_and_all_are_right():
    validation = ValidationSets(SETS[:2], LEARNER, "accuracy")
    models = [LEARNER.initial_parameters(seed) for seed in range(50)]
    first = [validation.scores(model, [0, 1]).tolist() for model in models]
    assert len(validation._recent) == 32
    assert [validation.scores(model, [0, 1]).tolist() for model in models] == first


@given(st.lists(st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), st.booleans()), min_size=2))
@settings(deadline=None)
def test_auroc_counts_ties_one_half(pairs):
    scores, labels = np.array([s for s, _ in pairs]), np.array([b for _, b in pairs])
    if labels.all() or not labels.any():
        with pytest.raises(ScoreError, match="both classes"):
            auroc(scores, labels)
    else:
        assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


@pytest.mark.parametrize(
    ("X", "y", "metric", "message"),
    [
        (
            np.zeros((0, INPUTS), np.float32),
            np.zeros(0, np.float32),
            "accuracy",
            "validation set of client 1 has rows",
        ),
        (
            np.zeros((2, INPUTS + 1), np.float32),
            np.zeros(2, np.float32),
            "accuracy",
            "validation set of client 1 has rows",
        ),
        (
            np.zeros((2, INPUTS), np.float32),
            np.ones(3, np.float32),
            "accuracy",
            "validation set of client 1 has rows",
        ),
        (
            np.zeros((3, INPUTS), np.float32),
            np.ones(3, np.float32),
            "auroc",
            "the 3 rows of the validation set of client 1 have one outcome only, where auroc is undefined",
        ),
    ],
)
def test_a_set_that_cannot_be_scored_is_refused_at_once(X, y, metric, message):
    with pytest.raises(ScoreError, match=message):
        ValidationSets([SETS[0], (X, y)], LEARNER, metric)
