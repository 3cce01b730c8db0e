"""Tasks of a user's own: loaded by name, judged row by row, trained from their seed, or refused."""

import numpy as np
import pytest
import torch
from federations import OfModule
from torch import nn

from ml.attacks.labels import flipped
from ml.data.rows import Rows
from ml.errors import DataError, MLError, TaskError
from ml.judging.metrics import concordance, measure, metrics_of
from ml.models.module_state import ModuleState
from ml.models.perceptron import PerceptronNetwork
from ml.settings import SplitSettings, TrainingSettings
from ml.tasks.context import mean_loss
from ml.tasks.federating import federate, read_rows
from ml.tasks.loading import Named
from ml.tasks.losses import batch_loss, row_losses
from ml.tasks.targets import Classes, Labels, Numbers, Other
from ml.tasks.task import Task
from ml.training import TrainingJob, make_learner
from ml.training.checks import check_learner
from ml.training.module import ModuleLearner
from ml.training.perceptron import Perceptron

GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((90, 4), dtype=np.float32)
SETTINGS = TrainingSettings(batch=16)

TARGETS = {
    Classes(3): GENERATOR.integers(0, 3, 90),
    Labels(2): GENERATOR.integers(0, 2, (90, 2)).astype(np.float32),
    Numbers(): X[:, 0] + 0.1 * X[:, 1],
}


def network(outputs):
    return lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, outputs))


def learner_of(target, outputs=None):
    task = OfModule(network(outputs or target.count), target)
    return make_learner(task, (4,), np.shape(TARGETS[target])[1:])


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_any_target_trains_from_its_seed_and_is_judged_row_by_row(target):
    learner, y = learner_of(target), TARGETS[target]
    start = learner.initial_parameters(0)
    job = TrainingJob(X, y, seed=3)
    one, other = (learner.train(start, [job], SETTINGS)[0] for _ in range(2))
    assert np.array_equal(one, other) and not np.array_equal(one, start)
    checked = check_learner(learner, start, X, y)
    assert checked.repeats and checked.loss > 0
    outputs = learner.predictor([X]).outputs(start, [0])[0]
    losses = learner.losses(outputs, y)
    assert losses.shape == (90,) and losses.dtype == np.float64
    metric = metrics_of(target)[0]
    assert 0 <= measure(metric, target, outputs, y, lambda: losses) <= 1


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_default_losses_are_pytorchs(target):
    y = torch.from_numpy(np.asarray(TARGETS[target]))
    outputs = torch.from_numpy(GENERATOR.standard_normal((90, target.count), dtype=np.float32))
    same = outputs.squeeze(1) if isinstance(target, Numbers) else outputs
    expected = {
        Classes: lambda: nn.functional.cross_entropy(outputs, y),
        Labels: lambda: nn.functional.binary_cross_entropy_with_logits(outputs, y),
        Numbers: lambda: nn.functional.mse_loss(same, y) / 2,
    }[type(target)]()
    assert batch_loss(target, outputs, y).item() == pytest.approx(expected.item())
    assert row_losses(target, outputs, y).mean().item() == pytest.approx(expected.item())


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_what_training_lowers_is_a_batchs_to_the_last_bit_and_knows_of_rows_that_are_masked(target):
    gapped = np.asarray(TARGETS[target]).copy()
    gapped[-1] = -100 if isinstance(target, Classes) else np.nan
    outputs = torch.from_numpy(GENERATOR.standard_normal((90, target.count), dtype=np.float32))
    whole, looked = (mean_loss(OfModule(network(1), target), of) for of in (TARGETS[target], gapped))
    first, y = outputs[:17], torch.from_numpy(np.asarray(TARGETS[target])[:17])
    assert torch.equal(whole(first, y), looked(first, y))
    if isinstance(target, Numbers):
        halves = (first.squeeze(1) - y).square() / 2
        assert torch.equal(whole(first, y), halves.sum() / torch.ones(17).sum())
    last = looked(outputs[-16:], torch.from_numpy(gapped[-16:])).item()
    known = row_losses(target, outputs[-16:-1], torch.from_numpy(gapped[-16:-1]))
    assert last == pytest.approx(known.mean().item())


def test_what_is_masked_counts_for_nothing():
    outputs = torch.tensor([[0.0, 3.0, -1.0], [1.0, 0.0, 0.0]])
    assert row_losses(Classes(3), outputs, torch.tensor([1, -100])).tolist()[1] == 0
    labels = torch.tensor([[1.0, torch.nan, 0.0], [torch.nan, torch.nan, torch.nan]])
    alone = row_losses(Labels(2), outputs[:1, [0, 2]], labels[:1, [0, 2]])
    assert row_losses(Labels(3), outputs, labels).tolist() == [alone.item(), 0]


