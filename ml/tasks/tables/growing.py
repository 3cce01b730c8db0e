"""Where the rows of a table gather while it is read, of which nobody knows yet how many there are."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data import stored_rows
from ml.data.stored_rows import RowsFile, StoredRows


class Growing:
    """An array to whose end rows are put; its memory grows in place.

    Args:
        width: Shape of a row.
        dtype: Of the rows.
    """

    def __init__(self, width: tuple[int, ...], dtype: Any) -> None:
        self._kept = np.empty((0, *width), dtype)
        self._length = 0

    def new(self, rows: int) -> NDArray[Any]:
        """Return that many rows more at the end, to be filled in."""
        end = self._length + rows
        if end > len(self._kept):
            self._kept.resize((max(end, len(self._kept) * 5 // 4), *self._kept.shape[1:]), refcheck=False)
        self._length = end
        added: NDArray[Any] = self._kept[end - rows : end]
        return added

    @property
    def nbytes(self) -> int:
        """Of all rows."""
        return self._kept[: self._length].nbytes

    @property
    def array(self) -> NDArray[Any]:
        """All rows."""
        self._kept.resize((self._length, *self._kept.shape[1:]), refcheck=False)
        return self._kept


class Numbered(dict[str, int]):
    """Texts, numbered in the order in which they are asked for first."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


class GrowingInputs:
    """Rows of inputs to whose end others are put: in memory while they are few, from then on in a file.

    Args:
        width: Inputs of a row.
    """

    def __init__(self, width: int) -> None:
        self._rows, self._sums = 0, np.zeros((2, width))  # Of values and of their squares, by input.
        self._few = Growing((width,), np.float32)
        self._file: RowsFile | None = None

    def add(self, rows: NDArray[np.float32]) -> None:
        """Put rows [rows, inputs] to the end.

        Raises:
            DataError: When they are many, and there is no place for a file.
        """
        self._rows += len(rows)
        self._sums += rows.sum(0, np.float64), np.einsum("ij,ij->j", rows, rows, dtype=np.float64)
        if self._file is None and self._few.nbytes + rows.nbytes > stored_rows.IN_MEMORY:
            self._file = RowsFile(rows.shape[1:], np.float32)
            self._file.add(self._few.array)
            self._few = Growing(rows.shape[1:], np.float32)
        if self._file is None:
            self._few.new(len(rows))[:] = rows
        else:
            self._file.add(rows)

    @cached_property
    def all(self) -> NDArray[np.float32] | StoredRows:
        """All rows, float32 [rows, inputs]; no more come."""
        return self._few.array if self._file is None else self._file.rows()

    def of(self, place: int) -> NDArray[np.float32]:
        """Return all rows' values of one input, float32 [rows]."""
        rows = self.all
        return (rows.arrays[0] if isinstance(rows, StoredRows) else rows)[:, place]

    def spread(self, place: int, flag: int | None = None, filler: float = 0.0) -> tuple[float, float]:
        """Return mean and standard deviation of one input, nearly.

        Args:
            place: Which.
            flag: Of the input that is 1 where the former was empty, which then does not count; None for none.
            filler: What stands there.
        """
        empty = 0.0 if flag is None else self._sums[0, flag]
        sums = self._sums[:, place] - empty * np.array([filler, filler**2])
        mean, square = sums / max(1.0, self._rows - empty)
        return float(mean), float(np.sqrt(max(0.0, square - mean**2)))
