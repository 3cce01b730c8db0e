import sys
import warnings
from math import erf, exp, sqrt

import numpy as np
import pytest
import torch
from torch import nn

from ml.data.rows import Rows
from ml.errors import TrainingError
from ml.settings import PrivacySettings, TrainingSettings
from ml.tasks.loading import Named
from ml.tasks.targets import Classes, Labels
from ml.tasks.task import Task
from ml.training import Origin, TrainingJob, make_learner
from ml.training import private as private_training
from ml.training.private import PrivateTrainer, plan_of
from ml.training.secret_draws import SecretDraws
from ml.training.side_by_side import SideBySideLearner
from ml.training.trainers import trainer_of

pytest.importorskip("opacus", reason="opacus is optional: requirements-privacy.txt")

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(60, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.float32)
EIGHT = PrivacySettings(epsilon=8)
ONE_STEP = TrainingSettings(batch=60)


class Line(Task):
    target = Labels()
    made = staticmethod(lambda: nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)))

    def module(self):
        return self.made()


def learner_of(made=None, privacy=EIGHT):
    task = Line()
    if made is not None:
        task.made = made
    return make_learner(task, (3,), (), threads=1, trainer=trainer_of(task, None, privacy))


def trained(learner, start=None, secret=b"mine", settings=ONE_STEP, seed=1, rows=X, labels=Y):
    start = learner.initial_parameters(0) if start is None else start
    return learner.train(start, [TrainingJob(rows, labels, seed, secret=secret)], settings)[0]


def normal(x):
    return (1 + erf(x / sqrt(2))) / 2


# What the noise is.


def test_a_step_clips_each_row_and_adds_noise_of_the_plans_size():
    clip = 0.8
    learner = learner_of(privacy=PrivacySettings(epsilon=8, clip=clip))
    start = learner.initial_parameters(0)  # Weights, then the bias.
    settings = TrainingSettings(batch=20, learning_rate=0.01)
    steps = trained(learner, start, settings=settings)

    plan = plan_of(PrivacySettings(epsilon=8, clip=clip), 60, settings)
    assert (plan.rate, plan.steps) == (pytest.approx(1 / 3), 3)
    draws = SecretDraws(b"mine", start.tobytes())
    weights, mean, square = start.astype(np.float64), np.zeros(4), np.zeros(4)
    inputs = np.c_[X, np.ones(60)].astype(np.float64)  # The bias sees ones.
    for step in (1, 2, 3):
        chosen = draws.uniform(60) < plan.rate
        assert 5 < chosen.sum() < 40
        gradients = (1 / (1 + np.exp(-inputs @ weights)) - Y)[:, None] * inputs
        norms = np.linalg.norm(gradients, axis=1)
        assert (norms[chosen] > clip).any() and (norms[chosen] < clip).any()
        summed = (gradients * np.minimum(1, clip / norms)[:, None])[chosen].sum(0)
        noise = np.r_[draws.normal(3), draws.normal(1)] * plan.noise * clip
        gradient = (summed + noise) / 20
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weights -= 0.01 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    assert np.allclose(steps, weights, atol=2e-6)
    assert not np.allclose(steps, start, atol=1e-3)


def test_draws_are_uniform_and_normal_and_of_the_secret_alone():
    draws = SecretDraws(b"a", b"b")
    uniform, drawn = draws.uniform(100_000), draws.normal(100_000)
    assert 0 < uniform.min() < 1e-4 and 1 - 1e-4 < uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.004 and abs(uniform.var() - 1 / 12) < 0.001
    assert abs(drawn.mean()) < 0.012 and abs(drawn.std() - 1) < 0.01
    assert abs((np.abs(drawn) < 1).mean() - (2 * normal(1) - 1)) < 0.006
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.015
    again = SecretDraws(b"a", b"b")
    assert np.array_equal(again.uniform(100_000), uniform) and np.array_equal(again.normal(100_000), drawn)
    for other in ((b"ab",), (b"b", b"a"), (b"a", b"c"), (b"ab", b"")):
        assert abs(np.corrcoef(SecretDraws(*other).uniform(10_000), uniform[:10_000])[0, 1]) < 0.04


def test_the_same_secret_makes_the_same_update_and_no_other_does():
    learner = learner_of()
    start = learner.initial_parameters(0)
    first = trained(learner, start)
    assert np.array_equal(first, trained(learner, start, seed=99))  # A seed that anyone may know has no part.
    assert np.array_equal(first, trained(learner_of(), start))
    assert not np.allclose(first, trained(learner, start, secret=b"theirs"), atol=1e-4)
    unsaid = trained(learner, start, secret=b"")
    assert not np.allclose(unsaid, trained(learner, start, secret=b"", seed=99), atol=1e-4)


