"""What many clients' rows tell at once is what each tells alone, to the last bit."""

import numpy as np
import pytest
from torch import nn

from ml.judging.calibration import needed
from ml.judging.evidence import Evidence
from ml.judging.judge import findings
from ml.judging.kinds import Contrast
from ml.judging.own_rows import OwnRows
from ml.judging.policy import Policy
from ml.judging.round_contrasts import RoundContrasts
from ml.tasks.targets import Classes, Labels, Numbers
from ml.tasks.task import Task
from ml.training import make_learner
from ml.updates.fixed_point import decode, encode

SIZES = (1, 7, 8, 9, 31, 33, 64, 97, 130)


class Line(Task):
    def __init__(self, target, outputs):
        self.target, self._outputs = target, outputs

    def module(self):
        last = [nn.Flatten(0)] if self._outputs == 1 else []
        return nn.Sequential(nn.Linear(3, self._outputs), *last)


def sets(generator, target):
    for rows in SIZES:
        X = generator.normal(size=(rows, 3)).astype(np.float32)
        if isinstance(target, Classes):
            y = generator.integers(0, target.count, rows)
        elif isinstance(target, Labels):
            y = generator.integers(0, 2, rows).astype(np.float32)
        else:
            y = generator.normal(size=rows).astype(np.float32)
        yield X, y


@pytest.mark.parametrize(
    "target, outputs, score",
    [(Labels(), 1, "accuracy"), (Classes(4), 4, "accuracy"), (Numbers(), 1, None)],
    ids=["labels", "classes", "numbers"],
)
def test_losses_of_all_clients_at_once_are_each_ones_own(target, outputs, score):
    generator = np.random.default_rng(3)
    given = list(sets(generator, target))
    task = Line(target, outputs)
    learner = make_learner(task, (3,), ())
    empty = [(X[:0], y[:0]) for X, y in given]
    everyone = range(len(given))
    for seed in range(5):
        model = learner.initial_parameters(seed) * 7
        together = OwnRows(given, empty, learner, score, 100).tried(model, everyone, [100] * len(given))
        for client in everyone:
            alone = OwnRows(given, empty, learner, score, 100).tried(model, [client], [100])
            assert alone.losses[0].tobytes() == together.losses[client].tobytes()
            assert alone.scores[0] == together.scores[client]


def test_what_was_kept_of_a_model_is_asked_for_by_any_number_of_rows():
    target = Labels()
    given = list(sets(np.random.default_rng(4), target))
    learner = make_learner(Line(target, 1), (3,), ())
    empty = [(X[:0], y[:0]) for X, y in given]
    kept, model = OwnRows(given, empty, learner, "accuracy", 100), learner.initial_parameters(0)
    kept.means(model, [8, 7])
    for count in (100, 30, 100):
        fresh = OwnRows(given, empty, learner, "accuracy", 100).tried(model, [7, 8], [count] * 2)
        again = kept.tried(model, [7, 8], [count] * 2)
        assert [a.tobytes() for a in again.losses] == [f.tobytes() for f in fresh.losses]
        assert (again.scores == fresh.scores).all() and len(again.losses[1]) == min(count, 100)
    other = kept.means(model * 2, [7])
    assert other != kept.means(model, [7])


@pytest.mark.parametrize(
    "target, spread, passes", [(Labels(), 8.0, False), (Numbers(), 3.0, True), (Numbers(), 0.4, False)]
)
def test_less_contrast_and_no_more_loss_passes_where_targets_are_no_labels(target, spread, passes):
    """Outputs that spread three times too far lose contrast, and loss, by what draws them together."""
    generator = np.random.default_rng(3)
    X = generator.normal(size=(200, 3)).astype(np.float32)
    y = X @ np.array([1.0, -1.0, 0.5], np.float32) + generator.normal(size=200).astype(np.float32)
    y = (y > 0).astype(np.float32) if isinstance(target, Labels) else y
    learner = make_learner(Line(target, 1), (3,), ())
    rows = OwnRows([(X, y)], [(X[:0], y[:0])], learner, None, 200)
    right = np.zeros(learner.schema.size, np.float32)
    right[:3] = 1.0, -1.0, 0.5
    parent, drawn = encode(spread * right), encode(0.9 * spread * right)
    evidence = Evidence({0: drawn}, parent, rows, [0], lambda: decode(drawn)[None], 0.02)
    assert evidence.contrasts(0.5) < -0.02 * evidence.known_contrasts
    assert (evidence.rises(0.5) <= 0) == (spread > 1)
    policy = Policy(updates=(Contrast(errors=0.0),))
    (found,) = findings(policy, evidence, {0: drawn}, {0: 1})
    assert (found.accepted == (0,)) is passes
    assert needed(policy.updates[0], [evidence]).refused == (not passes)


@pytest.mark.parametrize("outputs, dealt", [(1, 8), (256, 8), (257, 2)])
def test_targets_of_wide_outputs_are_dealt_out_less_often(outputs, dealt):
    X, y = np.zeros((5, 3), np.float32), np.arange(5)
    learner = make_learner(Line(Classes(max(outputs, 5)), max(outputs, 5)), (3,), ())
    rows = OwnRows([(X, y)], [(X[:0], y[:0])], learner, None, 5)
    tried = rows.tried(learner.initial_parameters(0), [0], [5])
    assert rows.dealt(tried.outputs, [0])[0].shape == (dealt, 5)


def test_contrasts_of_some_voters_are_those_of_all():
    generator = np.random.default_rng(3)
    given = [(X, y) for X, y in sets(generator, Labels()) if len(y) > 1]
    learner = make_learner(Line(Labels(), 1), (3,), ())
    rows = OwnRows(given, [(X[:0], y[:0]) for X, y in given], learner, None, 200)
    everyone, counts = range(len(given)), [len(y) for _, y in given]
    parent, model = (rows.tried(learner.initial_parameters(seed), everyone, counts) for seed in (0, 1))
    contrasts = RoundContrasts(rows, everyone, parent)
    whole = contrasts.changes(model.outputs, model.losses, everyone)
    for voter in everyone:
        (alone,) = contrasts.changes([model.outputs[voter]], [model.losses[voter]], [voter])
        assert np.array_equal(alone, whole[voter]) and len(alone) == counts[voter]
