"""Images of a file as rows, read when they are asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


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

    def taken(self, places: NDArray[np.int64]) -> "StoredImages":
        """Some of the rows, not read yet."""
        return StoredImages(self.pixels, self.places[places])


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