def test_another_parent_has_other_noise():
    # Of two updates with one noise the difference would be of the rows alone.
    learner, start = learner_of(privacy=PrivacySettings(epsilon=0.3)), np.zeros(4, np.float32)
    moved = start + np.float32(1e-4)
    one, other = trained(learner, start) - start, trained(learner, moved) - moved
    assert not np.array_equal(np.sign(one), np.sign(other)) or not np.allclose(one, other, atol=1e-6)
    draws = [SecretDraws(b"mine", each.tobytes()).normal(1000) for each in (start, moved)]
    assert abs(np.corrcoef(*draws)[0, 1]) < 0.1


def test_a_step_in_parts_is_the_step(monkeypatch):
    settings = TrainingSettings(batch=20)
    whole = trained(learner_of(), settings=settings)
    monkeypatch.setattr(private_training, "_MOST_NUMBERS", 4 * 7)
    assert np.allclose(trained(learner_of(), settings=settings), whole, atol=1e-6)


def test_a_step_that_draws_no_row_is_noise_alone():
    few = trained(learner_of(), settings=TrainingSettings(batch=1, local_epochs=2))
    assert np.isfinite(few).all() and not np.array_equal(few, learner_of().initial_parameters(0))


# What it is worth: against the exact curve of the Gaussian mechanism (Balle and Wang 2018, Theorem 8).


@pytest.mark.parametrize("epsilon, updates", [(0.5, 1), (1, 7), (4, 20), (8, 3)])
def test_noise_is_enough_and_not_much_more(epsilon, updates):
    privacy = PrivacySettings(epsilon=epsilon, delta=1e-5, updates=updates)
    plan = plan_of(privacy, 60, ONE_STEP)  # Every row in every step: no luck in who is drawn.
    assert (plan.rate, plan.steps) == (1.0, 1)

    def delta(sigma, epsilon):
        return normal(1 / (2 * sigma) - epsilon * sigma) - exp(epsilon) * normal(
            -1 / (2 * sigma) - epsilon * sigma
        )

    together = plan.noise / sqrt(updates)
    assert delta(together, epsilon) <= 1e-5
    assert delta(0.8 * together, epsilon) > 1e-5
    assert plan.spent(updates) <= epsilon < plan.spent(updates) + 0.011
    assert plan.spent(0) == 0 < plan.spent(1) <= plan.spent(updates)
    assert plan.spent(updates + 1) > plan.spent(updates)


def test_rows_that_are_drawn_seldom_need_less_noise():
    seldom = plan_of(EIGHT, 6000, TrainingSettings(batch=60))
    assert seldom.rate == pytest.approx(0.01) and seldom.steps == 100
    every = plan_of(PrivacySettings(epsilon=8, updates=100 * 20), 60, ONE_STEP)  # As many steps.
    assert seldom.noise < every.noise / 5


def test_with_little_noise_it_learns_as_without():
    weak = PrivacySettings(epsilon=1000, updates=1, clip=100)
    settings = TrainingSettings(batch=20, local_epochs=30, learning_rate=0.05)
    start = learner_of().initial_parameters(0)
    for learner in (learner_of(privacy=weak), learner_of(privacy=None)):
        found = learner.losses(
            learner.predictor([X]).outputs(trained(learner, start, settings=settings), [0])[0], Y
        )
        assert found.mean() < 0.25


# Which modules.


class Named_(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 2), nn.Linear(2, 1)
        self.register_buffer("scale", torch.tensor([2.0]))

    def forward(self, rows):
        return self.b(torch.relu(self.a(rows)) * self.scale).flatten()


def frozen_norm():
    norm = nn.BatchNorm1d(3).requires_grad_(False)
    return nn.Sequential(norm, nn.Linear(3, 1), nn.Flatten(0))


@pytest.mark.parametrize(
    "made",
    [
        Named_,
        lambda: nn.Sequential(
            nn.Linear(3, 4), nn.LayerNorm(4), nn.Dropout(0.5), nn.Linear(4, 1), nn.Flatten(0)
        ),
        lambda: nn.Sequential(nn.Linear(3, 4), nn.GroupNorm(2, 4), nn.Linear(4, 1), nn.Flatten(0)),
        frozen_norm,
    ],
)
def test_modules_that_keep_rows_apart_are_trained_and_repeat(made):
    learner, settings = learner_of(made), TrainingSettings(batch=20)
    once = trained(learner, settings=settings)
    assert np.array_equal(once, trained(learner, settings=settings))
    assert not np.array_equal(once, learner.initial_parameters(0))


