"""Clients of a module in processes of their own: the same bits as one after another, errors that arrive."""

import multiprocessing
import os
import signal

import numpy as np
import pytest
import torch

from ml.errors import TaskError, TrainingError
from ml.settings import TrainingSettings
from ml.tasks.loading import Named
from ml.training import Origin, TrainingJob, make_learner, side_by_side
from ml.training.module import ModuleLearner
from ml.training.side_by_side import SideBySideLearner

pytestmark = pytest.mark.usefixtures("warm_processes")

TASK = """
from torch import nn
from stakefed import Classes, Rows, Task

class Drawn(Task):
    target = Classes(3)

    def module(self):
        first = nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU()
        return nn.Sequential(*first, nn.Dropout(0.3), nn.Linear(16, 3))

    def rows(self, path):
        raise NotImplementedError

def refusing(model, rows, context):
    raise ValueError("no rows of mine")
"""
SETTINGS = TrainingSettings(batch=8, local_epochs=2)


@pytest.fixture(scope="module")
def task_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("task") / "drawn.py"
    path.write_text(TASK)
    return path


@pytest.fixture
def at_once(monkeypatch):
    """Any work is worth a process."""
    monkeypatch.setattr(side_by_side, "WORTH_SECONDS", 0.0)
    monkeypatch.setattr(side_by_side, "WORTH_SENDING", 0.0)


def pair_of(task_file):
    """One that computes here, and one with two processes."""
    origin = Origin(Named(f"{task_file}:Drawn", {}), None, (5,), ())
    return origin.learner(), SideBySideLearner(origin.learner(), origin, 2)


@pytest.fixture(scope="module")
def pair(task_file):
    """For tests that need its processes, which take seconds to start, and leave them running."""
    return pair_of(task_file)


@pytest.fixture
def fresh_pair(task_file):
    """One that has started no process yet, and whose processes may be killed."""
    return pair_of(task_file)


def jobs(count=5):
    draw = np.random.default_rng(0)
    sizes = draw.integers(8, 60, count)
    return [
        TrainingJob(draw.normal(size=(n, 5)).astype(np.float32), draw.integers(0, 3, n), seed=int(seed))
        for seed, n in enumerate(sizes)
    ]


def test_results_are_those_of_one_after_another_to_the_bit(pair, at_once):
    here, beside = pair
    start, work = here.initial_parameters(0), jobs()
    expected = here.train(start, work, SETTINGS)
    for _ in range(2):
        found = beside.train(start, work, SETTINGS)
        assert [each.tobytes() for each in found] == [each.tobytes() for each in expected]
    sets = [job.X for job in work]
    tried, expected = beside.predictor(sets), here.predictor(sets)
    for asked in ([0, 1, 2, 3, 4], [4, 0], [3, 1, 2], [2], []):
        one, other = tried.outputs(found[0], asked), expected.outputs(found[0], asked)
        assert [each.tobytes() for each in one] == [each.tobytes() for each in other]
    assert {length(of) for of in beside._crew._processes} == {1}


def length(executor):
    return len(executor._processes)


def test_predictors_of_several_sets_of_rows_do_not_meet(pair, at_once):
    here, beside = pair
    model, work = here.initial_parameters(3), jobs(6)
    first, second = (beside.predictor([job.X for job in part]) for part in (work[:3], work[3:]))
    for predictor, part in ((first, work[:3]), (second, work[3:]), (first, work[:3])):
        expected = here.predictor([job.X for job in part]).outputs(model, [0, 1, 2])
        assert [a.tobytes() for a in predictor.outputs(model, [0, 1, 2])] == [b.tobytes() for b in expected]


def test_little_work_is_done_here(fresh_pair, monkeypatch):
    monkeypatch.setattr(side_by_side, "WORTH_SECONDS", 3600.0)  # However slow this machine is now.
    here, beside = fresh_pair
    start, work = here.initial_parameters(0), jobs()
    assert np.array_equal(beside.train(start, work, SETTINGS), here.train(start, work, SETTINGS))
    beside.predictor([job.X for job in work]).outputs(start, [0, 1])
    assert "_processes" not in vars(beside._crew)


def test_pieces_too_small_to_be_sent_stay_here(fresh_pair, monkeypatch):
    monkeypatch.setattr(side_by_side, "WORTH_SECONDS", 0.0)
    monkeypatch.setattr(side_by_side, "WORTH_SENDING", 3600.0)
    _, beside = fresh_pair
    start, work = beside.initial_parameters(0), jobs()
    for _ in range(3):
        beside.predictor([job.X for job in work]).outputs(start, [0, 1])
    assert "_processes" not in vars(beside._crew)


def test_a_fault_of_the_clients_training_arrives(task_file, at_once):
    origin = Origin(Named(f"{task_file}:Drawn", {}), f"{task_file}:refusing", (5,), ())
    learner = SideBySideLearner(origin.learner(), origin, 2)
    with pytest.raises(TaskError, match="no rows of mine"):
        learner.train(learner.initial_parameters(0), jobs(), SETTINGS)


def test_a_process_that_is_killed_is_said(fresh_pair, at_once):
    here, beside = fresh_pair
    start = here.initial_parameters(0)
    beside.train(start, jobs(), SETTINGS)
    os.kill(next(iter(beside._crew._processes[0]._processes)), signal.SIGKILL)
    with pytest.raises(TrainingError, match="memory; threads: 1 in a file of --settings trains"):
        beside.train(start, jobs(), SETTINGS)


def test_a_copy_of_this_process_that_ends_leaves_the_processes_alone(fresh_pair, at_once):
    """As a `DataLoader` with workers makes them, or a pool in a task's rows()."""
    here, beside = fresh_pair
    start = here.initial_parameters(0)
    beside.train(start, jobs(), SETTINGS)
    copy = multiprocessing.get_context("fork").Process(target=int)
    copy.start()
    copy.join()
    assert copy.exitcode == 0
    assert len(beside.train(start, jobs(), SETTINGS)) == len(jobs())


@pytest.fixture
def threads_stay():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("processors", "threads", "device"), [("1", None, "cpu"), ("4", 1, "cpu"), ("4", 2, "cpu")]
)
def test_where_one_process_computes(task_file, monkeypatch, threads_stay, processors, threads, device):
    monkeypatch.setenv("OMP_NUM_THREADS", processors)
    named = Named(f"{task_file}:Drawn", {})
    origin = Origin(named, None, (5,), ())
    assert type(make_learner(named.load(), (5,), (), "cpu", threads, origin=origin)) is ModuleLearner


def test_where_several_do(task_file, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    named = Named(f"{task_file}:Drawn", {})
    learner = make_learner(named.load(), (5,), (), origin=Origin(named, None, (5,), ()))
    assert type(learner) is SideBySideLearner and learner._crew._count == 3
    assert type(make_learner(named.load(), (5,), ())) is ModuleLearner
