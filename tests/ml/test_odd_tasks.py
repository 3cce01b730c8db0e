"""Mistakes of tasks that nothing else shows: in rows, losses, what a class declares, how a module is made."""

import os
import re

import numpy as np
import pytest
import torch
from federations import OfModule
from torch import nn
from torch.nn.functional import cross_entropy

from ml.blame import blamed
from ml.data.checks import judging_note
from ml.data.rows import Rows, shape_of
from ml.errors import DataError, MLError, SchemaError, TaskError, TrainingError
from ml.settings import SplitSettings
from ml.tasks.federating import federate, read_rows, require_outcomes
from ml.tasks.loading import Named
from ml.tasks.losses import batch_loss, row_losses
from ml.tasks.targets import Classes, Labels, Numbers
from ml.tasks.task import Task
from ml.training.checks import check_learner
from ml.training.module import ModuleLearner, make_module
from offchain.learning.genesis import repeated_genesis

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.standard_normal((40, 4), dtype=np.float32), GENERATOR.integers(0, 3, 40)


class Items:
    """A PyTorch data set of 40 rows' inputs, each made by a function of its place."""

    def __init__(self, make):
        self._make = make

    def __len__(self):
        return 40

    def __getitem__(self, place):
        return self._make(place)


def lost(place):
    raise OSError("the disk is gone")


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda place: (X[place], 1), "^item 0 of the Dataset of inputs is a tuple of 2; expected one row's"),
        (
            lost,
            r"^item 0 of the Dataset of inputs failed in .*line \d+: OSError: the disk is gone$",
        ),
        (lambda place: X[place][: 4 - place % 2], r"have shapes \[4\] and \[3\]; expected one shape$"),
    ],
)
def test_what_a_data_set_makes_is_one_rows_inputs(make, told):
    with pytest.raises(MLError, match=told):
        Rows(Items(make), Y).inputs[:8]


@pytest.mark.parametrize(
    "beside, told",
    [
        ({"groups": ["a", None] * 20}, "^groups are of several kinds, NoneType, str; give all rows one"),
        ({"groups": np.zeros((40, 2))}, r"^groups have shape \[40, 2\]; expected one of each row$"),
        (
            {"groups": np.where(Y > 1, np.nan, 1.0)},
            f"^row {np.argmax(Y > 1)} has nan in groups; give every row",
        ),
        ({"times": np.array(["2024-01-01", "NaT"] * 20, "M8[D]")}, "^row 1 has .*NaT.* in times; give every"),
        ({"columns": {"ward": Y[:3]}}, "^rows need as many of each, .* 40 targets, 3 of column ward$"),
        ({"columns": {"ward": X}}, r"^values of column ward have shape \[40, 4\]; expected one of each row$"),
        ({"columns": {0: Y}}, "^columns by name have the name 0; names are text$"),
        ({"columns": ["ward"]}, "^columns are list; expected arrays by name, such as {'hospital': ...}$"),
    ],
)
def test_what_is_said_beside_rows_is_said_of_each_and_of_one_kind(beside, told):
    with pytest.raises(DataError, match=told):
        Rows(X, Y, **beside)


class Told(Task):
    """Rows of a task in code, with what it says beside them."""

    target = Labels()

    def __init__(self, **beside):
        self.beside = beside

    def rows(self, path):
        return Rows(X, Y > 0, **self.beside)


def shared(shares, **beside):
    return federate(Told(**beside), None, SplitSettings(clients=2, shares=shares))


WARDS = np.arange(40) % 8


@pytest.mark.parametrize(
    "shares, beside, told",
    [
        (
            "ward",
            {},
            "^these rows have no shares 'ward'; use iid, dirichlet, quantity; their task names no column, "
            r"which its rows\(\) would: Rows\(\.\.\., columns={'ward': \.\.\.}\)$",
        ),
        (
            "ward",
            {"groups": WARDS},
            "'ward'; use iid, dirichlet, quantity, group; their task names no column",
        ),
        ("wards", {"columns": {"ward": WARDS}}, "quantity, or a column: ward; did you mean 'ward'[?]$"),
        ("Quantity", {}, "use iid, dirichlet, quantity; did you mean 'quantity'[?]$"),
        (
            "group",
            {"columns": {"ward": WARDS}},
            r"these have none; their task would name them, by Rows\(\.\.\., groups=\.\.\.\) or a table's "
            "--group COLUMN; use iid, dirichlet, quantity, or a column: ward$",
        ),
        (
            "ward",
            {"columns": {"ward": ["a", None] * 20}},
            "^values of column ward are of several kinds, NoneType, str",
        ),
        (
            "ward",
            {"columns": {"ward": np.where(WARDS > 6, np.nan, 1)}},
            "^row 7 has nan in values of column ward; give",
        ),
    ],
)
def test_what_rows_cannot_be_shared_out_by_is_told_with_what_they_can(shares, beside, told):
    with pytest.raises(DataError, match=told):
        shared(shares, **beside)


