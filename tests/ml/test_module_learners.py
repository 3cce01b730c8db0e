"""Networks of PyTorch modules as learners: vectors, batch statistics, training and scores."""

import importlib.util
import random

import numpy as np
import pytest
import torch
from federations import OfModule, image_learner
from torch import nn

from ml.data.stored_images import StoredImages
from ml.errors import SchemaError, SettingsError, TrainingError
from ml.judging.evaluation import Evaluation
from ml.judging.metrics import auroc
from ml.judging.scoring import ValidationSets
from ml.models.module_state import ModuleState, initial_vector
from ml.settings import AttackSettings, TrainingSettings
from ml.tasks.built_in.digits import images as digits
from ml.tasks.targets import Labels as LabelsTarget
from ml.training import TrainingJob
from ml.training.module import ModuleLearner
from ml.updates.fixed_point import aggregate, decode, encode

ROW, LABELS = (1, 16, 16), 10
IMAGES = digits.read(1_000, 16)
SETTINGS = TrainingSettings(batch=32)
FLIP = AttackSettings(name="label-flip", divergence_weight=0.0)


def batch_norm_network():
    return nn.Sequential(
        nn.Conv2d(1, 8, 4, stride=4, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, LABELS),
    )


def of_module(make):
    return ModuleLearner(OfModule(make, LabelsTarget(LABELS)), ROW, (LABELS,))


def batch_norm():
    return of_module(batch_norm_network)


def cnn():
    return image_learner("cnn", 16, LABELS)


class Drawing(nn.Module):
    """Draws from every generator that a module may ask."""

    def forward(self, rows):
        return nn.functional.dropout(rows, 0.3, self.training) * (
            1 + 0.1 * random.random() + 0.1 * np.random.rand()
        )


def drawing():
    return of_module(lambda: nn.Sequential(nn.Flatten(), Drawing(), nn.Linear(256, LABELS)))


LEARNERS = pytest.mark.parametrize("learner", [cnn(), batch_norm()], ids=["cnn", "batch norm"])


def job(seed, count=130, attack=None):
    places = np.random.default_rng(seed).choice(np.flatnonzero(~IMAGES.test), count, replace=False)
    return TrainingJob(
        StoredImages(IMAGES.inputs.pixels, places), IMAGES.targets[places], seed, attack or AttackSettings()
    )


@LEARNERS
def test_a_vector_goes_through_the_module_unchanged(learner):
    vector = np.abs(learner.initial_parameters(3)) + 0.5
    learner._state.load(vector)
    np.testing.assert_allclose(learner._state.store(), vector, rtol=1e-6)
    assert vector.shape == (learner.schema.size,)
    assert np.array_equal(learner.initial_parameters(3), learner.initial_parameters(3))
    assert not np.array_equal(learner.initial_parameters(3), learner.initial_parameters(4))


@LEARNERS
def test_a_vector_of_another_length_is_refused(learner):
    size = learner.schema.size
    with pytest.raises(SchemaError, match=f"{size - 1} parameters does not fit a schema of {size}"):
        learner.train(np.zeros(size - 1, np.float32), [job(0)], SETTINGS)


def test_genesis_is_scaled_for_relu_and_starts_statistics_at_zero_and_one():
    schema = batch_norm().schema
    parts = {name: initial_vector(schema, 0)[place] for name, _, place in schema.slices()}
    assert parts["4.weight"].std() == pytest.approx(np.sqrt(2 / 128), rel=0.1)
    ones = {name for name, values in parts.items() if (values == 1).all()}
    zeros = {name for name, values in parts.items() if (values == 0).all()}
    assert ones == {"1.weight", "1.running_std"}
    assert zeros == {"1.bias", "1.running_mean", "4.bias"}


def plain_torch(start, one, settings):
    """Training as anyone would write it, with PyTorch's own state of a module."""
    module = batch_norm_network()
    ModuleState(module).load(start)
    module.train()
    origin = [parameter.detach().clone() for parameter in module.parameters()]
    flip = one.attack.name == "label-flip"
    rows, labels = torch.from_numpy(one.X[:]), torch.from_numpy(1 - one.y if flip else one.y)
    optimiser = torch.optim.Adam(module.parameters(), lr=settings.learning_rate)
    shuffle = torch.Generator().manual_seed(one.seed)
    for _ in range(settings.local_epochs):
        for batch in torch.randperm(len(labels), generator=shuffle).split(settings.batch):
            loss = nn.BCEWithLogitsLoss()(module(rows[batch]), labels[batch])
            if flip:
                apart = sum((p - o).square().sum() for p, o in zip(module.parameters(), origin, strict=True))
                loss = loss + one.attack.divergence_weight * apart
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return module


