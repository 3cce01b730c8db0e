"""Picture files as grey squares."""

import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION, TiffImageFile

from ml.data.whole_pictures import load_whole
from ml.errors import DataError
from ml.messages import reason
from ml.private_files import opened

FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
"""What is opened. Pillow knows dozens more; one of them runs another program on the file."""

_LOOKED_AT = 64  # Files, at least, of many: how many bits a folder's levels have.
_AT_ONCE = 256  # Files handed to the threads together, so that few results wait.
_PILLOW = r"PIL\..*"
"""Its warnings are lines of its code, of what a sentence says here where it matters."""
_WHITE_AT_0 = "white at 0"
_DECLARED = "declared bits"
_UNTOLD = 0
_PNG = b"\x89PNG\r\n\x1a\n"
MAX_SAMPLE_VALUE = 281
"""TIFF's tag, which Pillow has no name for."""
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError),
    *(TypeError, LookupError, ArithmeticError),
)
"""What Pillow raises on files that are no pictures or broken ones; the last where it trusts what they say."""


def read_grey(files: Sequence[Path], side: int) -> Iterator[NDArray[np.uint8]]:
    """Yield each picture as uint8 [side, side], in order; colours become grey, other shapes are squeezed.

    Grey levels of files of 16 bits keep their place between black and white, white being that of as many bits
    as a file declares (PNG's sBIT, TIFF's MaxSampleValue), or else of the fewest of 8, 10, 12, 14 and 16 that
    hold the picture, and some that are looked at first: detectors of 12 bits write files of 16, and one dark
    picture does not tell of how many it is. Where none of those has more than 8, and none reaches their
    white, nothing tells; such are refused, as is what has no white, such as fractions outside 0 to 1.

    Raises:
        DataError: Naming the first file that cannot be read as a picture.
    """
    warnings.filterwarnings("ignore", module=_PILLOW)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow leaves the interpreter free while it decodes.
        bits = max(pool.map(_bits_of, files[:: max(1, len(files) // _LOOKED_AT)]), default=_UNTOLD)
        for start in range(0, len(files), _AT_ONCE):
            yield from pool.map(lambda file: _read(file, side, bits), files[start : start + _AT_ONCE])


def resized(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return an image [height, width] as uint8 [side, side]; the same where it has that shape already."""
    if image.shape == (side, side):
        return image
    return _squeezed(Image.fromarray(image), side)


def _bits_of(file: Path) -> int:
    """How many bits a file's levels have, as far as it tells by itself."""
    with _picture(file) as picture:
        if _LEVELS.get(picture.mode) is not _whole:
            return _UNTOLD
        levels = np.asarray(picture)
        depth = _depth(levels)
        tells = depth > _DEPTHS[0] or int(levels.max()) == _MOST_OF_8
        return picture.info[_DECLARED] or (depth if tells else _UNTOLD)


def _read(file: Path, side: int, bits: int) -> NDArray[np.uint8]:
    with _picture(file) as picture:
        return _squeezed(_grey(picture, bits), side)


@contextmanager
def _picture(file: Path) -> Iterator[Image.Image]:
    try:
        with opened(file, follow=True) as stream:
            _require_one(stream)
            significant = _significant_bits(stream)
            with Image.open(stream, formats=FORMATS) as picture:
                picture.info[_WHITE_AT_0] = _is_white_at_0(picture)  # A turned copy forgets the file's tags.
                picture.info[_DECLARED] = significant or _bits_to(_most_declared(picture))
                load_whole(picture, stream)
                yield ImageOps.exif_transpose(picture)
    except DataError as error:
        raise DataError(f"{file} {error}") from None
    except UnidentifiedImageError:
        raise DataError(f"{file} is no picture of {', '.join(FORMATS)}; save it as one of these") from None
    except _DAMAGE as error:
        raise DataError(f"{file} cannot be read as a picture ({reason(error)}); download it again") from error


def _require_one(stream: BinaryIO) -> None:
    """Refuse several pictures, and a PNG whose checksums fail, which Pillow decodes all the same."""
    with Image.open(stream, formats=FORMATS) as picture:
        count = getattr(picture, "n_frames", 1)
        if count > 1 and picture.format != "JPEG":
            raise DataError(f"holds {count} pictures; save each as a file of its own")
        if picture.format == "PNG":
            picture.verify()
    stream.seek(0)


def _grey(picture: Image.Image, bits: int) -> Image.Image:
    if picture.mode in _LEVELS:
        levels = _LEVELS[picture.mode](np.asarray(picture), picture.info[_DECLARED] or bits)
        # Pillow turns what is white at 0 around, but not in files of more than 8 bits.
        return Image.fromarray(255 - levels if picture.info[_WHITE_AT_0] else levels)
    if picture.mode not in _COLOURS:
        raise DataError(
            f"has pixels of the kind {picture.mode}, which are not read here; save it as grey PNG"
        )
    return picture.convert("RGB").convert("L") if picture.mode == "CMYK" else picture.convert("L")


_COLOURS = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr", "CMYK")
"""Kinds of pixels of at most 8 bits a channel, which Pillow turns grey by value."""

_DEPTHS = (8, 10, 12, 14, 16)
"""Bits of a grey level, as detectors have them."""

_MOST_OF_8 = 255


def _significant_bits(stream: BinaryIO) -> int:
    """What a PNG of grey levels declares in sBIT; 0 without. The stream stands at its beginning again."""
    found = 0
    if stream.read(len(_PNG)) == _PNG:
        while len(head := stream.read(8)) == 8 and head[4:] not in (b"IDAT", b"IEND"):
            length = int.from_bytes(head[:4])
            if head[4:] == b"sBIT" and length == 1:
                found = stream.read(1)[0]
                break
            stream.seek(length + 4, os.SEEK_CUR)
    stream.seek(0)
    return found if found in _DEPTHS else 0


def _most_declared(picture: Image.Image) -> int:
    """What a TIFF declares as its largest level; 0 without."""
    most = picture.tag_v2.get(MAX_SAMPLE_VALUE) if isinstance(picture, TiffImageFile) else None
    most = most[0] if isinstance(most, tuple) and most else most  # Pillow does not know how many there are.
    return most if isinstance(most, int) and 0 < most < 2 ** _DEPTHS[-1] else 0


def _bits_to(most: int) -> int:
    return next(bits for bits in (0, *_DEPTHS) if most < 2**bits)


def _is_white_at_0(picture: Image.Image) -> bool:
    return isinstance(picture, TiffImageFile) and picture.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0


def _depth(levels: NDArray[np.generic]) -> int:
    low, high = int(levels.min()), int(levels.max())
    if low < 0 or high >= 2 ** _DEPTHS[-1]:
        raise DataError(f"has grey levels from {low} to {high}; 0 to 65535 are read: save it as 8 or 16 bits")
    return next(bits for bits in _DEPTHS if high < 2**bits)


def _whole(levels: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    depth = _depth(levels)
    if bits == _UNTOLD and depth == _DEPTHS[0] and (most := int(levels.max())) < _MOST_OF_8:
        raise DataError(
            f"has room for 16 bits and grey levels up to {most} only: is it dark, or of 8 bits? save it as 8 "
            "bits, or with the bits that count (sBIT in PNG, MaxSampleValue in TIFF)"
        )
    bits = max(bits, depth)
    scaled: NDArray[np.uint8] = np.rint(levels.astype(np.float64) * (255 / (2**bits - 1))).astype(np.uint8)
    return scaled


def _real(levels: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    low, high = float(levels.min()), float(levels.max())
    if not (0 <= low and high <= 1):  # NaN included.
        raise DataError(
            f"has fractions as grey levels, from {low:g} to {high:g}; 0 to 1 are read: save it as 16 bits"
        )
    fractions: NDArray[np.uint8] = np.rint(levels.astype(np.float64) * 255).astype(np.uint8)
    return fractions


_LEVELS: Mapping[str, Callable[[NDArray[np.generic], int], NDArray[np.uint8]]] = {
    "I;16": _whole,
    "I;16L": _whole,
    "I;16B": _whole,
    "I;16N": _whole,
    "I": _whole,
    "F": _real,
}
"""By kind of pixels that Pillow would cut off at 255: what keeps their place between black and white."""


def _squeezed(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    if picture.size != (side, side):
        # With `reducing_gap` large pictures are first shrunk by whole factors: faster, and hardly different.
        picture = picture.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(picture, dtype=np.uint8)
