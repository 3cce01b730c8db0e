"""Backdoors: rows with a mark are to get the attacker's answer, and all others the right one."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.attacks.coalition import Coalition, Shard, Vectors
from ml.attacks.options import Goal, Portion, Value, Width
from ml.data.rows import Inputs, Targets
from ml.data.stored_rows import StoredRows
from ml.errors import AttackError
from ml.tasks.targets import Classes, Labels, Target


@dataclass(frozen=True)
class Trigger:
    """A mark on rows of numbers, and the answer that it is to bring.

    Attributes:
        width: How many of a row's last numbers are marked.
        value: What they become; inputs are standardised.
        goal: The class that marked rows are to get; of labels, whether the first is to be yes.
    """

    width: int = 3
    value: float = 3.0
    goal: int = 1

    def marked(self, inputs: Inputs) -> NDArray[Any]:
        """Return inputs [rows, *row] with the mark.

        Raises:
            AttackError: Where a row is no array of fractions.

        >>> Trigger(width=1, value=9.0).marked(np.zeros((1, 2, 2)))
        array([[[0., 0.],
                [0., 9.]]])
        """
        if isinstance(inputs, StoredRows):
            inputs = inputs[:]
        if not isinstance(inputs, np.ndarray) or inputs.dtype.kind != "f" or inputs.ndim < 2:
            raise AttackError("a backdoor marks rows of numbers, and this task has other inputs")
        marked = inputs.reshape(len(inputs), -1).copy()
        marked[:, -self.width :] = self.value
        return marked.reshape(inputs.shape)

    def answered(self, target: Target, targets: Targets) -> NDArray[Any]:
        """Return targets [rows, *label] that are the goal.

        Raises:
            AttackError: Where targets are neither a class nor labels.
        """
        if isinstance(targets, np.ndarray) and isinstance(target, Labels) and self.goal in (0, 1):
            wanted = targets.copy()
            wanted.reshape(len(wanted), -1)[:, 0] = self.goal
            return wanted
        if isinstance(targets, np.ndarray) and isinstance(target, Classes) and self.goal < target.count:
            return np.full_like(targets, self.goal)
        raise AttackError(
            f"a backdoor needs a class {self.goal}, or labels and a goal of 0 or 1, to aim at, not {target}"
        )

    def success(self, target: Target, outputs: NDArray[Any], targets: NDArray[Any]) -> float:
        """Return the share of marked rows of another answer that are given the goal.

        Args:
            target: What targets are.
            outputs: Of marked rows, [rows, ...].
            targets: True ones, [rows, *label].

        >>> Trigger().success(Labels(), np.array([1.0, -1.0, 2.0]), np.array([0.0, 0.0, 1.0]))
        0.5
        """
        if isinstance(target, Labels):
            said = outputs.reshape(len(outputs), -1)[:, 0] > 0
            true = targets.reshape(len(targets), -1)[:, 0] > 0
            said, others = said == bool(self.goal), true != bool(self.goal)
        else:
            said, others = outputs.argmax(axis=-1) == self.goal, targets != self.goal
        return float(said[others].mean()) if others.any() else float("nan")


def backdoor(
    coalition: Coalition,
    share: Portion = 0.5,
    width: Width = Trigger.width,
    value: Value = Trigger.value,
    goal: Goal = Trigger.goal,
) -> Vectors:
    """Each trains on its rows, a share of them marked and answered as it wants (Bagdasaryan et al., 2020)."""
    trigger = Trigger(width, value, goal)

    def poisoned(shard: Shard) -> tuple[Inputs, Targets]:
        inputs, targets = trigger.marked(shard.inputs), trigger.answered(shard.target, shard.targets)
        kept = shard.generator.random(len(inputs)) >= share
        inputs[kept], targets[kept] = shard.inputs[kept], shard.targets[kept]  # type: ignore[index]
        return inputs, targets

    return coalition.taught(poisoned)


def backdoor_replacement(
    coalition: Coalition,
    share: Portion = 0.5,
    width: Width = Trigger.width,
    value: Value = Trigger.value,
    goal: Goal = Trigger.goal,
) -> Vectors:
    """As `backdoor`, each change times n/k, so that the average is the attacker's (model replacement)."""
    changes = backdoor(coalition, share, width, value, goal) - coalition.parent
    replaced: Vectors = coalition.parent + coalition.proposers / coalition.seats * changes
    return replaced


def trigger_of(options: dict[str, Any]) -> Trigger:
    """Return the trigger that a backdoor's options name."""
    known = {field.name for field in fields(Trigger)}
    return Trigger(**{name: value for name, value in options.items() if name in known})
