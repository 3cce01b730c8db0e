"""From a table's file to inputs and targets, in pieces, and what became of every row."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.checks import insisted, unknown_values, unlike
from ml.data.common_encoding import Spread
from ml.data.rows import Rows
from ml.data.table import Category, Texts
from ml.data.text.cells import EMPTY, Cells, Words
from ml.data.text.records import Piece
from ml.data.text.source import Source
from ml.data.text.usage import Tally
from ml.errors import DataError
from ml.tasks.tables.cells import rule_of, rules
from ml.tasks.tables.form import CategoryColumn, ClassesTarget, Form

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


def read_table(form: Form, path: Path, allowed: float, accept: bool) -> Rows:
    """Return the rows of a file as a form says.

    Left out are rows whose target, group or time is missing, and those with a cell that cannot be read or a
    gap that nothing stands for.

    Args:
        form: What is read, and how.
        path: CSV, packed or plain, or Parquet.
        allowed: Share of the rows that may be left out.
        accept: Whether rows may be unlike the founders'.

    Raises:
        DataError: When the file is no such table, too many rows are left out, or, unless accepted, columns
            are so unlike the founders' that they must mean something else.
    """
    source = Source(path, form.columns, "the task needs", form.read.encoding, form.read.separator)
    reader = _Reader(form, Path(path).name)
    for piece in source.pieces(form.columns):
        reader.add(piece)
    usage = reader.tally.usage
    usage.require(path, allowed)
    if not usage.used:
        raise DataError("; ".join(usage.told()) if usage.rows else f"{path} has no rows")
    told = (*reader.filled(), *reader.compared(accept))
    return Rows(
        reader.inputs.array,
        reader.targets.array,
        groups=reader.groups.array if form.group else None,
        times=reader.times.array if form.time else None,
        columns=Texts(reader.categories()),
        names=input_names(form),
        usage=usage,
        told=told,
    )


def input_names(form: Form) -> tuple[str, ...]:
    """Return the names of a model's inputs, in order."""
    return tuple(name for column in form.inputs for name in _names(column))


def _names(column: Any) -> Iterator[str]:
    if isinstance(column, CategoryColumn):
        yield from (f"{column.column}={value}" for value in column.values)
        if column.other:
            yield f"{column.column} is another"
    else:
        yield column.column
    if column.flag:
        yield f"{column.column} is missing"


