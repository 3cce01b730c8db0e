"""Picture files as grey squares."""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.errors import DataError

_AT_ONCE = 256  # Files handed to the threads together, so that few results wait.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
"""What Pillow raises on files that are no pictures or broken ones."""


def read_grey(files: Sequence[Path], side: int) -> Iterator[NDArray[np.uint8]]:
    """Yield each picture as uint8 [side, side], in order; colours become grey, other shapes are squeezed.

    Raises:
        DataError: Naming the first file that cannot be read as a picture.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow leaves the interpreter free while it decodes.
        for start in range(0, len(files), _AT_ONCE):
            yield from pool.map(lambda file: _read(file, side), files[start : start + _AT_ONCE])


def resized(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return an image [height, width] as uint8 [side, side]; the same where it has that shape already."""
    if image.shape == (side, side):
        return image
    return _squeezed(Image.fromarray(image), side)


def _read(file: Path, side: int) -> NDArray[np.uint8]:
    try:
        with Image.open(file) as picture:
            return _squeezed(picture.convert("L"), side)
    except _DAMAGE as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{file} cannot be read as a picture ({reason}); download it again") from error


def _squeezed(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    if picture.size != (side, side):
        # With `reducing_gap` large pictures are first shrunk by whole factors: faster, and hardly different.
        picture = picture.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(picture, dtype=np.uint8)
