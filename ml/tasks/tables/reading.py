"""From a table's file to inputs and targets, in pieces, and what became of every row."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.checks import Spread, date_of, insisted, unknown_values, unlike
from ml.data.rows import Rows
from ml.data.table import Texts
from ml.data.text.cells import EMPTY, Words
from ml.data.text.records import Piece
from ml.data.text.source import Source
from ml.data.text.usage import Tally, Usage
from ml.errors import DataError
from ml.messages import quoted
from ml.tasks.tables import telling
from ml.tasks.tables.cells import cells_of, made_of
from ml.tasks.tables.encoding import BESIDE, Kept, input_names, inputs_of
from ml.tasks.tables.form import (
    BetweenColumn,
    CategoryColumn,
    ClassesTarget,
    Column,
    DateColumn,
    Form,
    NumberColumn,
    NumbersTarget,
    RatioColumn,
    Reading,
    ScaledColumn,
    sources_of,
)
from ml.tasks.tables.growing import GrowingInputs

Floats = NDArray[np.float64]

_LONGEST = 80  # Letters of what a cell should be.


def read_table(form: Form, path: Path, allowed: float, accept: bool) -> Rows:
    """Return the rows of a file as a form says.

    Left out are rows whose target, or each of several, group or time is missing, and those with a cell that
    cannot be read or a gap that nothing stands for.

    Args:
        form: What is read, and how.
        path: CSV, packed or plain, or Parquet.
        allowed: Share of the rows that may be left out.
        accept: Whether rows may be unlike the founders'.

    Raises:
        DataError: When the file is no such table, too many rows are left out, or, unless accepted, columns
            are so unlike the founders' that they must mean something else.
    """
    kept = Kept(form)
    usage, filled = _through(form, path, allowed, kept)
    return Rows(
        kept.inputs.all,
        kept.targets.array,
        groups=kept.groups.array if form.group else None,
        times=kept.times.array if form.time else None,
        columns=Texts(kept.categories()),
        names=input_names(form),
        usage=usage,
        told=(*filled, *_compared(form, kept, accept)),
    )


def look_through(form: Form, path: Path, allowed: float) -> tuple[str, ...]:
    """Return sentences on a file by which a form was made: what becomes of its rows, what they give away."""
    first = telling.FirstRows(form)
    usage, filled = _through(form, path, allowed, first)
    return (*usage.told(), *filled, *telling.sentences(form, first))


def _through(form: Form, path: Path, allowed: float, kept: Kept) -> tuple[Usage, list[str]]:
    """What becomes of a file's rows, and a sentence on each column whose gaps something stands for."""
    source = Source(path, form.columns, "the task needs", form.read.encoding, form.read.separator)
    reader = _Reader(form, Path(path).name, kept)
    for piece in source.pieces(form.columns):
        reader.add(piece)
    usage = reader.tally.usage
    usage.require(path, allowed)
    if not usage.used:
        raise DataError("; ".join(usage.told()) if usage.rows else f"{path} has no rows")
    return usage, reader.filled()


class _Values:
    """What becomes of an input's or a target's cells, which stand in one column of the file or in two."""

    def __init__(self, column: Column | ClassesTarget | NumbersTarget, reading: Reading) -> None:
        self._column, self._sources = column, sources_of(column)
        self._cells = cells_of(column, reading)

    def read(self, piece: Piece) -> Floats:
        """Return a value of each row, float64 [rows]."""
        return made_of(self._column, [self._cells.read(piece.columns[name]) for name in self._sources])

    def texts(self, piece: Piece) -> Sequence[str]:
        """Return what stands in each row."""
        cells = [piece.columns[name] for name in self._sources]
        return cells[0] if len(cells) == 1 else [" and ".join(each) for each in zip(*cells, strict=True)]