@pytest.mark.parametrize(
    "layer",
    [nn.BatchNorm1d(3), nn.SyncBatchNorm(3), nn.BatchNorm1d(3, track_running_stats=False)],
)
def test_layers_that_mix_rows_are_refused(layer):
    with pytest.raises(
        TrainingError, match=f"layer '0' is {type(layer).__name__}, which mixes the rows of a batch"
    ):
        learner_of(lambda: nn.Sequential(layer, nn.Linear(3, 1), nn.Flatten(0)))


def test_what_cannot_be_had_row_by_row_is_said():
    class Chooses(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(3, 1)

        def forward(self, rows):
            return self.a(rows * 2 if rows.sum() > 0 else rows).flatten()

    with pytest.raises(TrainingError, match="gradients cannot be had row by row, which --dp-epsilon needs"):
        trained(learner_of(Chooses))


def test_several_inputs_and_a_loss_of_its_own():
    class Two(Task):
        target = Classes(3)

        def module(self):
            return Pair()

        def losses(self, outputs, targets):
            return super().losses(outputs, targets) * 2

    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 3), nn.Embedding(5, 3)

        def forward(self, numbers, words):
            return self.a(numbers) + self.b(words).mean(1)

    rows = {"numbers": X, "words": DRAW.integers(0, 5, (60, 4))}
    task = Two()
    shapes = {"numbers": (3,), "words": (4,)}
    learner = make_learner(task, shapes, (), threads=1, trainer=trainer_of(task, None, EIGHT))
    job = TrainingJob(rows, DRAW.integers(0, 3, 60), 1, secret=b"mine")
    (one,), (again,) = (learner.train(learner.initial_parameters(0), [job], ONE_STEP) for _ in range(2))
    assert np.array_equal(one, again)


def test_the_papers_perceptron_is_trained_and_what_judges_stays_fast():
    task = Named("loans", {}).load()
    private = make_learner(task, (30,), (), threads=1, trainer=trainer_of(task, None, EIGHT))
    plain = make_learner(task, (30,), (), threads=1)
    assert type(plain).__name__ == "Perceptron" and private.schema == plain.schema
    rows = DRAW.normal(size=(200, 30)).astype(np.float32)
    start, labels = plain.initial_parameters(0), (rows[:, 0] > 0).astype(np.float32)
    moved = [trained(each, start, rows=rows, labels=labels) - start for each in (plain, private)]
    assert all(np.abs(each).max() > 1e-4 for each in moved)


def test_processes_beside_add_the_same_noise():
    named = Named(f"{__file__}:Line", {})
    task = named.load()
    origin = Origin(named, None, (3,), (), EIGHT)
    here = make_learner(task, (3,), (), threads=1, trainer=trainer_of(task, None, EIGHT))
    there = origin.learner()
    start = here.initial_parameters(0)
    assert np.array_equal(trained(here, start), trained(there, start))
    assert issubclass(SideBySideLearner, object)


# Bad input.


def test_delta_must_be_below_a_rows_share():
    with pytest.raises(
        TrainingError, match=r"--dp-delta is 0.02, and one of 60 rows .* expected less than 1/60"
    ):
        plan_of(PrivacySettings(epsilon=1, delta=0.02), 60, ONE_STEP)


def test_an_epsilon_that_no_noise_reaches_is_refused():
    with pytest.raises(TrainingError, match="--dp-epsilon 1e-09 is too small for 20 updates of 1 steps each"):
        plan_of(PrivacySettings(epsilon=1e-9), 60, ONE_STEP)


def test_a_task_that_trains_in_its_own_way_is_refused():
    class Own(Line):
        def train(self, model, rows, context):
            pass

    with pytest.raises(
        TrainingError, match="task Own trains in a way of its own, and --dp-epsilon is of the default"
    ):
        PrivateTrainer(Own(), EIGHT)


def test_it_goes_with_no_training_of_ones_own():
    with pytest.raises(TrainingError, match="--train mine.py:f is one of your own: leave one out"):
        trainer_of(Line(), "mine.py:f", EIGHT)


def test_without_opacus_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(
        TrainingError, match="needs Opacus, which is not installed: .*requirements-privacy.txt"
    ):
        trainer_of(Line(), None, EIGHT)


def test_training_says_nothing_of_its_own():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan_of(PrivacySettings(epsilon=0.3), 61, ONE_STEP)
        trained(learner_of())


def test_context_carries_the_secret():
    seen = []
    learner = make_learner(
        Line(), (3,), (), threads=1, trainer=lambda model, rows, context: seen.append(context)
    )
    trained(learner, secret=b"mine", seed=5)
    assert [(each.secret, each.seed) for each in seen] == [(b"mine", 5)]
    assert isinstance(Rows(X, Y), Rows)