def test_rows_are_shared_out_by_a_column_of_any_kind():
    for column in (WARDS, WARDS.tolist(), [f"ward {each}" for each in WARDS]):
        assert len(shared("ward", columns={"ward": column}).clients) == 2


def test_values_that_a_mask_hides_are_not_taken_for_values():
    masked = np.ma.masked_array(X, np.arange(160).reshape(40, 4) < 3)
    with pytest.raises(
        DataError, match="^an array of inputs has 3 masked entries, whose values are not meant; fill"
    ):
        Rows(masked, Y)
    with pytest.raises(
        DataError, match="^an array of targets has 40 masked entries.*; give NaN, or -100 among"
    ):
        Rows(X, np.ma.masked_array(Y, True))
    Rows(np.ma.masked_array(X, False), Y)


def test_names_of_inputs_are_text():
    with pytest.raises(DataError, match="^inputs by name have the name 0; names are text$"):
        Rows({0: X}, Y)


def test_a_float64_that_float32_cannot_hold_is_no_warning():
    with np.errstate(over="raise"):
        assert np.isinf(Rows(np.full((3, 1), 1e300), [0, 1, 2]).inputs).all()


@pytest.mark.parametrize("kind", [Classes, Labels, Numbers])
@pytest.mark.parametrize("count", [3.0, "3", True])
def test_how_many_there_are_is_a_whole_number(kind, count):
    with pytest.raises(DataError, match=f"^{kind.__name__} takes how many there are, a whole number, got "):
        kind(count)
    kind(np.int64(3))


def test_outcomes_that_nobody_knows_are_no_outcome():
    target = Classes(3, names=("low", "mid", "high"))
    with pytest.raises(
        DataError, match="^no target of the 4 rows is known; more than one outcome is needed$"
    ):
        require_outcomes(target, np.full(4, -100), "rows")
    with pytest.raises(DataError, match=r"^the 3 rows have one outcome only \(mid\); more than one"):
        require_outcomes(target, np.array([-100, 1, 1]), "rows")


@pytest.mark.parametrize(
    "line, told",
    [
        (
            "simulation = property(lambda self: 1 / 0)",
            "the task's simulation failed in .*line 5: ZeroDivision",
        ),
        ("target = property(lambda self: 1 / 0)", "task .*Own failed in .*line 5: ZeroDivisionError"),
        ("takes = 5", "task .*Own: takes is 5; say in words what its rows are$"),
    ],
)
def test_what_a_class_declares_may_fail_as_its_code_does(tmp_path, line, told):
    from ml.tasks.task import settings_of

    path = tmp_path / "own.py"
    path.write_text(
        f"from stakefed import Classes, Task\n\nclass Own(Task):\n    target = Classes(3)\n    {line}\n"
    )
    with pytest.raises(TaskError, match=told):
        settings_of(Named(f"{path}:Own", {}).load())


def one_by_one(outputs, targets):
    return cross_entropy(outputs, targets, reduction="none")


class Judged(OfModule):
    """A task with losses of its own."""

    def __init__(self, losses, make=lambda: nn.Linear(4, 3)):
        super().__init__(make, Classes(3))
        self._losses = losses

    def losses(self, outputs, targets):
        return self._losses(outputs, targets)


def checked(losses, **more):
    learner = ModuleLearner(Judged(losses, **more), (4,), ())
    return check_learner(learner, learner.initial_parameters(0), X, Y)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_losses_of_any_floating_point_are_judged(kind):
    found = checked(lambda outputs, targets: one_by_one(outputs, targets).to(kind))
    assert found.loss == pytest.approx(checked(one_by_one).loss, rel=1e-2) and found.repeats


