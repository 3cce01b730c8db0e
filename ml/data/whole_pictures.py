"""Picture files that hold fewer rows than they say, which decoders fill up without a word."""

from collections.abc import Iterator
from io import BytesIO
from math import ceil
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import (
    JPEGTABLES,
    ROWSPERSTRIP,
    STRIPBYTECOUNTS,
    STRIPOFFSETS,
    TILEBYTECOUNTS,
    TILELENGTH,
    TILEOFFSETS,
    TiffImageFile,
)

from ml.errors import DataError

_LEFT, _OTHER = 1, 0
"""What stands where no pixel is written; few pictures end with the first."""
_UNSENT = (127, 128)
"""What libjpeg makes of what it lacks; in CMYK turned around."""
_MORE = b"".join(bytes(range(255)) + bytes((0xFF, 0xD0 + turn % 8)) for turn in range(16))
"""Some pixels to a JPEG that lacks them, with the marks between its parts; nothing to one that has all."""
_END_OF_JPEG = b"\xff\xd9"
_MARK_BYTES = 2
_JPEG = "jpeg"
COMPRESSIONS = ("raw", _JPEG, "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "lzma", "zstd")
"""Of a TIFF; others are for fax and colour, or fill up what a file lacks where nobody sees it."""


def load_whole(picture: ImageFile, stream: BinaryIO) -> None:
    """Decode a picture that was opened from a stream.

    Raises:
        DataError: When the file has fewer rows than it says, or nobody could tell.
    """
    is_tiff = isinstance(picture, TiffImageFile)
    packed = picture.info.get("compression") if is_tiff else None
    if is_tiff and packed not in COMPRESSIONS:
        raise DataError(f"is a TIFF whose pixels are packed as {packed}, which is not read; save it as PNG")
    last = _last_decoded(picture, _LEFT)
    is_short = _is_short_jpeg if picture.format == "JPEG" else _is_short
    if packed == _JPEG:
        is_short = _is_short_tiff_of_jpegs
    if is_short(picture, last, stream):
        raise DataError(f"says that it has {picture.height} rows and holds fewer; download it again")


def _last_decoded(picture: ImageFile, left: int) -> Any:
    picture.im = Image.new(picture.mode, picture.size, left).im
    picture.load()
    return picture.getpixel((picture.width - 1, picture.height - 1))


def _is_short(picture: ImageFile, last: Any, stream: BinaryIO) -> bool:
    if last != Image.new(picture.mode, (1, 1), _LEFT).getpixel((0, 0)):
        return False
    stream.seek(0)
    with Image.open(stream, formats=(picture.format or "",)) as again:
        return bool(_last_decoded(again, _OTHER) != last)


def _is_short_jpeg(picture: ImageFile, last: Any, stream: BinaryIO) -> bool:
    if not np.isin(last, _UNSENT).all():
        return False
    stream.seek(0)
    pixels, end, rest = stream.read().rpartition(_END_OF_JPEG)
    with Image.open(BytesIO(pixels + _MORE + end + rest), formats=("JPEG",)) as longer:
        return not np.array_equal(np.asarray(picture), np.asarray(longer))


def _is_short_tiff_of_jpegs(picture: ImageFile, last: Any, stream: BinaryIO) -> bool:
    try:
        return any(_is_short_part(rows, content) for rows, content in _jpegs(picture, stream))
    except UnidentifiedImageError:
        raise DataError("is a TIFF of JPEGs that cannot be read by themselves; save it as PNG") from None


def _is_short_part(rows: int, content: bytes) -> bool:
    file = BytesIO(content)
    with Image.open(file, formats=("JPEG",)) as part:
        return part.height < rows or _is_short_jpeg(part, _last_decoded(part, _LEFT), file)


def _jpegs(picture: ImageFile, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Of a TIFF's strips or tiles, the rows that each has to hold, and itself with the tables of all."""
    tags = picture.tag_v2  # type: ignore[attr-defined]
    tables = tags.get(JPEGTABLES, _END_OF_JPEG)[:-_MARK_BYTES]
    if TILEOFFSETS in tags:
        places, each = zip(tags[TILEOFFSETS], tags[TILEBYTECOUNTS], strict=True), tags[TILELENGTH]
        in_a_column = 1
    else:
        places = zip(tags[STRIPOFFSETS], tags[STRIPBYTECOUNTS], strict=True)
        each = min(tags.get(ROWSPERSTRIP, picture.height), picture.height)
        in_a_column = ceil(picture.height / each)
    for number, (offset, length) in enumerate(places):
        stream.seek(offset)
        content = stream.read(length)
        rows = min(each, picture.height - number % in_a_column * each)
        yield rows, tables + content[_MARK_BYTES:] if tables else content
