"""Lending Club's file from Kaggle, of any vintage or subset, read in pieces."""

import zlib
from collections import Counter
from pathlib import Path

import pandas as pd
from pandas.api.types import union_categoricals

from ml.data.columns import (
    Features,
    complete,
    decided,
    missing_by_column,
    require_columns,
    required,
    typed,
)
from ml.errors import DataError

_CHUNK_ROWS = (
    100_000  # The full file has 2.26 million rows of 151 columns; a piece of the used ones takes some 30 MB.
)


def read(path: Path, features: Features) -> pd.DataFrame:
    """Return the usable loans of a CSV or CSV.GZ file.

    Usable are loans paid or charged off that lack no value in a used column. Columns are as `typed` makes
    them.

    Raises:
        DataError: When the file is missing, not readable as CSV, cut off, lacks columns, or holds no usable
            loan.
    """
    try:
        return _read(path, features)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; give the path of Lending Club's CSV or CSV.GZ") from None
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path} is cut off or damaged ({error}); download it again") from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path} cannot be read as a CSV or CSV.GZ file ({error})") from error


def _read(path: Path, features: Features) -> pd.DataFrame:
    require_columns(pd.read_csv(path, nrows=0).columns, features, str(path))
    pieces = []
    missing: Counter[str] = Counter()
    rows = 0
    columns = list(required(features))
    with pd.read_csv(path, usecols=columns, chunksize=_CHUNK_ROWS, low_memory=False) as reader:
        for chunk in reader:
            piece = typed(decided(chunk), features)
            missing.update(missing_by_column(piece))
            rows += len(piece)
            pieces.append(complete(piece))
    if not sum(len(piece) for piece in pieces):
        raise DataError(_nothing_usable(path, rows, missing))
    return _joined(pieces)


def _nothing_usable(path: Path, rows: int, missing: Counter[str]) -> str:
    if not rows:
        return f"{path} has no loan with status 'Fully Paid' or 'Charged Off'"
    column, count = missing.most_common(1)[0]
    return f"each of the {rows} loans of {path} lacks a value in a used column, most often {column} ({count})"


def _joined(pieces: list[pd.DataFrame]) -> pd.DataFrame:
    # Concatenation alone would turn categories that differ between pieces into objects, some 60 bytes a cell.
    columns = {}
    for name in pieces[0].columns:
        parts = [piece[name] for piece in pieces]
        if isinstance(parts[0].dtype, pd.CategoricalDtype):
            columns[name] = pd.Series(union_categoricals(parts))
        else:
            columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns)
