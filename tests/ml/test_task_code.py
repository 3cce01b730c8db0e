"""What a task's code does by mistake: one sentence that names it, or nothing that the next client notices."""

import re

import numpy as np
import pytest
import torch
from federations import OfModule
from torch import nn

from ml.data.rows import Rows
from ml.errors import DataError, SchemaError, TaskError
from ml.settings import TrainingSettings
from ml.tasks.federating import read_rows
from ml.tasks.loading import Named
from ml.tasks.targets import Classes
from ml.training import TrainingJob
from ml.training.module import ModuleLearner

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.standard_normal((40, 4), dtype=np.float32), GENERATOR.integers(0, 3, 40)
SETTINGS = TrainingSettings(batch=16)
OWN = """
import torch
from stakefed import Classes, Rows, Task


class Own(Task):
    target = Classes(3)

    def __init__(self, {arguments}):
        pass

    def rows(self, path):
        return Rows({inputs}, {targets})
"""


def own(tmp_path, arguments="width=2", inputs="torch.zeros(3, 4)", targets="[0, 1, 2]", **options):
    path = tmp_path / "own.py"
    path.write_text(OWN.format(arguments=arguments, inputs=inputs, targets=targets))
    return Named(f"{path}:Own", options)


@pytest.mark.parametrize("arguments", ["width", "*, width", "depth=1, *, width", "width, **others"])
def test_a_class_that_needs_an_argument_says_which_and_what_to_do(tmp_path, arguments):
    told = r"^task .*own.py:Own: Own needs its argument 'width'; give --task-option width=VALUE, or a default"
    with pytest.raises(TaskError, match=told):
        own(tmp_path, arguments).load()
    own(tmp_path, arguments, width=2).load()


@pytest.mark.parametrize("arguments", ["width=2", "*names", "**others", "*, width=2"])
def test_arguments_with_defaults_are_not_asked_for(tmp_path, arguments):
    own(tmp_path, arguments).load()


@pytest.mark.parametrize("decorator", ["dataclass(frozen=True)", "dataclass(slots=True)", "dataclass"])
def test_a_dataclass_takes_what_its_reader_chooses(tmp_path, decorator):
    path = tmp_path / "own.py"
    path.write_text(
        "from dataclasses import dataclass\nfrom stakefed import Classes, Task\n\n\n"
        f"@{decorator}\nclass Own(Task):\n    width: int = 4\n    target = Classes(3)\n"
    )
    made = Named(str(path), {"width": 8, "allow_missing": 0.5, "accept_rows": True}).load()
    assert (made.width, made.allow_missing, made.accept_rows) == (8, 0.5, True)


@pytest.mark.parametrize("inputs", ["torch.zeros(3, 4).to_sparse()", "torch.zeros(3, 4) @ [1]"])
def test_what_fails_on_the_way_is_said_of_the_tasks_own_line(tmp_path, inputs):
    with pytest.raises(TaskError, match=rf"^rows failed in {re.escape(str(tmp_path))}/own.py, line 13: "):
        read_rows(own(tmp_path, inputs=inputs).load(), None)


@pytest.mark.parametrize(
    "inputs, targets, told",
    [
        (
            "[[1.0]] * 3",
            "['well', 'ill', 'ill']",
            "an array of targets is of <U4, such as 'well'; expected numbers; ",
        ),
        ("[['a']] * 3", "[0, 1, 2]", "an array of inputs is of <U1, such as 'a'; expected numbers$"),
        (
            "{'age': [1.0, None, 2.0]}",
            "[0, 1, 2]",
            "an array of inputs age is of object, such as None; expected",
        ),
    ],
)
def test_what_is_no_number_is_named_with_an_example(tmp_path, inputs, targets, told):
    with pytest.raises(DataError, match=f"^{told}"):
        read_rows(own(tmp_path, inputs=inputs, targets=targets).load(), None)


def network():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))


def trained(trainer, jobs=1):
    learner = ModuleLearner(OfModule(network, Classes(3)), (4,), (), trainer=trainer)
    start = learner.initial_parameters(0)
    return start, learner.train(start, [TrainingJob(X, Y, seed=1)] * jobs, SETTINGS)


def step(model, rows, context):
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for inputs, targets in context.batches(rows):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimiser.step()


def replace_a_weight(model, rows, context):
    step(model, rows, context)
    model[2].weight = nn.Parameter(2 * model[2].weight.detach())


def replace_a_statistic(model, rows, context):
    model[1].running_var = torch.ones(8)


@pytest.mark.parametrize(
    "trainer, name", [(replace_a_weight, "2.weight"), (replace_a_statistic, "1.running_std")]
)
def test_a_tensor_in_anothers_place_is_refused_since_it_would_be_lost(trainer, name):
    with pytest.raises(SchemaError, match=f"^'{name}' is another tensor than before training"):
        trained(trainer)


def test_gradients_that_training_leaves_are_nobody_elses():
    def without_zero_grad(model, rows, context):
        for inputs, targets in context.batches(rows):
            nn.functional.cross_entropy(model(inputs), targets).backward()
            torch.optim.SGD(model.parameters(), lr=0.1).step()

    _, made = trained(without_zero_grad, jobs=3)
    assert all(np.array_equal(each, made[0]) for each in made)


def test_what_training_freezes_is_frozen_for_nobody_else():
    def freeze(model, rows, context):
        step(model, rows, context)
        model[0].requires_grad_(False)

    start, made = trained(freeze, jobs=3)
    assert all(np.array_equal(each, made[0]) for each in made)
    assert not np.array_equal(made[0][:32], start[:32])


def test_gradients_that_training_switches_off_are_off_for_nobody_else():
    def switch_off(model, rows, context):
        step(model, rows, context)
        torch.set_grad_enabled(False)

    start, made = trained(switch_off, jobs=2)
    assert torch.is_grad_enabled()
    assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], start)


def test_a_row_of_a_data_set_of_texts_is_refused():
    with pytest.raises(DataError, match="^an array of inputs is of <U1"):
        Rows(["a", "b"], [0, 1])