@pytest.mark.parametrize(
    "losses, told",
    [
        (
            lambda o, t: one_by_one(o, t) + 0j,
            "tensor of torch.complex64, torch.strided, on cpu; expected one",
        ),
        (lambda o, t: one_by_one(o, t).to_sparse(), "tensor of torch.float32, torch.sparse_coo, on cpu; exp"),
        (
            lambda o, t: torch.zeros(len(t), device="meta"),
            "tensor of torch.float32, torch.strided, on meta; ",
        ),
        (lambda o, t: (o.argmax(1) != t).long(), "torch.int64 without a gradient, so that Adam cannot lower"),
        (lambda o, t: one_by_one(o.detach(), t), "torch.float32 without a gradient, so that Adam cannot low"),
    ],
)
def test_losses_that_cannot_be_used_are_named_with_what_they_are(losses, told):
    with pytest.raises(TaskError, match=f"^losses returns (a )?{told}"):
        checked(losses)


@pytest.mark.parametrize("name", ["outputs", "targets"])
def test_losses_leave_what_they_are_given_as_it_is(name):
    def losses(outputs, targets):
        found = one_by_one(outputs, targets)
        {"outputs": outputs, "targets": targets}[name].mul_(0)
        return found

    before = Y.copy()
    try:
        with pytest.raises(
            TaskError, match=f"^losses changes the {name} that it is given, which are judged by"
        ):
            checked(losses)
    finally:
        Y[:] = before


def test_a_module_that_needs_others_rows_says_that_it_does():
    def make():
        return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False))

    with pytest.raises(
        TaskError,
        match=r"^row 0 cannot be judged alone: the module, given rows of \[\d+\], failed in torch/.*Expected",
    ):
        checked(one_by_one, make=make)


class ByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x, length):
        return self.layer(x)


@pytest.mark.parametrize(
    "make, rows, told",
    [
        (
            lambda: nn.Linear(5, 3),
            X,
            r"given rows of \[4\], failed in torch/nn/.*, line \d+: RuntimeError: mat1",
        ),
        (
            ByName,
            {"a": X, "length": Y},
            r"given rows of a \[4\] and length int64 \[\], failed in torch/.*argument 'a'",
        ),
        (
            ByName,
            {"x": X[:, :3], "length": Y},
            r"given rows of x \[3\] and length int64 \[\], failed in .*test_odd_tasks.py, line",
        ),
    ],
    ids=["width", "name", "in-its-own-line"],
)
def test_a_module_that_does_not_fit_its_rows_is_told_with_their_shapes(make, rows, told):
    learner = ModuleLearner(Judged(one_by_one, make=make), shape_of(rows), ())
    with pytest.raises(TaskError, match=f"^the module, {told}"):
        check_learner(learner, learner.initial_parameters(0), rows, Y)


def test_code_that_was_never_reached_is_told_without_a_line_of_ours(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from stakefed import Classes, Task\n\nclass Own(Task):\n    target = Classes(3)\n    def module():\n"
        "        pass\n"
    )
    with pytest.raises(TaskError, match=r"^module failed: TypeError: Own.module\(\) takes 0 positional"):
        make_module(Named(str(path), {}).load(), (4,), ())


@pytest.mark.parametrize(
    "target, shape, told",
    [
        (Labels(), (9, 4), r"of shape \[4\], and Labels\(\) takes 1; is it Labels\(4\)\?$"),
        (Numbers(3), (9, 2), r"of shape \[2\], and Numbers\(3\) takes 3; is it Numbers\(2\)\?$"),
        (Labels(2), (9, 2, 5), r"of shape \[2, 5\], and Labels\(2\) takes 2$"),
    ],
)
def test_targets_of_another_number_are_told_with_what_takes_them(target, shape, told):
    with pytest.raises(DataError, match=f"^a row has targets {told}"):
        target.read(np.zeros(shape))


class Counting(nn.Module):
    """Keeps a mean of its inputs, which it computes with or only has."""

    def __init__(self, uses):
        super().__init__()
        self.layer, self.norm = nn.Linear(4, 3), nn.BatchNorm1d(3)
        self.uses = uses
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):
        if self.training:
            self.mean.lerp_(x.mean(0), 0.5)
        return {"scores": self.norm(self.layer(x - self.mean * self.uses))}


