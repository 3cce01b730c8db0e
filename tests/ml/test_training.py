import numpy as np
import pytest
import torch

from ml.errors import SchemaError, TrainingError
from ml.settings import AttackSettings, TrainingSettings
from ml.training.learner import TrainingJob
from ml.training.perceptron import Perceptron

INPUTS = 6
LEARNER = Perceptron(INPUTS, hidden=16)
SCHEMA = LEARNER.schema
START = LEARNER.initial_parameters(1)
FLIP = AttackSettings(name="label-flip", divergence_weight=0.5)


def job(seed, rows=150, attack=None):
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((rows, INPUTS), dtype=np.float32)
    y = (X @ np.arange(1, INPUTS + 1) > 0).astype(np.float32)
    return TrainingJob(X, y, seed, attack or AttackSettings())


def plain_torch(job, settings):
    """The paper's training as anyone would write it: one client, PyTorch's layers, loss and optimiser."""
    model = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, 16),
        torch.nn.ReLU(),
        torch.nn.Linear(16, 16),
        torch.nn.ReLU(),
        torch.nn.Linear(16, 1),
    )
    with torch.no_grad():
        for parameter, (_, shape, place) in zip(model.parameters(), SCHEMA.slices(), strict=True):
            parameter.copy_(torch.from_numpy(START[place].reshape(shape).T))
    origin = [parameter.detach().clone() for parameter in model.parameters()]
    flip = job.attack.name == "label-flip"
    rows, labels = torch.from_numpy(job.X), torch.from_numpy(1 - job.y if flip else job.y)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    shuffle = torch.Generator().manual_seed(job.seed)
    for _ in range(settings.local_epochs):
        for batch in torch.randperm(len(labels), generator=shuffle).split(settings.batch):
            loss = torch.nn.BCEWithLogitsLoss()(model(rows[batch]).squeeze(1), labels[batch])
            if flip:
                apart = sum((p - o).square().sum() for p, o in zip(model.parameters(), origin, strict=True))
                loss = loss + job.attack.divergence_weight * apart
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return np.concatenate([p.detach().numpy().T.ravel() for p in model.parameters()])


@pytest.mark.parametrize(
    "settings", [TrainingSettings(), TrainingSettings(local_epochs=3, batch=64, learning_rate=0.01)]
)
def test_training_together_is_training_alone(settings):
    # Unequal sizes and attackers among the honest; a last batch of 22 rows.
    jobs = [job(0), job(1, attack=FLIP), job(2, rows=90), job(3), job(4, rows=90, attack=FLIP)]
    together = LEARNER.train(START, jobs, settings)
    for result, one in zip(together, jobs, strict=True):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, plain_torch(one, settings), atol=2e-5)
        # A live client trains alone and must come to the bytes that a simulation of all of them finds.
        np.testing.assert_array_equal(result, LEARNER.train(START, [one], settings)[0])


def test_threads_change_no_bit_of_training_or_of_logits():
    jobs = [job(0), job(1, attack=FLIP), job(2, rows=90), job(3)]
    sets = [job(seed, rows).X for seed, rows in enumerate((40, 3000, 121, 1))]
    trained, found = [], []
    for threads in (1, 2, 3):
        learner = Perceptron(INPUTS, hidden=16, threads=threads)
        trained.append(np.stack(learner.train(START, jobs, TrainingSettings())))
        found.append(np.concatenate(learner.predictor(sets).outputs(START, [0, 1, 2, 3])))
    for other in (1, 2):
        np.testing.assert_array_equal(trained[other], trained[0])
        np.testing.assert_array_equal(found[other], found[0])


def test_the_same_seeds_give_the_same_parameters_and_others_do_not():
    jobs = [job(0), job(1)]
    first, second = (LEARNER.train(START, jobs, TrainingSettings()) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    reshuffled = TrainingJob(jobs[0].X, jobs[0].y, seed=99)
    assert not np.array_equal(LEARNER.train(START, [reshuffled], TrainingSettings())[0], first[0])


def test_training_leaves_its_inputs_alone():
    start, one = START.copy(), job(0, attack=FLIP)
    X, y = one.X.copy(), one.y.copy()
    LEARNER.train(start, [one], TrainingSettings())
    assert np.array_equal(start, START)
    assert np.array_equal(one.X, X)
    assert np.array_equal(one.y, y)


def distance(weight):
    attack = AttackSettings(name="label-flip", divergence_weight=weight)
    result = LEARNER.train(START, [job(0, attack=attack)], TrainingSettings(local_epochs=5))[0]
    return float(np.linalg.norm(result - START))


def test_the_divergence_term_keeps_an_attacker_near_the_global_model():
    assert distance(100.0) < 0.5 * distance(0.1) < 0.5 * distance(0.0) * 1.001


def test_flipping_labels_is_training_on_wrong_labels():
    one = job(0)
    wrong = TrainingJob(one.X, 1 - one.y, one.seed)
    flipped = TrainingJob(one.X, one.y, one.seed, AttackSettings(name="label-flip", divergence_weight=0))
    results = LEARNER.train(START, [wrong, flipped], TrainingSettings())
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.zeros((3, INPUTS + 1), np.float32), np.zeros(3, np.float32)),
        (np.zeros((3, INPUTS), np.float32), np.zeros(2, np.float32)),
        (np.zeros((0, INPUTS), np.float32), np.zeros(0, np.float32)),
        (np.zeros((3, INPUTS), np.float32), np.zeros((3, 1), np.float32)),
    ],
)
def test_rows_that_do_not_fit_are_refused(X, y):
    with pytest.raises(TrainingError, match="training job 1 has rows"):
        LEARNER.train(START, [job(0), TrainingJob(X, y, 0)], TrainingSettings())


def test_a_global_model_of_another_size_is_refused():
    with pytest.raises(
        SchemaError, match=f"{SCHEMA.size - 1} parameters does not fit a schema of {SCHEMA.size}"
    ):
        LEARNER.train(START[:-1], [job(0)], TrainingSettings())


def test_nobody_to_train_is_no_error():
    assert LEARNER.train(START, [], TrainingSettings()) == []