@pytest.mark.parametrize(
    ("target", "given", "told"),
    [
        (Labels(), [0, 1, 2], "the target of row 2 is 2.0; a label is 0, 1 or NaN"),
        (Labels(), [0.0, 3.5], "more than two outcomes are Classes"),
        (Classes(3), [0, 1, 3], "the target of row 2 is 3; classes are whole numbers from 0 to 2"),
        (Classes(3), [0.5, 1.0], "the target of row 0 is 0.5"),
        (Numbers(), [1.0, np.inf], "the target of row 1 is inf"),
        (Labels(2), [0.0, 1.0], r"targets of shape \[\], and Labels\(2\) takes 2"),
    ],
)
def test_targets_that_are_none_are_refused(target, given, told):
    with pytest.raises(DataError, match=told):
        target.read(np.array(given))


def test_a_flip_goes_by_the_target():
    assert flipped(Labels(), np.float32([0, 1])).tolist() == [1, 0]
    assert flipped(Classes(4), np.array([0, 3, -100])).tolist() == [3, 0, -100]
    assert flipped(Numbers(), np.float32([0, 1, 5])).tolist() == [2, 1, -3]
    moved = flipped(Other(), {"y": np.arange(50)})["y"]
    assert sorted(moved) == list(range(50)) and not np.array_equal(moved, np.arange(50))


def test_concordance_is_the_share_of_pairs_in_order():
    outputs, numbers = GENERATOR.integers(0, 9, (2, 60)).astype(np.float64)
    pairs = [(i, j) for i in range(60) for j in range(60) if numbers[i] > numbers[j]]
    found = [(outputs[i] > outputs[j]) + 0.5 * (outputs[i] == outputs[j]) for i, j in pairs]
    assert concordance(outputs, numbers) == pytest.approx(np.mean(found), abs=1e-12)


def test_the_paper_perceptron_and_its_module_are_one_model():
    task = OfModule(lambda: PerceptronNetwork(4, (8, 8)), Labels())
    fast, plain = make_learner(task, (4,), ()), ModuleLearner(task, (4,), ())
    assert isinstance(fast, Perceptron) and fast.schema == plain.schema
    start = fast.initial_parameters(5)
    assert np.array_equal(start, plain.initial_parameters(5))
    job = TrainingJob(X, (X[:, 0] > 0).astype(np.float32), seed=1)
    trained = [learner.train(start, [job], SETTINGS)[0] for learner in (fast, plain)]
    np.testing.assert_allclose(*trained, atol=1e-5)


def test_what_is_frozen_or_tied_is_not_sent_and_stays_as_it_was():
    class Adapted(nn.Module):
        def __init__(self):
            super().__init__()
            self.base = nn.Linear(4, 8)
            self.base.requires_grad_(False)
            self.norm = nn.BatchNorm1d(8)
            self.norm.requires_grad_(False)
            self.register_buffer("angle", torch.arange(3.0))
            self.adapter, self.again = nn.Linear(8, 8), nn.Linear(8, 8)
            self.again.weight = self.adapter.weight

        def forward(self, rows):
            return self.again(self.adapter(self.norm(self.base(rows))))[:, :1]

    learner = ModuleLearner(OfModule(Adapted, Labels()), (4,), ())
    assert [name for name, _ in learner.schema.entries] == ["adapter.weight", "adapter.bias", "again.bias"]
    before, module = learner.constants, learner._module
    learner.train(learner.initial_parameters(0), [TrainingJob(X, np.float32(X[:, 0] > 0), seed=0)], SETTINGS)
    assert learner.constants == before and torch.equal(module.norm.running_mean, torch.zeros(8))
    with torch.no_grad():
        module.base.weight += 1
    assert not torch.equal(module.base.weight, ModuleLearner(learner._task, (4,), ())._module.base.weight)
    with pytest.raises(MLError, match="nothing to train or send"):
        ModuleState(nn.Linear(2, 2).requires_grad_(False))


class Neighbours(OfModule):
    def losses(self, outputs, targets):
        return (outputs.squeeze(1) - outputs.mean()).square()


class Chance(OfModule):
    def losses(self, outputs, targets):
        return torch.rand(len(targets))


class Negative(OfModule):
    def losses(self, outputs, targets):
        return outputs.squeeze(1) - 10


class OneForAll(OfModule):
    def losses(self, outputs, targets):
        return outputs.mean()


class NoTensor(OfModule):
    def losses(self, outputs, targets):
        return outputs.squeeze(1).square().numpy()


