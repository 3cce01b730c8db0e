"""What an attack makes of members' rows is looked at before anything trains on it; theirs stay."""

import numpy as np
import pytest

from ml.attacks.coalition import Shard
from ml.attacks.poisoning import poisoned
from ml.errors import AttackError
from ml.tasks.targets import Classes, Labels

INPUTS = np.arange(12, dtype=np.float32).reshape(4, 3)
TARGETS = np.array([0, 1, 1, 0], dtype=np.float32)


def shard(inputs=INPUTS, targets=TARGETS, target=None):
    generator = np.random.default_rng(0)
    return Shard(inputs, targets, target or Labels(), lambda: np.zeros(4), generator)


@pytest.mark.parametrize(
    "poison, told",
    [
        (5, "^a poison is 5; expected a function from a member's rows to rows$"),
        (lambda of: None, "^a poison returned NoneType; expected inputs and targets, two$"),
        (lambda of: of.inputs, "^a poison returned ndarray; expected inputs and targets, two$"),
        (
            lambda of: (of.inputs[:3], of.targets),
            "^a poison returned 3 inputs and 4 targets; expected as many of",
        ),
        (
            lambda of: (of.inputs[:0], of.targets[:0]),
            "0 inputs and 0 targets; expected as many of each, and one",
        ),
        (lambda of: (of.inputs[:, :2], of.targets), r"inputs \[4, 2\]; expected \[rows, 3\]$"),
        (lambda of: (of.inputs, of.targets[:, None]), r"targets \[4, 1\]; expected \[rows\]$"),
        (lambda of: (of.inputs * np.nan, of.targets), "^a poison returned inputs that are not finite$"),
        (lambda of: (of.inputs, ["a"] * 4), "^a poison returned targets of <U1; expected float32$"),
        (lambda of: (of.inputs, [[1], 2, 3, 4]), "^a poison returned targets that are no numbers: "),
    ],
)
def test_what_is_no_rows_is_told(poison, told):
    with pytest.raises(AttackError, match=told):
        poisoned(poison, shard())


def test_a_class_is_no_fraction():
    with pytest.raises(AttackError, match="^a poison returned targets of float64; expected int64$"):
        poisoned(
            lambda of: (of.inputs, of.targets / 2), shard(targets=np.array([0, 1, 2, 0]), target=Classes(3))
        )


def test_rows_of_another_type_become_the_rows_type():
    inputs, targets = poisoned(
        lambda of: (of.inputs.astype(np.float64).tolist(), 1 - of.targets.astype(int)), shard()
    )
    assert inputs.dtype == targets.dtype == np.float32
    assert (inputs == INPUTS).all() and (targets == 1 - TARGETS).all()


def test_what_is_written_into_is_a_copy():
    before = INPUTS.copy(), TARGETS.copy()

    def poison(of):
        of.inputs[:] = 7
        of.targets[:] = 1
        return of.inputs, of.targets

    assert (poisoned(poison, shard())[0] == 7).all()
    assert (before[0] == INPUTS).all() and (before[1] == TARGETS).all()
    named = {"a": INPUTS, "b": INPUTS}
    poisoned(lambda of: (of.inputs["a"].fill(9), of)[1:] and (of.inputs, of.targets), shard(named))
    assert (before[0] == INPUTS).all()