def named(outputs, targets):
    return one_by_one(outputs["scores"], targets)


def test_what_training_changes_and_nobody_is_sent_is_refused_where_the_module_computes_with_it():
    told = "^training changes {} of the module, with which it computes and which nobody is sent: parameters"
    with pytest.raises(TaskError, match=told.format("'mean' and 1 more")):  # Batches seen by the norm.
        checked(named, make=lambda: Counting(1))
    assert checked(named, make=lambda: Counting(0)).repeats
    with pytest.raises(TaskError, match=told.format("'parametrizations.weight.0._u' and 1 more")):
        checked(one_by_one, make=lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3)))
    assert checked(one_by_one, make=lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))).repeats


@pytest.mark.parametrize(
    ("outputs", "targets", "told"),
    [
        (
            (5, 3),
            (5, 3),
            "takes [5, 3, 3], where targets are numbers of classes: of one-hot ones give argmax(-1)",
        ),
        ((5, 3, 4, 4), (5, 4, 4), "takes [5, 4, 4, 3], classes last: give outputs.movedim(1, -1)"),
        ((5, 4), (5,), "takes [5, 3]"),
        ((5,), (5,), "takes [5, 3]"),
    ],
)
@pytest.mark.parametrize("compute", [row_losses, batch_loss])
def test_outputs_of_classes_in_another_shape_are_told_with_what_is_meant(compute, outputs, targets, told):
    with pytest.raises(TrainingError) as raised:
        compute(Classes(3), torch.zeros(outputs), torch.zeros(targets, dtype=torch.int64))
    assert str(raised.value) == f"the module's outputs are {list(outputs)}; target Classes(3) {told}"


def test_outputs_of_another_kind_are_told_with_what_is_meant():
    told = r"^the module's outputs are {}; target {} takes {}"
    for outputs, target, targets, rest in (
        (
            {"scores": torch.zeros(5, 3)},
            Classes(3),
            torch.zeros(5).long(),
            r"\[5, 3\]: return that tensor alone, or",
        ),
        (
            torch.zeros(5, 2),
            Labels(),
            torch.zeros(5),
            r"\[5\]: give one a row, how likely it is 1, or say Classes\(2\)$",
        ),
        (
            torch.zeros(5),
            Numbers(),
            torch.zeros(5, 1),
            r"\[5, 1\], where targets are a column \[rows, 1\]: give them as",
        ),
        (torch.zeros(5, 3), Numbers(), torch.zeros(5), r"\[5\]$"),
    ):
        found = "dict" if isinstance(outputs, dict) else re.escape(str(list(outputs.shape)))
        with pytest.raises(TrainingError, match=told.format(found, re.escape(str(target)), rest)):
            row_losses(target, outputs, targets)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (
            lambda outputs: {"head": {"scores": outputs}},
            "the module returns dict as 'head'; expected a tensor, or",
        ),
        (
            lambda outputs: {"scores": outputs, "states": None},
            "the module returns NoneType as 'states'; expected a",
        ),
        (
            lambda outputs: (outputs, outputs),
            "the module returns tuple; expected a tensor, or several in a dict$",
        ),
        (lambda outputs: outputs.mean(), "the module returns one number; expected outputs of each row$"),
    ],
)
def test_what_a_module_returns_of_another_kind_is_told_by_its_name(made, told):
    class Told(nn.Linear):
        def forward(self, rows):
            return made(super().forward(rows))

    with pytest.raises(SchemaError, match=f"^{told}"):
        checked(one_by_one, make=lambda: Told(4, 3))


class Amounts(Task):
    """A task of numbers."""

    def __init__(self, targets):
        self.target = Numbers(targets.shape[1]) if targets.ndim > 1 else Numbers()
        self._targets = targets

    def rows(self, path):
        return Rows(X, self._targets, told=("as told",))