class NoFigures(OfModule):
    def metrics(self, outputs, targets):
        return [1.0]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (NoTensor, "losses returns ndarray, expected a tensor"),
        (NoFigures, "metrics returns list, expected figures by name"),
        (Neighbours, "^row 0 has loss .* its outputs are the same, .*a loss must be of its row only$"),
        (Chance, "^losses of the same rows differ from one time to the next"),
        (Negative, "must be finite and at least 0"),
        (OneForAll, r"losses of 32 rows have shape \[\], expected \[32\]"),
    ],
)
def test_losses_that_nobody_could_judge_by_are_refused(kind, told):
    learner = make_learner(kind(network(1), Numbers()), (4,), ())
    with pytest.raises(TaskError, match=told):
        check_learner(learner, learner.initial_parameters(0), X, X[:, 0])


class AlongRows(nn.Module):
    """A recurrent layer that takes rows for steps: batch_first was forgotten."""

    def __init__(self):
        super().__init__()
        self.steps, self.head = nn.LSTM(4, 3), nn.Linear(3, 1)

    def forward(self, rows):
        return self.head(self.steps(rows[:, None])[0][:, -1])


class ByChance(nn.Linear):
    def __init__(self):
        super().__init__(4, 1)

    def forward(self, rows):
        return super().forward(rows) + torch.randn(1)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (AlongRows, r"^row 1 has loss .* its outputs differ, .*batch_first=True of recurrent layers\)$"),
        (ByChance, "^the module's outputs in eval of the same rows differ from one time to the next"),
    ],
)
def test_modules_that_nobody_could_judge_by_are_refused(module, told):
    learner = make_learner(OfModule(module, Numbers()), (4,), ())
    with pytest.raises(TaskError, match=told):
        check_learner(learner, learner.initial_parameters(0), X, X[:, 0])


