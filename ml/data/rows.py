"""Rows of inputs: an array, or images kept as bytes in a file from which batches are made when asked for."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Rows(Protocol):
    """Rows float32 [rows, *row]; a NumPy array is one, and `StoredImages` are.

    `rows[places]`, with a slice or int64 places, are those rows as an array.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of one."""
        ...

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def __getitem__(self, places: Any, /) -> NDArray[np.float32]:
        """The rows at `places`."""
        ...


class StoredImages:
    """Some of the images of a file, as rows float32 [rows, 1, side, side], each normalised by itself.

    Only the images that are asked for are read and become floats.

    Args:
        pixels: All images uint8 [images, side, side], such as a memory-mapped file.
        places: Which of them, int64 [rows].
    """

    def __init__(self, pixels: NDArray[np.uint8], places: NDArray[np.int64]) -> None:
        self.pixels = pixels
        self.places = places

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, one channel, the sides."""
        return (len(self.places), 1, *self.pixels.shape[1:])

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.places)

    def __getitem__(self, places: Any, /) -> NDArray[np.float32]:
        """The rows at `places`, a slice or integers."""
        return normalise(self.pixels[self.places[places]])[:, None]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All rows, in memory."""
        return self[:].astype(dtype or np.float32, copy=False)


def normalise(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images [n, side, side] as float32 with mean 0 and deviation 1 each; all zeros for a plain one.

    Instance normalisation (paper, section VI-A): an exposure's brightness and contrast say nothing.
    """
    values = images.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    deviation = np.sqrt(np.square(values).mean(axis=(1, 2), keepdims=True))
    # Grey levels are whole numbers: an image that is not plain deviates by far more.
    values /= np.maximum(deviation, 1e-3)
    return values


def head(rows: Rows, count: int) -> Rows:
    """Return the first `count` of `rows`, or all when there are fewer, without reading any."""
    if isinstance(rows, StoredImages):
        return StoredImages(rows.pixels, rows.places[:count])
    return rows[:count]


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all `parts`, in order; those of one file are not read."""
    stored = [part for part in parts if isinstance(part, StoredImages)]
    if len(stored) == len(parts) and all(part.pixels is stored[0].pixels for part in stored):
        return StoredImages(stored[0].pixels, np.concatenate([part.places for part in stored]))
    arrays: list[NDArray[np.float32]] = [np.asarray(part) for part in parts]
    return np.concatenate(arrays)