class _Growing:
    """An array to whose end rows are put; its memory grows in place."""

    def __init__(self, width: tuple[int, ...], dtype: Any) -> None:
        self._kept = np.empty((0, *width), dtype)
        self._length = 0

    def add(self, rows: NDArray[Any]) -> None:
        """Put rows to the end."""
        end = self._length + len(rows)
        if end > len(self._kept):
            self._kept.resize((max(end, len(self._kept) * 5 // 4), *self._kept.shape[1:]), refcheck=False)
        self._kept[self._length : end] = rows
        self._length = end

    @property
    def array(self) -> NDArray[Any]:
        """All rows."""
        self._kept.resize((self._length, *self._kept.shape[1:]), refcheck=False)
        return self._kept


class _Reader:
    """Takes in pieces; see `read_table`."""

    def __init__(self, form: Form, source: str) -> None:
        self._form = form
        self.tally = Tally("rows", source)
        self._cells = {name: Cells(rule) for name, rule in rules(form).items()}
        self._time = Cells(rule_of(form.time, form.read)) if form.time else None
        self._group = Words()
        classes = isinstance(form.target, ClassesTarget) and len(form.target.values) > 2
        self.inputs = _Growing((len(input_names(form)),), np.float32)
        self.targets = _Growing((), np.int64 if classes else np.float32)
        self.groups = _Growing((), np.int64)
        self.times = _Growing((), np.float64)
        self._codes = {each.column: _Growing((), np.int32) for each in form.inputs if _is_category(each)}
        self._texts: dict[str, Words] = {name: Words() for name in self._codes}
        self._gaps = dict.fromkeys((each.column for each in form.inputs), 0)

    def add(self, piece: Piece) -> None:
        """Encode the rows of a piece that can be used."""
        values = {name: cells.read(piece.columns[name]) for name, cells in self._cells.items()}
        beside = self._beside(piece)
        good = np.ones(len(piece.lines), bool)
        for name, column in (values | beside).items():
            faults = np.where(np.isnan(column), 0.0, column) if self._fills(name) else column
            label = name.removeprefix("\0")
            self.tally.judge(label, faults, piece.columns[label], piece.lines)
            good &= np.isfinite(faults)
        places = np.flatnonzero(good)
        self.tally.count(len(piece.lines), len(places), piece.broken)
        self._put({name: column[places] for name, column in (values | beside).items()}, piece, places)

    def _beside(self, piece: Piece) -> dict[str, Floats]:
        # Such columns may be inputs too; a name of no column keeps both apart.
        found = {}
        if self._form.group:
            found["\0" + self._form.group] = self._group.read(piece.columns[self._form.group])
        if self._form.time is not None and self._time is not None:
            found["\0" + self._form.time.column] = self._time.read(piece.columns[self._form.time.column])
        return found

    def _fills(self, name: str) -> bool:
        column = next((each for each in self._form.inputs if each.column == name), None)
        return column is not None and _fills(column)

    def _put(self, values: Mapping[str, Floats], piece: Piece, places: NDArray[np.int64]) -> None:
        parts = [_encoded(each, values[each.column]) for each in self._form.inputs]
        self.inputs.add(np.concatenate(parts, axis=1, dtype=np.float32) if len(places) else self._none())
        self.targets.add(_target(self._form.target, values[self._form.target.column]))
        if self._form.group:
            self.groups.add(values["\0" + self._form.group])
        if self._form.time:
            self.times.add(values["\0" + self._form.time.column])
        for name, codes in self._codes.items():
            texts = piece.columns[name]
            words = self._texts[name].words
            numbers = (words.setdefault(texts[place], len(words)) for place in places)
            codes.add(np.fromiter(numbers, np.int32, len(places)))
        for name in self._gaps:
            self._gaps[name] += int(np.isnan(values[name]).sum())

    def _none(self) -> NDArray[np.float32]:
        return np.empty((0, len(input_names(self._form))), np.float32)

    def categories(self) -> dict[str, Category]:
        """Return every column of categories as its texts."""
        return {
            name: Category(codes.array, tuple(self._texts[name].words)) for name, codes in self._codes.items()
        }

    def filled(self) -> list[str]:
        """Return a sentence on each column whose gaps something stands for."""
        by_name = {each.column: each for each in self._form.inputs}
        return [
            f"{name} is empty in {count} of the rows used; {_stands(by_name[name])}"
            for name, count in self._gaps.items()
            if count
        ]

    def compared(self, accept: bool) -> list[str]:
        """Return a sentence on each column that looks unlike the founders'."""
        told: list[str] = []
        grave: list[str] = []
        categories, first = self.categories(), 0
        for column in self._form.inputs:
            if isinstance(column, CategoryColumn):
                known = (*column.values, *EMPTY, *self._form.read.missing)
                is_grave, sentences = unknown_values(column.column, categories[column.column], known)
                (grave if is_grave else told).extend(sentences)
            else:
                values = self.inputs.array[:, first].astype(np.float64) * column.scale + column.mean
                grave += unlike(column.column, values, Spread(mean=column.mean, scale=column.scale))
            first += len(list(_names(column)))
        return insisted(grave, told, not accept)


def _is_category(column: Any) -> bool:
    return isinstance(column, CategoryColumn)


def _fills(column: Any) -> bool:
    return column.flag or (not _is_category(column) and column.gap is not None)


def _stands(column: Any) -> str:
    if _is_category(column):
        return "an input of its own says so"
    value = column.mean if column.gap is None else column.gap
    return f"{value:g} stands for it" + (", and an input of its own says so" if column.flag else "")


def _encoded(column: Any, values: Floats) -> Floats:
    missing = np.isnan(values)
    flag = [missing[:, None]] if column.flag else []
    if isinstance(column, CategoryColumn):
        count = len(column.values)
        hot = values[:, None] == np.arange(count + column.other)
        inputs: Floats = np.concatenate([hot, *flag], axis=1).astype(np.float64)
        return inputs
    whole = np.where(missing, column.mean if column.gap is None else column.gap, values)
    standard: Floats = np.concatenate([((whole - column.mean) / column.scale)[:, None], *flag], axis=1)
    return standard


def _target(target: Any, values: Floats) -> Floats:
    if isinstance(target, ClassesTarget):
        return values
    standard: Floats = (values - target.mean) / target.scale
    return standard
