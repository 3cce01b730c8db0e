"""Arrays as people have them: of other byte orders and types, or none at all."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from federations import OfModule
from torch import nn

from ml.data.rows import Rows
from ml.errors import DataError, MLError, SchemaError, TaskError, TrainingError
from ml.tasks.targets import Classes
from ml.training.checks import check_learner
from ml.training.module import ModuleLearner
from ml.updates.fixed_point import encode_named
from ml.updates.schema import Schema

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.standard_normal((40, 4), dtype=np.float32), GENERATOR.integers(0, 3, 40)
WORDS = GENERATOR.integers(0, 9, (40, 4))


@pytest.mark.parametrize("kind", [">i8", ">i4", ">u2", "u2", "u4", "u8", "<i2"])
def test_integers_of_any_order_and_width_are_what_pytorch_computes_with(kind):
    rows = Rows(WORDS.astype(kind), Y.astype(kind))
    module = nn.Sequential(nn.Embedding(9, 2), nn.Flatten(), nn.Linear(8, 3))
    for given, plain in ((rows.inputs, WORDS), (rows.targets, Y)):
        np.testing.assert_array_equal(torch.from_numpy(given).long().numpy(), plain)
    assert module(torch.from_numpy(rows.inputs).int()).shape == (40, 3)


def test_an_unsigned_integer_is_no_negative_one():
    assert Rows(np.array([[2**64 - 1], [1]], np.uint64), [0, 1]).inputs[0, 0] == 2**64 - 1


@pytest.mark.parametrize(
    "inputs, beside, told",
    [
        ((row for row in X), {}, "inputs are generator; expected an array, several by name, or a Dataset"),
        (np.float32(3), {}, "inputs are float32; expected an array or a list, one entry a row"),
        (X, {"targets": (y for y in Y)}, "targets are generator; expected an array or a list"),
        (X, {"targets": set(range(40))}, "targets are set; expected an array or a list"),
        (X, {"groups": map(str, Y)}, "groups are map; expected an array or a list"),
        (X, {"columns": {"ward": itertools.count()}}, "values of column ward are count; expected an array"),
        (
            pd.DataFrame(X).assign(ward="icu"),
            {},
            "an array of inputs is of object, such as 'icu'; expected numbers$",
        ),
        (X.astype(object), {}, "an array of inputs is of object, though all in it are numbers; give it as "),
        (
            X,
            {"targets": pd.Categorical(np.array(["légère", "b", "c"])[Y])},
            "an array of targets is of object, such as '.*'; expected numbers; number its classes from 0",
        ),
        (
            X,
            {"targets": [None, *Y[1:]]},
            "an array of targets is of object, such as None; expected numbers: give NaN, or -100 among",
        ),
        (
            pd.DataFrame(X).assign(a=pd.Series([None, *Y[1:]], dtype="Int64")),
            {},
            "an array of inputs is of object, such as <NA>; expected numbers: fill them where rows are made$",
        ),
        ([[1.0, 2.0], [3.0]] * 20, {}, "inputs are rows of 1 to 2 entries; expected one shape: pad them"),
        (
            [torch.ones(n % 3 + 1) for n in range(40)],
            {},
            "inputs are rows of 1 to 3 entries; expected one shape: pad them",
        ),
        (
            np.array([np.ones(n % 3 + 1) for n in range(40)], object),
            {},
            "an array of inputs is of object, rows of 1 to 3 entries; expected one shape: pad them",
        ),
        (
            pd.Series(list(X)),
            {},
            "an array of inputs is of object, rows by themselves; expected one array: give np.stack of them",
        ),
        (
            scipy.sparse.csr_matrix(X),
            {},
            "inputs are csr_matrix; expected an array or a list, one entry a row; make it one, by toarray",
        ),
        (
            X,
            {"targets": pd.to_timedelta(Y, unit="D")},
            r"an array of targets is of timedelta64\[ns\], times; expected numbers, such as days since one",
        ),
        (X + 1j, {}, r"an array of inputs is of complex64, such as \(.*j\); expected numbers$"),
    ],
)
def test_what_is_no_array_of_numbers_is_told_as_what_it_is(inputs, beside, told):
    with pytest.raises(DataError, match=f"^{told}"):
        Rows(inputs, **{"targets": Y, **beside})


def test_a_tensor_that_numpy_does_not_take_is_one_that_it_does():
    for given in (torch.from_numpy(X).bfloat16(), torch.from_numpy(X).requires_grad_()):
        np.testing.assert_allclose(Rows(given, Y).inputs, X, rtol=2**-7)


def checked(module, X=X, Y=Y, **more):
    learner = ModuleLearner(OfModule(module, Classes(3)), X.shape[1:], Y.shape[1:], **more)
    return check_learner(learner, learner.initial_parameters(0), X, Y)


def test_integers_that_a_layer_does_not_take_are_told_with_their_type():
    with pytest.raises(TaskError, match=r"^the module, given rows of uint8 \[4\], failed in torch/nn/"):
        checked(lambda: nn.Linear(4, 3), X=WORDS.astype(np.uint8))
    with pytest.raises(TaskError, match=r"^the module, given rows of \[4\], failed in torch/nn/"):
        checked(lambda: nn.Linear(5, 3))


@pytest.mark.parametrize(
    ("module", "rows"),
    [
        (lambda: nn.Linear(4, 3), WORDS),
        (lambda: nn.Linear(4, 3), X > 0),
        (lambda: nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 3)), WORDS),
        (lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3)), WORDS),
        (lambda: nn.Sequential(nn.Dropout(), nn.GELU(), nn.Linear(4, 3)), WORDS),
        (lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), nn.LSTM(2, 3)), WORDS),
        (lambda: nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 3, 2)), WORDS.astype(np.uint8)),
        (lambda: nn.Sequential(nn.Embedding(9, 3), nn.Flatten()), abs(X)),
    ],
)
def test_numbers_of_another_type_than_a_layer_takes_are_told_with_what_to_do(module, rows):
    with pytest.raises(TaskError, match=r"; what a layer computes with is made astype\('float32'\) in rows"):
        checked(module, X=rows)
    with pytest.raises(TaskError, match=r"shapes cannot be multiplied \(32x4 and 5x3\)$"):
        checked(lambda: nn.Linear(5, 3))


def test_a_parameter_without_values_is_told_with_what_to_do():
    def empty():
        module = nn.Linear(4, 3)
        module.prompt = nn.Parameter(torch.zeros(0, 4))
        return module

    with pytest.raises(SchemaError, match=r"^parameter 'prompt' has shape \(0, 4\), .*: leave it out$"):
        checked(empty)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_parameters_of_another_type_are_told_with_what_to_do(kind):
    with pytest.raises(SchemaError, match=f"^parameter 'weight' is {kind}; .*: end module.* with .float"):
        checked(lambda: nn.Linear(4, 3).to(kind))


def test_types_by_name_are_told():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(4, 3)

        def forward(self, clicks, cost):
            return self.line(clicks)

    learner = ModuleLearner(OfModule(Two, Classes(3)), {"clicks": (4,), "cost": (4,)}, ())
    with pytest.raises(TaskError, match=re.escape("given rows of clicks int64 [4] and cost [4], failed")):
        check_learner(learner, learner.initial_parameters(0), {"clicks": WORDS, "cost": X}, Y)


def test_targets_in_a_column_are_told_with_what_to_do():
    told = r"are \[32, 3\]; .* takes \[32, 1, 3\], where targets are a column \[rows, 1\]: give them as"
    with pytest.raises(TrainingError, match=told):
        checked(lambda: nn.Linear(4, 3), Y=Y[:, None])


class Odd(nn.Module):
    """A linear layer, before or after which something is done."""

    def __init__(self, before=lambda x: x, after=lambda x: x):
        super().__init__()
        self.line, self._before, self._after = nn.Linear(4, 3), before, after

    def forward(self, x):
        return self._after(self.line(self._before(x)))


def test_outputs_are_real():
    with pytest.raises(SchemaError, match=r"^the module returns torch.complex64; expected real numbers$"):
        checked(lambda: Odd(after=lambda x: x * (1 + 1j)))


@pytest.mark.parametrize(
    "before", [torch.relu_, lambda x: x.add_(1), lambda x: x.div_(x.norm(dim=1)[:, None])]
)
def test_a_module_that_changes_its_rows_is_refused_and_one_that_makes_new_ones_is_not(before):
    given = X.copy()
    with pytest.raises(TaskError, match="^the module changes the rows that it is given"):
        checked(lambda: Odd(before))
    checked(lambda: Odd(lambda x: before(x.clone())))
    np.testing.assert_array_equal(X, given)


def appended(model, rows, context):
    model.append(nn.Linear(3, 3))


def replaced(model, rows, context):
    model[1] = nn.GELU()


def widened(model, rows, context):
    model.double()


@pytest.mark.parametrize(
    "trainer, told",
    [
        (appended, "training puts another layer at '3' of the module, of which nobody is sent anything"),
        (replaced, "training puts another layer at '1' of the module"),
        (
            widened,
            "'0.weight' is torch.float64 after training, and was torch.float32: leave types as they are",
        ),
    ],
)
def test_training_leaves_the_modules_form_as_it_is(trainer, told):
    with pytest.raises(SchemaError, match=f"^{told}"):
        checked(lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), trainer=trainer)


def test_what_an_update_cannot_hold_is_told_by_whose_it_is_and_its_parameter():
    def lost(model, rows, context):
        model[2].bias.data[1] = float("nan")

    with pytest.raises(MLError, match=r"^a model after training has nan in '2.bias'; a finite value in \["):
        checked(lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), trainer=lost)
    with pytest.raises(MLError, match=r"^the first model has 2048.0 in 'b'; a finite value"):
        encode_named(np.float32([1, 2, -2048, 2048]), Schema((("a", (2,)), ("b", (2,)))), "the first model")


def learning(change):
    """A training that steps once by all rows, and does something else."""

    def train(model, rows, context):
        change(model, rows)
        optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
        nn.functional.cross_entropy(model(torch.tensor(rows.inputs)), torch.tensor(rows.targets)).backward()
        optimiser.step()

    return train


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda model, rows: rows.inputs.fill(0), "training changes the inputs of the rows that it is given"),
        (
            lambda model, rows: rows.targets.fill(0),
            "training changes the targets of the rows that it is given",
        ),
        (
            lambda model, rows: model.register_forward_hook(lambda module, given, made: made * 2),
            r"row 0 has loss [\d.]+ before training and [\d.]+ after it, under the same parameters",
        ),
    ],
)
def test_training_leaves_rows_and_module_as_they_are(change, told):
    given = X.copy(), Y.copy()
    with pytest.raises(TaskError, match=f"^{told}"):
        checked(lambda: nn.Sequential(nn.Linear(4, 3)), trainer=learning(change))
    checked(lambda: nn.Sequential(nn.Linear(4, 3)), trainer=learning(lambda model, rows: None))
    np.testing.assert_array_equal(X, given[0])
    np.testing.assert_array_equal(Y, given[1])


def test_rows_are_no_loader():
    def flowers(model, loader, epochs=1):
        for _ in range(1):
            for _inputs, _targets in loader:
                pass

    with pytest.raises(DataError, match=r"^rows are no batches: go through context.batches\(rows\), pairs"):
        checked(lambda: nn.Linear(4, 3), trainer=flowers)


def test_a_training_that_changes_nothing_is_refused_unless_all_rows_make_it_learn():
    step = learning(lambda model, rows: None)

    def by_whole_batches(model, rows, context):
        if len(rows) == len(X):  # More than the few that are tried.
            step(model, rows, context)

    for idle in (lambda model, rows, context: nn.Linear(4, 3), lambda model, rows, context: (yield)):
        with pytest.raises(
            TaskError, match="^training leaves the model as it is, and nobody accepts such an upd"
        ):
            checked(lambda: nn.Linear(4, 3), trainer=idle)
    checked(lambda: nn.Linear(4, 3), trainer=by_whole_batches)