OWN = """
from torch import nn
from stakefed import Classes, Rows, Task
import numpy as np

class Own(Task):
    target = Classes(2)
    files = ("more.txt",)
    def __init__(self, width: int = 4):
        self.width = width
    def module(self):
        return nn.Linear(3, 2)
    def rows(self, path):
        return Rows(np.loadtxt(path), [0, 1, 0])

class Another(Own):
    files = ()
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "more.txt").write_text("more")
    return tmp_path / "own.py"


@pytest.mark.parametrize("name", ["/etc/hostname", "../more.txt"])
def test_files_are_beside_the_task_on_every_machine(own, name):
    own.write_text(OWN.replace("more.txt", name))
    with pytest.raises(TaskError, match="line 8: '.*' is not beside it"):
        _ = Named(f"{own}:Own", {}).digest


@pytest.mark.parametrize("made", [float("nan"), 3000.0])
def test_training_that_makes_what_no_update_holds_is_refused(made):
    def spoil(model, rows, context):
        with torch.no_grad():
            model.weight.fill_(made)

    task = OfModule(lambda: nn.Linear(4, 1), Numbers())
    learner = make_learner(task, (4,), (), trainer=spoil)
    told = rf"^a model after training has {made} in 'weight'; a finite value in \[-2048, 2048\) was expected"
    with pytest.raises(MLError, match=told):
        check_learner(learner, np.zeros(learner.schema.size, np.float32), X, X[:, 0])


def test_few_rows_are_gone_through_until_a_round_has_its_steps():
    few, many = (TrainingSettings(batch=16, least_steps=16).passes(rows) for rows in (40, 4000))
    assert (few, many) == (6, 1)
    assert "least_steps" not in TrainingSettings().model_dump()  # Rules from before it keep their digest.


def test_a_tasks_digest_follows_its_files_class_and_options_before_any_of_it_runs(own):
    def digest(name="Own", **options):
        return Named(f"{own}:{name}", options).digest

    first = digest()
    assert len({first, digest("Another"), digest(width=5)}) == 3
    (own.parent / "more.txt").write_text("other")
    second = digest()
    own.write_text("raise SystemExit\n" + OWN)
    assert len({first, second, digest()}) == 3


@pytest.mark.parametrize(
    ("marked", "digest"),
    [
        (True, "fdb118fd420bd0402ef3f45140d4a1466480c613624be60471f5cab3e8f2a5e6"),
        (False, "32117cde4b7c29e0a9a614320436a911e5f66cbda230fb5eb8394a7865bf4c13"),
    ],
)
def test_a_packages_task_is_loaded_and_its_digest_never_changes(tmp_path, monkeypatch, marked, digest):
    package = f"own_tasks_{marked}"
    folder = tmp_path / package
    (folder / "inner").mkdir(parents=True)
    (folder / "mine.py").write_text(OWN.replace('("more.txt",)', "()"))
    (folder / "inner" / "more.py").write_text("MORE = 1\n")
    if marked:
        (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    named = Named(f"{package}.mine:Own", {})
    assert named.digest.hex() == digest
    assert type(named.load()).__name__ == "Own"
    (folder / "inner" / "more.py").write_text("MORE = 2\n")
    assert named.digest.hex() != digest


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("{own}:Nobody", {}, "has no subclass 'Nobody' of stakefed.Task; it has Own, Another$"),
        ("{own}", {}, "say which subclass of stakefed.Task, as FILE.py:Class; it has Own, Another$"),
        ("{own}:Own", {"depth": 2}, "has no option 'depth'; it has width"),
        ("{folder}/none.py:Own", {}, "there is no task file"),
        ("nowhere.at.all:Own", {}, "there is no task 'nowhere.at.all:Own'; use FILE.py:Class"),
    ],
)
def test_a_task_that_cannot_be_had_is_said(own, name, options, told):
    with pytest.raises(TaskError, match=told):
        Named(name.format(own=own, folder=own.parent), options).load()


def test_code_that_fails_is_named_with_its_line(own):
    (own.parent / "bad.py").write_text("import nothing_of_the_kind\n")
    with pytest.raises(TaskError, match=r"bad.py, line 1: ModuleNotFoundError"):
        Named(f"{own.parent}/bad.py:Own", {}).load()
    task = Named(f"{own}:Own", {}).load()
    (own.parent / "none.txt").write_text("no numbers")
    with pytest.raises(TaskError, match=r"rows failed in .*own.py, line \d+: ValueError"):
        read_rows(task, own.parent / "none.txt")


class Given(Task):
    def __init__(self, rows, target):
        self._rows, self.target = rows, target

    def rows(self, path):
        return self._rows


def test_inputs_that_are_not_finite_are_refused():
    wrong = X.copy()
    wrong[7, 1] = np.nan
    with pytest.raises(DataError, match="row 7 has an input that is not finite"):
        read_rows(Given(Rows(wrong, TARGETS[Numbers()]), Numbers()), None)


def shared(target=None, y=None, **more):
    target = target or Numbers()
    beside = {name: more.pop(name) for name in ("groups", "times", "columns") if name in more}
    rows = Rows(np.arange(200)[:, None], np.arange(200.0) if y is None else y, **beside)
    return federate(Given(rows, target), None, SplitSettings(clients=5, **more))


def test_a_group_is_on_one_side_of_every_split():
    groups = np.arange(200) // 4
    data = shared(groups=groups)
    parts = [data.X_test, *(part for c in data.clients for part in (c.X_train, c.X_validation))]
    held = [set(groups[part[:, 0]]) for part in parts]
    assert sum(map(len, held)) == len(set().union(*held)) == 50


def test_where_times_are_known_the_latest_are_tested_and_validate():
    times = np.random.default_rng(1).permutation(200)
    data = shared(times=times)
    assert times[data.X_test[:, 0]].min() == 160
    for client in data.clients:
        assert times[client.X_train[:, 0]].max() < times[client.X_validation[:, 0]].min()


def test_of_groups_those_seen_latest_are_tested_and_validate_and_no_more_than_their_share():
    draws = np.random.default_rng(1)
    times, groups = draws.permutation(200), draws.integers(0, 80, 200)
    data = shared(times=times, groups=groups)
    assert 35 <= len(data.X_test) <= 45
    for client in data.clients:
        trained, validating = client.X_train[:, 0], client.X_validation[:, 0]
        assert not set(groups[trained]) & set(groups[validating])
        assert len(validating) <= 0.35 * len(trained)
        last = [times[validating][groups[validating] == group].max() for group in set(groups[validating])]
        assert times[trained].max() < min(last)


def test_shares_lean_to_numbers_hospitals_and_sizes_when_told():
    def commonest(data):
        """How many of a client's rows are of its commonest size, of ten."""
        return np.mean([np.bincount(client.X_train[:, 0] // 20).max() for client in data.clients])

    assert commonest(shared(shares="dirichlet", dirichlet_alpha=0.01)) > 1.5 * commonest(shared())
    hospital = np.array(["a", "b", "c", "d", "e"])[np.arange(200) % 5]
    for client in shared(shares="hospital", columns={"hospital": hospital}).clients:
        assert len(set(hospital[client.X_train[:, 0]])) == 1
    sizes = [len(c.X_train) + len(c.X_validation) for c in shared(shares="quantity").clients]
    assert sum(sizes) == 160 and max(sizes) > 2 * min(sizes) >= 10
