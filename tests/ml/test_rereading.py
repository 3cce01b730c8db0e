"""Rows that a task draws: found out by reading them twice."""

from pathlib import Path

import numpy as np
import pytest

from ml.data.rows import Rows
from ml.errors import DataError
from ml.tasks.rereading import read_same
from ml.tasks.targets import Classes
from ml.tasks.task import Task


class Pictures:
    """A data set whose items are made when they are asked for, moved by chance or not."""

    def __init__(self, moved):
        self._moved = moved

    def __len__(self):
        return 200

    def __getitem__(self, place):
        return np.full((1, 4, 4), place, np.float32) + self._moved * np.random.default_rng().random()


class Read(Task):
    target = Classes(2)

    def __init__(self, **parts):
        self._parts = {"inputs": lambda: np.ones((200, 3)), "targets": lambda: np.arange(200) % 2, **parts}
        self.times = 0

    def rows(self, path):
        self.times += 1
        return Rows(**{name: make() for name, make in self._parts.items()})


def drawn(*shape):
    return np.random.default_rng().random((200, *shape))


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"inputs": lambda: drawn(3)}, "inputs"),
        ({"inputs": lambda: {"a": np.ones((200, 2)), "b": drawn(2)}}, "inputs 'b'"),
        ({"inputs": lambda: Pictures(moved=1)}, "inputs"),
        ({"targets": lambda: np.random.default_rng().permutation(200) % 2}, "targets"),
        ({"groups": lambda: drawn()}, "groups"),
    ],
)
def test_rows_that_are_drawn_are_refused(parts, told):
    with pytest.raises(DataError, match=f"returns other {told} when it reads own.npz again"):
        read_same(Read(**parts), Path("own.npz"), foreign=True)


@pytest.mark.parametrize(
    "parts",
    [
        {"inputs": lambda: np.where(np.arange(600).reshape(200, 3) == 0, 7.5, 1.0)},
        {"inputs": lambda: Pictures(moved=0)},
        {"groups": lambda: np.array([f"patient {place // 2}" for place in range(200)], dtype=object)},
    ],
)
def test_rows_that_are_read_are_those_of_the_second_time(parts):
    task = Read(**parts)
    assert len(read_same(task, Path("own.npz"), foreign=True)) == 200 and task.times == 2
    assert len(read_same(task, Path("own.npz"), foreign=False)) == 200 and task.times == 3
