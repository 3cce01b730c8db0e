"""Pictures that say they have more rows than they hold are refused, and those that only look so are not."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ml.data.pictures import read_grey
from ml.errors import DataError

SIDE, SAID = 33, 64
GREY = np.random.default_rng(0).integers(60, 255, (SIDE, SIDE), dtype=np.uint8)
GREY[0, 0] = 255


def as_kind(kind, grey=GREY):
    picture = Image.fromarray(grey)
    return Image.fromarray(grey.astype(np.uint16) * 257) if kind == "I;16" else picture.convert(kind)


def saved(picture, format_, **how):
    file = BytesIO()
    picture.save(file, format_, **how)
    return file.getvalue()


def chunk(name, content):
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def taller_png(kind):
    content = saved(as_kind(kind), "PNG")
    header = content[16:20] + SAID.to_bytes(4) + content[24:29]
    return content[:8] + chunk(b"IHDR", header) + content[33:]


def taller_jpeg(kind, **how):
    content = bytearray(saved(as_kind(kind), "JPEG", **how))
    start = content.find(b"\xff\xc2" if how.get("progressive") else b"\xff\xc0")
    content[start + 5 : start + 7] = SAID.to_bytes(2)
    return bytes(content)


def ended_jpeg():
    """Cut off in the middle, as downloads are, and given an end, as tools do that mend files."""
    content = saved(as_kind("L"), "JPEG")
    return content[: len(content) * 3 // 4] + b"\xff\xd9"


def taller_tiff(kind):
    content = saved(as_kind(kind), "TIFF")
    said, held = (struct.pack("<HHII", 257, 4, 1, rows) for rows in (SAID, SIDE))
    assert held in content
    return content.replace(held, said)


def read(tmp_path, content):
    (tmp_path / "picture").write_bytes(content)
    return next(read_grey([tmp_path / "picture"], SIDE))


SHORT = {
    **{f"png {kind}": taller_png(kind) for kind in ("L", "RGB", "RGBA", "LA", "P", "1", "I;16")},
    **{f"tiff {kind}": taller_tiff(kind) for kind in ("L", "RGB", "I;16")},
    **{f"jpeg {kind}": taller_jpeg(kind) for kind in ("L", "RGB", "CMYK")},
    "progressive": taller_jpeg("L", progressive=True),
    "in parts": taller_jpeg("L", restart_marker_rows=1),
    "ended": ended_jpeg(),
}


@pytest.mark.parametrize("content", SHORT.values(), ids=SHORT)
def test_a_picture_that_holds_fewer_rows_than_it_says_is_refused(tmp_path, content):
    with pytest.raises(
        DataError, match=r"picture says that it has \d+ rows and holds fewer; download it again"
    ):
        read(tmp_path, content)


@pytest.mark.parametrize("below", [0, 1, 127, 128])
@pytest.mark.parametrize(("kind", "format_"), [("L", "PNG"), ("RGB", "JPEG"), ("I;16", "TIFF"), ("1", "BMP")])
def test_a_picture_whose_lower_half_is_of_one_grey_is_read(tmp_path, kind, format_, below):
    grey = GREY.copy()
    grey[SIDE // 2 :] = below
    content = saved(as_kind(kind, grey), format_)
    with Image.open(BytesIO(content)) as plain:
        expected = np.asarray(plain.convert("L"))[-1] if kind != "I;16" else grey[-1]
    assert np.array_equal(read(tmp_path, content)[-1], expected)
