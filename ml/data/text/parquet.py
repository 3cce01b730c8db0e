"""Parquet files as pieces of text: every value is written as a CSV file would write it, then read as such."""

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml.data.text.cells import composed
from ml.data.text.dates import Moment
from ml.data.text.opening import PARQUET, most_in, require_file
from ml.data.text.records import Piece, records_of
from ml.errors import DataError
from ml.home import at_home
from ml.messages import cleaned, reason


def is_parquet(path: Path) -> bool:
    """Return whether a file's first bytes say that it is one.

    Raises:
        DataError: When the file cannot be read.
    """
    require_file(path)
    try:
        with path.open("rb") as file:
            return file.read(len(PARQUET)) == PARQUET
    except OSError as error:
        raise DataError(f"{path} cannot be read ({reason(error)})") from error


def header(path: Path) -> tuple[str, ...]:
    """Return the names of a file's columns.

    Raises:
        DataError: When it is cut off or damaged, or no Parquet file.
    """
    return tuple(_opened(path).schema_arrow.names)


def nested(path: Path) -> dict[str, str]:
    """Return by name the kinds of those columns of a file that have no one value a row.

    Raises:
        DataError: When it is cut off or damaged, or no Parquet file.
    """
    from pyarrow import types

    return {
        field.name: str(field.type) for field in _opened(path).schema_arrow if types.is_nested(field.type)
    }


def parquet_pieces(path: Path, names: Sequence[str]) -> Iterator[Piece]:
    """Yield the rows of a file in pieces, of the columns `names` only; lines are rows, from 1.

    Raises:
        DataError: When it is damaged, or a column holds lists or the like.
    """
    file, first = _opened(path), 1
    if file.metadata.num_rows * len(names) > most_in(path):
        size = path.stat().st_size
        raise DataError(
            f"{path} tells of {file.metadata.num_rows} rows in {size} bytes, as no table does; if it is one, "
            "save it as CSV"
        )
    try:
        for batch in file.iter_batches(records_of(len(names)), columns=list(names)):
            columns: dict[str, Sequence[str]] = {
                name: _texts(batch.column(name), name, path) for name in names
            }
            lines = range(first, first + batch.num_rows)
            first += batch.num_rows
            yield Piece(columns, lines, [])
    except OSError as error:  # pyarrow's errors are of this kind, or of ValueError's.
        raise _damaged(path, error) from error


def _opened(path: Path) -> Any:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(at_home(path), memory_map=True)  # type: ignore[no-untyped-call]
    except (OSError, ArrowException) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    first = str(error).split("\n")[0]
    return DataError(f"{path} cannot be read as a Parquet file: {cleaned(first)}; is it cut off or damaged?")


def _texts(column: Any, name: str, path: Path) -> Sequence[str]:
    try:
        return [canonical(value) for value in column.to_pylist()]
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"column {name} of {path} cannot be written as text: {error}") from error


def canonical(value: object) -> str:
    """Return a value as text: nothing, true or false, 36, 0.1, 2011-12-05, 2011-12-05T13:00:00.

    Midnight is written as the day: where dates have no type of their own, as in pandas, they are kept so.
    What lasts is written in seconds.

    >>> [canonical(value) for value in (None, True, 36, 36.0, 0.1, b"a", datetime.date(2011, 12, 5))]
    ['', 'true', '36', '36', '0.1', 'a', '2011-12-05']
    >>> canonical(datetime.datetime(2011, 12, 5)), canonical(datetime.datetime(2011, 12, 5, 13))
    ('2011-12-05', '2011-12-05T13:00:00')
    >>> canonical(datetime.timedelta(minutes=1.5))
    '90'

    Raises:
        TypeError: When it is no single value, such as a list.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, bytes):
        return composed(value.decode("utf-8", "surrogateescape").strip())
    if isinstance(value, datetime.datetime):
        return Moment(_moment(value))
    if isinstance(value, datetime.date):
        return Moment(value.isoformat())
    if isinstance(value, datetime.timedelta):
        return _number(value.total_seconds())
    if isinstance(value, int | str | Decimal | datetime.time):
        return composed(str(value).strip())
    raise TypeError(f"it holds {type(value).__name__}; keep columns of one value a row")


def _moment(value: datetime.datetime) -> str:
    if value.tzinfo is None and value.time() == datetime.time():
        return value.date().isoformat()
    return datetime.datetime.isoformat(value)  # Of pandas' kind too, which would write nanoseconds.


def _number(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