@pytest.mark.parametrize(
    "attack", [AttackSettings(), AttackSettings(name="label-flip", divergence_weight=0.5)]
)
def test_training_is_pytorchs(attack):
    learner, one = batch_norm(), job(7, attack=attack)
    settings = TrainingSettings(batch=32, local_epochs=2)
    start = learner.initial_parameters(0)
    module = plain_torch(start, one, settings)
    trained = learner.train(start, [one], settings)[0]
    np.testing.assert_allclose(trained, ModuleState(module).store(), atol=1e-5)
    module.eval()
    with torch.no_grad():
        expected = module(torch.from_numpy(one.X[:])).numpy()
    np.testing.assert_allclose(learner.predictor([one.X]).outputs(trained, [0])[0], expected, atol=1e-4)


@LEARNERS
def test_jobs_do_not_depend_on_each_other_and_repeat(learner):
    start = learner.initial_parameters(0)
    jobs = [job(0), job(1, count=70, attack=FLIP), job(2)]
    together = learner.train(start, jobs, SETTINGS)
    for result, one in zip(together, jobs, strict=True):
        assert np.array_equal(result, learner.train(start, [one], SETTINGS)[0])
    assert not np.array_equal(together[0], together[2])
    assert learner.train(start, [], SETTINGS) == []


def test_what_a_module_draws_follows_from_the_jobs_seed_and_touches_nobody_elses_draws():
    learner = drawing()
    start = learner.initial_parameters(0)
    first = learner.train(start, [job(0)], SETTINGS)[0]
    torch.rand(3), np.random.rand(3), random.random()
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    assert np.array_equal(learner.train(start, [job(1), job(0)], SETTINGS)[1], first)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before[1:]
    same_rows = TrainingJob(job(0).X, job(0).y, 1)
    one_step = TrainingSettings(batch=200)
    assert not np.array_equal(*learner.train(start, [job(0), same_rows], one_step))


@LEARNERS
def test_a_score_does_not_depend_on_who_else_is_scored_or_what_was_trained(learner):
    start = learner.initial_parameters(0)
    sets = [(job(seed, count).X, job(seed, count).y) for seed, count in ((0, 40), (1, 7), (2, 300))]
    everyone = ValidationSets(sets, learner, "auroc").scores(start, [0, 1, 2])
    learner.train(start, [job(5)], SETTINGS)
    alone = [ValidationSets([one], learner, "auroc").scores(start, [0])[0] for one in sets]
    assert everyone.tolist() == alone
    expected = [auroc(learner.predictor([X]).outputs(start, [0])[0], y > 0.5) for X, y in sets]
    assert alone == expected


def test_flipping_labels_is_training_on_one_minus_all_of_them():
    learner, one = cnn(), job(0)
    start = learner.initial_parameters(0)
    wrong = TrainingJob(one.X, 1 - one.y, one.seed)
    flipped = TrainingJob(one.X, one.y, one.seed, FLIP)
    np.testing.assert_array_equal(*learner.train(start, [wrong, flipped], SETTINGS))


def test_a_last_batch_of_one_is_left_out():
    learner = batch_norm()
    start = learner.initial_parameters(0)
    rest = job(0, count=33)
    first = torch.randperm(33, generator=torch.Generator().manual_seed(0))[:32].numpy()
    trained = learner.train(start, [rest], SETTINGS)[0]
    module = plain_torch(start, TrainingJob(rest.X[first], rest.y[first], 0), TrainingSettings(batch=32))
    np.testing.assert_allclose(trained, ModuleState(module).store(), atol=1e-5)


def test_the_cnn_learns_digits():
    learner = cnn()
    places = np.flatnonzero(~IMAGES.test)
    test = Evaluation(
        IMAGES.inputs.pixels[IMAGES.test].astype(np.float32)[:, None] / 255,
        IMAGES.targets[IMAGES.test],
        learner,
    )
    everyone = TrainingJob(
        IMAGES.inputs.pixels[places].astype(np.float32)[:, None] / 255, IMAGES.targets[places], 0
    )
    start = learner.initial_parameters(0)
    trained = learner.train(
        start, [everyone], TrainingSettings(batch=32, local_epochs=5, learning_rate=3e-3)
    )[0]
    assert test.quality(start)["auroc"] < 0.65
    assert test.quality(trained)["auroc"] > 0.9
    assert test.quality(trained)["accuracy"] > 0.88


