"""Rows of numbers that are more than memory should hold: in a file without a name, a few read at a time."""

import shutil
from collections.abc import Sequence
from itertools import accumulate
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.errors import DataError
from ml.home import cache_folder
from ml.private_files import make_folder

Array = NDArray[Any]

IN_MEMORY = 1 << 28
"""Bytes of rows up to which they are kept in memory."""

_LEFT_FREE = 1 << 28  # Bytes of the disk that stay for others.


class StoredRows:
    """Some of the rows of arrays, such as memory-mapped files, read when they are asked for; see `Stored`.

    Args:
        arrays: [rows, *row] each, of one type; rows are numbered through, one array after another.
        places: Which of them, int64 [rows]; none for all.
    """

    def __init__(self, arrays: Sequence[Array], places: NDArray[np.int64] | None = None) -> None:
        self.arrays = arrays
        self.places = np.arange(sum(map(len, arrays))) if places is None else places

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of one."""
        return (len(self.places), *self.arrays[0].shape[1:])

    @property
    def dtype(self) -> Any:
        """Of the rows."""
        return self.arrays[0].dtype

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.places)

    def __getitem__(self, places: Any, /) -> Array:
        """The rows at `places`, a slice or integers."""
        wanted = self.places[places]
        if len(self.arrays) == 1:
            some: Array = self.arrays[0][wanted]
            return some
        found = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        for first, array in zip(_firsts(self.arrays), self.arrays, strict=True):
            here = (wanted >= first) & (wanted < first + len(array))
            found[here] = array[wanted[here] - first]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """All rows, in memory."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be an array in another process, which the file does not reach."""
        return np.asarray, (self[:],)

    def taken(self, places: Any) -> "StoredRows":
        """Some of the rows, not read yet."""
        return StoredRows(self.arrays, self.places[places])

    @staticmethod
    def joined(parts: Sequence["StoredRows | Array"]) -> "StoredRows":
        """The rows of all `parts`, in order, not read yet."""
        stored = [part if isinstance(part, StoredRows) else StoredRows([part]) for part in parts]
        first = stored[0].arrays
        if all(part.arrays is first for part in stored):
            return StoredRows(first, np.concatenate([part.places for part in stored]))
        arrays = [array for part in stored for array in part.arrays]
        before = accumulate((sum(map(len, part.arrays)) for part in stored), initial=0)
        places = [part.places + count for part, count in zip(stored, before, strict=False)]
        return StoredRows(arrays, np.concatenate(places))


class RowsFile:
    """A file to whose end rows are written. It has no name, so it is gone with the process that reads it.

    Args:
        row: Shape of a row.
        dtype: Of the rows.

    Raises:
        DataError: When the user's cache folder cannot be used, or its disk has no room.
    """

    def __init__(self, row: tuple[int, ...], dtype: Any) -> None:
        self._row, self._dtype = row, np.dtype(dtype)
        self._folder, self._rows = cache_folder(), 0
        try:
            make_folder(self._folder)
            self._file = TemporaryFile(dir=self._folder)
        except OSError as error:
            raise self._unusable(error) from error

    def add(self, rows: Array) -> None:
        """Write rows [rows, *row] to the end.

        Raises:
            DataError: When the disk has no room, or fails.
        """
        # Not through a memory map: on a full disk that ends the process instead of raising an error.
        free = shutil.disk_usage(self._folder).free
        if free < rows.nbytes + _LEFT_FREE:
            raise DataError(
                f"the encoded rows have no room in {self._folder}: {self._told()} are written, "
                f"{free >> 20:,} MiB are free, and {_LEFT_FREE >> 20:,} stay so; make room, or say another "
                "folder in XDG_CACHE_HOME"
            )
        try:
            self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        except OSError as error:
            raise self._unusable(error) from error
        self._rows += len(rows)

    def rows(self) -> StoredRows:
        """Return what was written, and take no more.

        Raises:
            DataError: When the disk does not take them.
        """
        try:
            with self._file as file:
                file.flush()
                mapped = np.memmap(file, self._dtype, "r", shape=(self._rows, *self._row))
        except OSError as error:
            raise self._unusable(error) from error
        return StoredRows([np.asarray(mapped)])

    def _told(self) -> str:
        size = self._rows * self._dtype.itemsize * int(np.prod(self._row))
        return f"{self._rows:,} rows, {size >> 20:,} MiB"

    def _unusable(self, error: OSError) -> DataError:
        return DataError(
            f"the folder {self._folder} for encoded rows, of which {self._told()} are written, cannot be "
            f"used ({error.strerror or error}); say another in XDG_CACHE_HOME"
        )


def _firsts(arrays: Sequence[Array]) -> Sequence[int]:
    return list(accumulate((len(array) for array in arrays), initial=0))[:-1]
