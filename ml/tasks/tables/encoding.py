"""What becomes of a table's values: a model's inputs and targets, and what is known beside them."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ml.data.table import Category
from ml.data.text.records import Piece
from ml.tasks.tables.form import CategoryColumn, ClassesTarget, Column, Form, NumbersTarget
from ml.tasks.tables.growing import Growing, GrowingInputs, Numbered

Floats = NDArray[np.float64]

BESIDE = "\0"
"""Before the name of a column of groups or times: it may be an input too."""


def input_names(form: Form) -> tuple[str, ...]:
    """Return the names of a model's inputs, in order."""
    return tuple(name for column in form.inputs for name in _names(column))


def inputs_of(column: Column) -> int:
    """Return how many inputs a column has."""
    return len(list(_names(column)))


def _names(column: Column) -> Iterator[str]:
    if isinstance(column, CategoryColumn):
        yield from (f"{column.column}={value}" for value in column.values)
        if column.other:
            yield f"{column.column} is another"
    else:
        yield column.column
    if column.flag:
        yield f"{column.column} is missing"


class Kept:
    """The rows that are used, encoded.

    Attributes:
        inputs: Float32 [rows, inputs].
        targets: [rows], or of several [rows, targets], NaN where one is not known.
        groups: Int64 [rows], where the form has a group.
        times: Float64 [rows], where it has a time.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        learned = form.learned
        classes = any(isinstance(each, ClassesTarget) and len(each.values) > 2 for each in learned)
        self._width = len(input_names(form))
        self.inputs = GrowingInputs(self._width)
        width = (len(learned),) if len(learned) > 1 else ()
        self.targets = Growing(width, np.int64 if classes else np.float32)
        self.groups = Growing((), np.int64)
        self.times = Growing((), np.float64)
        self._listed = {each.column: each for each in form.inputs if isinstance(each, CategoryColumn)}
        self._codes = {name: Growing((), np.int32) for name in self._listed}
        self._texts = {name: Numbered() for name in self._codes}

    def add(self, values: Mapping[str, Floats], piece: Piece, places: NDArray[np.int64]) -> None:
        """Put the rows at some places of a piece, of which these are the values, to the end."""
        self.inputs.add(self._encode(values, len(places)))
        targets = self.targets.new(len(places)).reshape(len(places), -1)
        for place, target in enumerate(self._form.learned):
            targets[:, place] = _target(target, values[target.column])
        if self._form.group:
            self.groups.new(len(places))[:] = values[BESIDE + self._form.group]
        if self._form.time:
            self.times.new(len(places))[:] = values[BESIDE + self._form.time.column]
        for name, codes in self._codes.items():
            texts = map(piece.columns[name].__getitem__, places.tolist())
            numbers = map(self._texts[name].__getitem__, texts)
            codes.new(len(places))[:] = np.fromiter(numbers, np.int32, len(places))

    def categories(self) -> dict[str, Category]:
        """Return every column of categories as its values, and as texts where they are none."""
        return {
            name: Category(codes.array, tuple(map(_meaning(self._listed[name]), self._texts[name])))
            for name, codes in self._codes.items()
        }

    def _encode(self, values: Mapping[str, Floats], rows: int) -> NDArray[np.float32]:
        inputs, first = np.empty((rows, self._width), np.float32), 0
        for column in self._form.inputs:
            last = first + inputs_of(column)
            _put(column, values[column.column], inputs[:, first:last])
            first = last
        return inputs


def _meaning(column: CategoryColumn) -> Callable[[str], str]:
    """What says the value that a text is one way to write, or the text."""
    meant = {written: column.values[place] for written, place in column.places.items()}
    return lambda text: meant.get(column.key(text), text)


def _put(column: Column, values: Floats, inputs: NDArray[np.float32]) -> None:
    """Fill in the inputs [rows, inputs of the column] of a column's values [rows]."""
    missing = np.isnan(values)
    if column.flag:
        inputs[:, -1] = missing
    if isinstance(column, CategoryColumn):
        count = len(column.values) + column.other
        inputs[:, :count] = values[:, None] == np.arange(count)
    else:
        whole = np.where(missing, column.mean if column.gap is None else column.gap, values)
        inputs[:, 0] = (whole - column.mean) / column.scale


def _target(target: ClassesTarget | NumbersTarget, values: Floats) -> Floats:
    if isinstance(target, ClassesTarget):
        return values
    standard: Floats = (values - target.mean) / target.scale
    return standard