class _Reader:
    """Takes in pieces: counts what becomes of their rows, and hands on those that can be used."""

    def __init__(self, form: Form, source: str, kept: Kept) -> None:
        self._form = form
        self._kept = kept
        self.tally = Tally("rows", source)
        self._values = {each.column: _Values(each, form.read) for each in (*form.inputs, *form.learned)}
        self._time = cells_of(form.time, form.read) if form.time else None
        self._group = Words()
        self._filled = {each.column for each in form.inputs if _fills(each)}
        self._expected = _expected(form)
        self._gaps = dict.fromkeys((each.column for each in form.inputs), 0)

    def add(self, piece: Piece) -> None:
        """Take in a piece."""
        rows, piece = len(piece.lines), self._meant(piece)
        values = {name: of.read(piece) for name, of in self._values.items()}
        beside = self._beside(piece)
        good = np.ones(len(piece.lines), bool)
        masked = self._masked(values)
        for name, column in (values | beside).items():
            fills = np.isnan(column) & (True if name in self._filled else masked.get(name, False))
            faults = np.where(fills, 0.0, column)
            label = name.removeprefix(BESIDE)
            texts = piece.columns[label] if name in beside else self._values[name].texts(piece)
            self.tally.judge(label, faults, texts, piece.lines, self._expected.get(label, ""))
            good &= np.isfinite(faults)
        places = np.flatnonzero(good)
        self.tally.count(rows, len(places), piece.broken)
        used = {name: column[places] for name, column in (values | beside).items()}
        for name in self._gaps:
            self._gaps[name] += int(np.isnan(used[name]).sum())
        if len(places):
            self._kept.add(used, piece, places)

    def _meant(self, piece: Piece) -> Piece:
        """The rows of a piece that are meant: without those whose outcome a form sets apart."""
        (target, *_) = self._form.learned
        if not (isinstance(target, ClassesTarget) and target.others == "apart"):
            return piece
        known = np.isfinite(self._values[target.column].read(piece))
        if known.all():
            return piece
        others = [piece.columns[target.column][place] for place in np.flatnonzero(~known)]
        self.tally.set_apart([_apart(target.column, text) for text in others])
        return piece.rows(np.flatnonzero(known))

    def _masked(self, values: Mapping[str, Floats]) -> dict[str, NDArray[np.bool_]]:
        """By target, of which rows it may be missing: of those that know another of several."""
        names = [each.column for each in self._form.learned]
        if len(names) == 1:
            return {}
        known = ~np.all([np.isnan(values[name]) for name in names], axis=0)
        return dict.fromkeys(names, known)

    def _beside(self, piece: Piece) -> dict[str, Floats]:
        # Such columns may be inputs too; a name of no column keeps both apart.
        found = {}
        if self._form.group:
            found[BESIDE + self._form.group] = self._group.read(piece.columns[self._form.group])
        if self._form.time is not None and self._time is not None:
            found[BESIDE + self._form.time.column] = self._time.read(piece.columns[self._form.time.column])
        return found

    def filled(self) -> list[str]:
        """Return a sentence on each column whose gaps something stands for."""
        by_name = {each.column: each for each in self._form.inputs}
        return [
            f"{name} is empty in {count} of the rows used; {_stands(by_name[name])}"
            for name, count in self._gaps.items()
            if count
        ]


def _apart(column: str, text: str) -> str:
    return f"without a {column}" if text in EMPTY else f"of {column} {quoted(text[:_LONGEST])}"


def _expected(form: Form) -> dict[str, str]:
    """By column, what a cell should be, where the form says more than its kind."""
    found = {
        each.column: f"one of {', '.join(map(repr, each.values))}"
        for each in form.learned
        if isinstance(each, ClassesTarget)
    }
    if form.read.decimal == ",":
        numbers = [
            each for each in (*form.inputs, *form.learned) if isinstance(each, NumberColumn | NumbersTarget)
        ]
        found |= {each.column: "a number with a comma before its fraction" for each in numbers}
    dates = {each.column: each.formats for each in form.inputs if isinstance(each, DateColumn)}
    if form.time is not None and form.time.formats is not None:
        dates[form.time.column] = form.time.formats
    found |= {name: f"a date as {' or '.join(formats)}" for name, formats in dates.items()}
    found |= {
        each.column: _made(each) for each in form.inputs if isinstance(each, RatioColumn | BetweenColumn)
    }
    return {name: text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for name, text in found.items()}


def _made(column: RatioColumn | BetweenColumn) -> str:
    bounds = [
        f"{word} {of:g}" for word, of in (("from", column.least), ("to", column.most)) if of is not None
    ]
    what = (
        f"{column.of} divided by {column.to}"
        if isinstance(column, RatioColumn)
        else f"{column.unit} between {column.since} and {column.until}"
    )
    return " ".join([what, *bounds])


def _compared(form: Form, kept: Kept, accept: bool) -> list[str]:
    """A sentence on each column that looks unlike the founders'."""
    told: list[str] = []
    grave: list[str] = []
    categories, first = kept.categories(), 0
    for column in form.inputs:
        if isinstance(column, CategoryColumn):
            empty = (*EMPTY, *form.read.missing)
            category = categories[column.column]
            found = unknown_values(column.column, category, tuple(column.values), column.rare, empty)
            (grave if found[0] else told).extend(found[1])
        elif len(values := _unlike(column, kept.inputs, first)):
            spread = Spread(mean=column.mean, scale=column.scale)
            grave += unlike(column.column, values, spread, of_days=isinstance(column, DateColumn))
        first += inputs_of(column)
    return insisted(grave, told, not accept)


def _unlike(column: ScaledColumn, inputs: GrowingInputs, place: int) -> Floats:
    """A column's values float64 [rows], without gaps, where they may be unlike the founders'; else none."""
    flag = place + 1 if column.flag else None
    filler = 0.0 if column.gap is None else (column.gap - column.mean) / column.scale
    if _is_alike(*inputs.spread(place, flag, float(np.float32(filler)))):
        return np.empty(0)
    values = inputs.of(place).astype(np.float64) * column.scale + column.mean
    return values if flag is None else values[inputs.of(flag) == 0]


def _is_alike(mean: float, spread: float) -> bool:
    """Whether a standardised input is far from being unlike, so that its values need not be read again."""
    return abs(mean) < 2 and 0.2 < spread < 5


def _fills(column: Column) -> bool:
    return column.flag or (not isinstance(column, CategoryColumn) and column.gap is not None)


def _stands(column: Column) -> str:
    if isinstance(column, CategoryColumn):
        return "an input of its own says so"
    value = column.mean if column.gap is None else column.gap
    named = date_of(value) if isinstance(column, DateColumn) else f"{value:g}"
    return f"{named} stands for it" + (", and an input of its own says so" if column.flag else "")
