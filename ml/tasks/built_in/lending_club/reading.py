"""Lending Club's file from Kaggle, of any vintage or subset, read in pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.scales import two_scales
from ml.data.table import Category, Table, joined, repeated
from ml.data.text.cells import UNREADABLE, Months, Numbers, Words, visible
from ml.data.text.records import Piece
from ml.data.text.source import Source
from ml.data.text.usage import Tally, Usage
from ml.errors import DataError
from ml.messages import quoted
from ml.settings import ALLOWED_MISSING
from ml.tasks.built_in.lending_club.columns import (
    CATEGORICAL,
    CREDIT_MONTHS,
    CREDIT_SINCE,
    ISSUED,
    LARGE_AMOUNTS,
    STATUS,
    Features,
    numerical,
    outcome,
    required,
    spelling,
)

_SHOWN = 60
Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Loans:
    """The usable loans of a file, and what became of all."""

    table: Table
    usage: Usage


def read(path: Path, features: Features, allowed: float = ALLOWED_MISSING) -> Loans:
    """Return the usable loans of a CSV file, plain or compressed, or of a Parquet file.

    Usable are loans paid or charged off that lack no value in a used column and have none that cannot be
    read.

    Args:
        path: The file.
        features: Which columns.
        allowed: Share of the decided loans that may be left out.

    Raises:
        DataError: When the file is missing, no table, cut off, lacks columns, holds no usable loan or too
            few, or has a column in several units.
    """
    source = Source(path, required(features), f"features '{features}' need")
    reader = _Reader(features, path.name)
    parts = [reader.usable(piece) for piece in source.pieces(required(features))]
    usage = reader.tally.usage
    if usage.rows == sum(usage.apart.values()):
        raise DataError(f"{path} has no loan with status 'Fully Paid' or 'Charged Off'{_why(usage)}")
    reader.require_one_unit(path)
    if source.separator not in (",", None):
        reader.require_one_reading(path)
    usage.require(path, allowed)
    if not usage.used:
        raise DataError("; ".join(usage.told()))
    table = joined(parts)
    _require_one_scale(path, table)
    return Loans(table, usage.model_copy(update={"repeated": repeated(table)}))


def _require_one_scale(path: Path, table: Table) -> None:
    for name, values in table.numbers.items():
        if found := two_scales(values):
            low, high = found
            raise DataError(
                f"{path} has {name} in two units, as it seems: up to {low:g} in some loans, from {high:g} in "
                "the others, and nothing between; write all in one unit"
            )


def _why(usage: Usage) -> str:
    return "".join(f"; {sentence}" for sentence in usage.told()[1:])


class _Reader:
    """Turns pieces of text into tables whose categories are numbered alike."""

    def __init__(self, features: Features, source: str) -> None:
        self.tally = Tally("loans", source)
        self._words = {name: Words(spelling(name)) for name in CATEGORICAL}
        self._cells = {name: Numbers() for name in numerical(features)}
        self._dates = {name: Months() for name in (ISSUED, CREDIT_SINCE)}

    def usable(self, piece: Piece) -> Table:
        """Return the usable loans of a piece."""
        outcomes = [outcome(status) for status in piece.columns[STATUS]]
        decided = [i for i, label in enumerate(outcomes) if label is not None]
        self.tally.set_apart(
            [
                _apart(status)
                for status, label in zip(piece.columns[STATUS], outcomes, strict=True)
                if label is None
            ]
        )
        columns = self._columns(piece, decided)
        good = np.flatnonzero(np.all([np.isfinite(values) for values in columns.values()], axis=0))
        self.tally.count(len(outcomes), len(good), piece.broken)
        labels = np.array([outcomes[i] for i in decided], np.float32)[good]
        return self._table({name: values[good] for name, values in columns.items()}, labels)

    def require_one_unit(self, path: Path) -> None:
        """Raise `DataError` when a column is in several currencies, or has days where months are read."""
        for name, cells in self._cells.items():
            if len(cells.currencies) > 1:
                several = " and ".join(sorted(cells.currencies))
                raise DataError(f"{path} has {name} in {several}; write all in one currency")
            if name in LARGE_AMOUNTS and cells.has_pointed_thousands:
                raise DataError(
                    f"{path} has points between the thousands of {name}, as it seems; write it without them"
                )
        for name, dates in self._dates.items():
            if dates.is_day_first:
                day, of_year = min(dates.slashed)
                raise DataError(
                    f"{path} has the day before the month in {name}, as it seems, such as "
                    f"{day:02}/{of_year:02}; write dates as yyyy-mm-dd"
                )

    def require_one_reading(self, path: Path) -> None:
        """Raise `DataError` when nothing in the file says whether commas stand before fractions."""
        unclear = [(name, cells.unclear) for name, cells in self._cells.items() if cells.unclear]
        if unclear and not any(cells.has_points for cells in self._cells.values()):
            name, text = unclear[0]
            raise DataError(
                f"{path} has {name} such as {quoted(text)}, which may be thousands or a fraction, and no "
                "number that tells which; write it without commas"
            )

    def _columns(self, piece: Piece, decided: Sequence[int]) -> Columns:
        lines = [piece.lines[i] for i in decided]
        columns: Columns = {}
        for name, cells in (self._words | self._cells | self._dates).items():
            texts = [piece.columns[name][i] for i in decided]
            columns[name] = cells.read(texts)
            if name == CREDIT_SINCE:
                columns[name][columns[ISSUED] < columns[name]] = UNREADABLE  # Younger than its loan.
            self.tally.judge(name, columns[name], texts, lines)
        return columns

    def _table(self, columns: Columns, labels: NDArray[np.float32]) -> Table:
        categories = {
            name: Category(columns[name].astype(np.int32), tuple(words.words))
            for name, words in self._words.items()
        }
        numbers = {name: columns[name] for name in self._cells}
        return Table(categories, numbers | {CREDIT_MONTHS: columns[ISSUED] - columns[CREDIT_SINCE]}, labels)


def _apart(status: str) -> str:
    status = visible(status)
    return f"of status {quoted(status[:_SHOWN])}" if status else "without a status"