class OwnLoss(Amounts):
    def losses(self, outputs, targets):
        return (outputs - targets).abs()


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (Amounts(X[:, 0]), None),
        (Amounts(X[:, 0] * 3 + 3), None),
        (Amounts(X[:, 0] * 0.3), None),
        (Amounts(X[:, 0] + 100), "targets are 100.1 ± 0.939: losses are in squares of that unit, and so"),
        (Amounts(X[:, 0] * 0.01), "targets are 0.000"),
        (Amounts(X[:, :2] * [1, 300]), "targets of output 1 are 70.57 ± 314: "),
        (Amounts(np.where(X[:, :2] > 1, np.nan, X[:, :2] * [np.nan, 300])), "targets of output 1 are -"),
        (OwnLoss(X[:, 0] + 100), None),
        (
            Amounts(np.where(np.arange(40) == 7, 3, X[:, 0] / 20)),
            "1 row of 40 with the most outlying targets m",
        ),
        (
            Amounts(np.stack([X[:, 0], np.where(np.arange(40) == 7, 3, X[:, 0] / 20)], 1)),
            "1 row of 40 with the most outlying targets of output 1 make 99.",
        ),
    ],
)
def test_numbers_of_which_squares_say_little_are_told_where_those_are_the_loss(task, told):
    found = read_rows(task, None).said
    assert found[0] == "as told" and len(found) == 1 + (told is not None)
    assert found[-1].startswith(told or "as told")


def test_a_module_without_values_is_refused():
    with pytest.raises(SchemaError, match="^'weight' of the module is on the device meta and has no values"):
        checked(one_by_one, make=lambda: nn.Linear(4, 3, device="meta"))


def test_a_module_that_seeds_itself_has_no_genesis_that_others_could_make():
    seeds, widths = iter(range(9)), iter(range(5, 99))

    def otherwise():
        torch.manual_seed(next(seeds))
        return nn.Linear(4, 3)

    def wider():
        width = next(widths)
        return nn.Sequential(nn.Linear(4, width), nn.Linear(width, 3))

    for make in (otherwise, wider):
        learner = ModuleLearner(Judged(one_by_one, make), (4,), ())
        with pytest.raises(
            TaskError, match=r"^the task's module\(\) makes another model each time under seed 7"
        ):
            repeated_genesis(learner, 7)
    repeated_genesis(ModuleLearner(Judged(one_by_one), (4,), ()), 7)


@pytest.mark.parametrize(
    "found, told",
    [(np.zeros(3), r"float64 \[3\]"), (torch.zeros(15), r"torch.float32 \[15\]"), ([0.0] * 15, "list")],
)
def test_a_first_model_of_its_own_is_one_vector(found, told):
    class Drawn(nn.Linear):
        def initial_parameters(self, seed):
            return found

    learner = ModuleLearner(Judged(one_by_one, lambda: Drawn(4, 3)), (4,), ())
    with pytest.raises(
        TaskError, match=rf"^initial_parameters returns {told}; expected a NumPy array float32 \[15\]"
    ):
        learner.initial_parameters(0)


def test_a_pipe_in_the_place_of_rows_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "rows.csv")

    class Reading(OfModule):
        def rows(self, path):
            raise AssertionError("it would wait")

    with pytest.raises(
        DataError, match=r"rows\.csv is no regular file but a pipe or a device; the task reads"
    ):
        read_rows(Reading(lambda: nn.Linear(4, 3), Classes(3)), tmp_path / "rows.csv")


def test_a_file_that_is_not_there_is_the_members_matter_not_the_tasks(tmp_path):
    class Reading(OfModule):
        def rows(self, path):
            return (path or tmp_path / "own.csv").read_text()

    task = Reading(lambda: nn.Linear(4, 3), Classes(3))
    with pytest.raises(DataError, match=r"^there is no file .*rows\.csv; the task reads "):
        read_rows(task, tmp_path / "rows.csv")
    with pytest.raises(TaskError, match=r"^rows failed in .*line \d+: FileNotFoundError"):
        read_rows(task, None)


def test_what_fails_in_a_librarys_compiled_code_is_told_of_the_line_that_called_it(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("import io, pandas\n\npandas.read_csv(io.StringIO())\n")
    with pytest.raises(TaskError, match=r"^rows failed in .*own\.py, line 3: EmptyDataError"), blamed("rows"):
        exec(compile(path.read_text(), path, "exec"))


def test_one_row_to_judge_on_is_one():
    assert judging_note(1, 0.05).startswith("1 row to judge on is few: one of them is 100.0 %")