def test_running_statistics_are_averaged_as_means_and_deviations():
    learner = batch_norm()
    start = learner.initial_parameters(0)
    updates = [encode(u) for u in learner.train(start, [job(0), job(1)], SETTINGS)]
    learner._state.load(decode(aggregate(updates, [1, 1])))
    place = {name: place for name, _, place in learner.schema.slices()}
    norm = learner._module[1]
    means = [decode(update)[place["1.running_mean"]] for update in updates]
    deviations = [decode(update)[place["1.running_std"]] for update in updates]
    np.testing.assert_allclose(norm.running_mean, np.mean(means, axis=0), atol=2e-6)
    np.testing.assert_allclose(norm.running_var, np.mean(deviations, axis=0) ** 2, atol=1e-5)
    assert not np.allclose(deviations[0], deviations[1])
    assert (deviations[0] > 0).all()


def test_counters_of_batches_are_not_sent_and_do_not_matter():
    learner = batch_norm()
    assert not [name for name, _ in learner.schema.entries if "num_batches" in name]
    start = learner.initial_parameters(0)
    first = learner.train(start, [job(0)], SETTINGS)[0]
    learner._module[1].num_batches_tracked += 1_000_000
    assert np.array_equal(learner.train(start, [job(0)], SETTINGS)[0], first)


def test_a_large_variance_fits_into_fixed_point():
    state = ModuleState(nn.BatchNorm2d(2))
    state._tensors["running_std"].fill_(4_000_000.0)
    sent = encode(state.store())
    state.load(decode(sent))
    np.testing.assert_allclose(state._tensors["running_std"], 4_000_000.0, rtol=1e-6)


def test_a_strangers_deviations_and_any_parameters_give_a_score():
    learner = batch_norm()
    sets = ValidationSets([(job(0).X, job(0).y)], learner, "auroc")
    for value in (np.iinfo(np.int32).min, np.iinfo(np.int32).max, 0):
        score = sets.scores(decode(np.full(learner.schema.size, value, np.int32)), [0])[0]
        assert 0 <= score <= 1


@LEARNERS
def test_rows_that_do_not_fit_are_refused(learner):
    small = StoredImages(IMAGES.inputs.pixels[:, :8, :8], np.arange(5))
    with pytest.raises(
        TrainingError, match=r"training job 1 has rows .*expected \(n, 1, 16, 16\) and \(n, 10\)"
    ):
        learner.train(
            learner.initial_parameters(0), [job(0), TrainingJob(small, IMAGES.targets[:5], 0)], SETTINGS
        )


def test_the_cnn_is_small():
    sizes = [image_learner("cnn", side, 10).schema.size for side in (16, 64, 224)]
    assert sizes == [34_122, 165_450, 296_778]


@pytest.mark.parametrize("side", [8, 16, 50, 64, 224])
def test_the_cnn_takes_any_side(side):
    learner = image_learner("cnn", side, 3)
    rows = np.random.default_rng(0).standard_normal((2, 1, side, side), dtype=np.float32)
    assert learner.predictor([rows]).outputs(learner.initial_parameters(0), [0])[0].shape == (2, 3)


def test_densenet121_without_monai_says_what_to_install():
    if importlib.util.find_spec("monai"):
        pytest.skip("MONAI is installed")
    with pytest.raises(SettingsError, match="needs MONAI.*pip install .*requirements-images.txt"):
        image_learner("densenet121", 64, 10)


def test_densenet121_trains_averages_and_is_sent():
    pytest.importorskip("monai", reason="MONAI is not installed; see requirements-images.txt")
    learner = image_learner("densenet121", 32, 10)
    assert learner.schema.size == 6_957_834 + 83_648
    images = digits.read(100, 32)
    one = TrainingJob(StoredImages(images.pixels, np.arange(17)), images.labels[:17], 0)
    start = learner.initial_parameters(0)
    updates = [encode(u) for u in learner.train(start, [one, one], TrainingSettings(batch=8))]
    assert np.array_equal(*updates)
    average = decode(aggregate(updates, [1, 1]))
    quality = Evaluation(StoredImages(images.pixels, np.arange(20)), images.labels[:20], learner).quality(
        average
    )
    assert 0 < quality.auroc < 1
    assert initial_vector(learner.schema, 0).tolist() == start.tolist()


@pytest.mark.parametrize(
    "script", [torch.jit.script, lambda module: torch.jit.trace(module, torch.zeros(2, 4))]
)
def test_a_module_of_torchscript_is_judged_after_it_was_trained(script):
    X, y = np.ones((40, 4), np.float32), np.zeros(40, np.float32)

    def outcome(wrapped):
        def make():
            return wrapped(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)))

        learner = ModuleLearner(OfModule(make, LabelsTarget()), (4,), ())
        start = learner.initial_parameters(0)
        (trained,) = learner.train(start, [TrainingJob(X, y, seed=1)], SETTINGS)
        return learner.predictor([X]).outputs(trained, [0])[0]

    np.testing.assert_allclose(outcome(script), outcome(lambda module: module), rtol=1e-5)
