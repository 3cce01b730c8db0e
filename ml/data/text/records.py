"""A table's records in pieces that fit in memory, each as columns of text."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.data.text.cells import composed, visible
from ml.data.text.dialect import Dialect
from ml.data.text.opening import no_table, opened
from ml.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader as _Reader

_LONGEST = 1 << 20  # Letters of a line; what has more is no table.
_PIECE = 1 << 20  # Cells, some 100 MB as Python's text, of which those of used columns stay.


@dataclass(frozen=True)
class Piece:
    """Some of a table's records.

    Attributes:
        columns: By wanted name, its cells, stripped.
        lines: Of each record, the line of the file on which it ends, from 1.
        broken: Lines that are no records, having more or fewer cells than the header, or being it once more,
            as where files were joined: number, and how it begins.
    """

    columns: dict[str, Sequence[str]]
    lines: Sequence[int]
    broken: Sequence[tuple[int, str]]

    def rows(self, places: NDArray[np.int64]) -> "Piece":
        """Return the records at `places`, and the broken lines."""
        columns: dict[str, Sequence[str]] = {
            name: [cells[place] for place in places] for name, cells in self.columns.items()
        }
        return Piece(columns, [self.lines[place] for place in places], self.broken)


@dataclass
class _Batch:
    records: list[Sequence[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)


def records_of(columns: int) -> int:
    """Return how many records a piece has of a table of so many columns, one at least."""
    return max(1, _PIECE // max(1, columns))


def pieces(path: Path, dialect: Dialect, names: Sequence[str]) -> Iterator[Piece]:
    """Yield the records of a file, of the columns `names` only.

    Bytes that are no text in the file's encoding become lone surrogates in their own cell and harm no other.

    Raises:
        DataError: When the file is cut off or damaged, or a quote in it is never closed.
    """
    with _reader(path, dialect) as reader:
        for _ in range(dialect.before + 1):
            next(reader, None)
        while batch := _batch(reader, dialect.header, path):
            yield _piece(batch, dialect, names)


@contextmanager
def _reader(path: Path, dialect: Dialect) -> Iterator["_Reader"]:
    with opened(path) as stream:
        try:
            text = io.TextIOWrapper(stream, dialect.encoding, "surrogateescape", newline="")
            yield csv.reader(_lines(text, path), delimiter=dialect.separator, skipinitialspace=True)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path} is cut off or is not in {dialect.encoding} ({error.reason}); save it as UTF-8"
            ) from error


def _lines(text: io.TextIOWrapper, path: Path) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: text.readline(_LONGEST), ""), 1):
        if len(line) == _LONGEST:
            raise no_table(path, f"line {number} has more than {_LONGEST} letters")
        yield composed(line)


def _batch(reader: "_Reader", header: Sequence[str], path: Path) -> _Batch | None:
    # Cells beyond the last name are nothing's where the header has them too, and no shifted columns.
    batch, width = _Batch(), len(header)
    named = max((place for place, name in enumerate(header, start=1) if name), default=width)
    start_line = before = reader.line_num
    try:
        for record in islice(reader, records_of(width)):
            if len(record) >= named and not any(record[width:]) and not _is_header(record, header, named - 1):
                batch.records.append(record)
                batch.lines.append(reader.line_num)
            elif record:
                # A quote that is never closed swallows lines: each of them counts.
                start = record[0][:40]
                batch.broken += [(line, start) for line in range(before + 1, reader.line_num + 1)]
            before = reader.line_num
    except csv.Error as error:
        raise no_table(path, f"line {before + 1} ({error}); is a quote left open?") from error
    return batch if reader.line_num > start_line else None


def _is_header(record: Sequence[str], header: Sequence[str], place: int) -> bool:
    # The cell at one place tells of nearly all records that they are none.
    return visible(record[place]) == header[place] and tuple(map(visible, record[: len(header)])) == header


def _piece(batch: _Batch, dialect: Dialect, names: Sequence[str]) -> Piece:
    columns: dict[str, Sequence[str]] = {}
    for name in names:
        columns[name] = list(map(str.strip, map(itemgetter(dialect.places[name]), batch.records)))
    return Piece(columns, batch.lines, batch.broken)
