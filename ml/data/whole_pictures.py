"""Picture files that hold fewer rows than they say, which decoders fill up without a word."""

from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from ml.errors import DataError

_LEFT, _OTHER = 1, 0
"""What stands where no pixel is written; few pictures end with the first."""
_UNSENT = (127, 128)
"""What libjpeg makes of what it lacks; in CMYK turned around."""
_MORE = b"".join(bytes(range(255)) + bytes((0xFF, 0xD0 + turn % 8)) for turn in range(16))
"""Some pixels to a JPEG that lacks them, with the marks between its parts; nothing to one that has all."""
_END_OF_JPEG = b"\xff\xd9"


def load_whole(picture: ImageFile, stream: BinaryIO) -> None:
    """Decode a picture that was opened from a stream.

    Raises:
        DataError: When the file has fewer rows than it says.
    """
    last = _last_decoded(picture, _LEFT)
    is_short = _is_short_jpeg if picture.format == "JPEG" else _is_short
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
