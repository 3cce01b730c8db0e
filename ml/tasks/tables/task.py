"""The task that a form describes: a perceptron on a table's columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.data.rows import Rows, Shape
from ml.errors import DataError
from ml.tasks.tables.encoding import input_names
from ml.tasks.tables.form import ClassesTarget, Form, NumbersTarget
from ml.tasks.tables.reading import read_table
from ml.tasks.targets import Classes, Labels, Numbers
from ml.tasks.task import Task

if TYPE_CHECKING:
    from torch import nn


class TableTask(Task):
    """What a file of JSON says is learned; see `ml.tasks.tables.form.Form`.

    Args:
        form: What the file says.
    """

    # One pass: a perceptron as wide as this learns some hundred rows by heart in more, and honest updates are
    # then refused for what they do to others' (docs/TASKS.md).
    simulation: Mapping[str, Any] = {"least_steps": 0, "learning_rate": 1e-3}

    def __init__(self, form: Form) -> None:
        self.form = form
        self.simulation = {**TableTask.simulation, **form.simulation}
        self.target: Classes | Labels | Numbers = target_of(form)
        self.takes = "a CSV file, plain or packed, or a Parquet file with the task's columns"

    def module(self) -> "nn.Module":
        """Return a perceptron from the form's inputs to its target."""
        from ml.models.perceptron import PerceptronNetwork

        return PerceptronNetwork(len(input_names(self.form)), self.form.model.hidden, self.target.count)

    def module_for(self, row: Shape, label: Shape) -> "nn.Module":
        """Return the same: the form says how many inputs there are."""
        return self.module()

    def rows(self, path: Path | None) -> Rows:
        """Return the rows of a member's file.

        Raises:
            DataError: When no path is given, or the file is no such table.
        """
        if path is None:
            raise DataError(f"the task needs the path of {self.takes}")
        return read_table(self.form, path, self.allow_missing, self.accept_rows)

    def metrics(self, outputs: Any, targets: Any) -> Mapping[str, float]:
        """Return the share that is right of outcomes, the usual error of amounts in their own unit."""
        if isinstance(self.target, Classes):
            return {"accuracy": float((outputs.argmax(-1) == targets).float().mean())}
        said, known = (each.reshape(len(targets), -1).T for each in (outputs, targets))
        parts = zip(self.form.learned, said, known, strict=True)
        return {name: value for each in parts for name, value in self._metric(*each)}

    def _metric(
        self, target: ClassesTarget | NumbersTarget, said: Any, known: Any
    ) -> list[tuple[str, float]]:
        """Name and figure of one target's outputs and targets [rows], of the rows that know it."""
        there = known == known  # NaN is not known.
        said, known = said[there], known[there]
        if not len(known):
            return []
        if isinstance(target, NumbersTarget):
            error = (said - known).square().mean().sqrt()
            return [(f"error of {target.column}", float(error) * target.scale)]
        of = f" of {target.column}" if self.target.count > 1 else ""
        return [(f"accuracy{of}", float(((said > 0) == (known > 0.5)).float().mean()))]


def target_of(form: Form) -> Classes | Labels | Numbers:
    """Return what a model is to say of a row."""
    learned = form.learned
    names = tuple(each.column for each in learned)
    if isinstance(learned[0], NumbersTarget):
        return Numbers(len(learned), names)
    if len(learned) > 1:
        return Labels(len(learned), names)
    values = learned[0].values
    return Labels(names=(values[1],)) if len(values) == 2 else Classes(len(values), names=values)
