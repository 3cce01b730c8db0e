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


def tiff_of_jpegs(kind, rows=SIDE, **how):
    return saved(as_kind(kind), "TIFF", compression="jpeg", tiffinfo={278: rows}, **how)


def taller_tiff_of_jpegs(kind):
    """One strip, which holds fewer rows than it is said to: libtiff makes them black."""
    content = tiff_of_jpegs(kind)
    for tag in (257, 278):
        said, held = (struct.pack("<HHIHH", tag, 3, 1, rows, 0) for rows in (SAID, SIDE))
        assert held in content
        content = content.replace(held, said)
    return content


def ended_tiff_of_jpegs(rows):
    """Its last strip ends early; what follows is never read."""
    content = tiff_of_jpegs("L", rows)
    with Image.open(BytesIO(content)) as picture:
        offset, length = picture.tag_v2[273][-1], picture.tag_v2[279][-1]
    end = offset + length // 2
    return content[:end] + b"\xff\xd9" + bytes(offset + length - end - 2) + content[offset + length :]


def read(tmp_path, content):
    (tmp_path / "picture").write_bytes(content)
    return next(read_grey([tmp_path / "picture"], SIDE))


SHORT = {
    **{f"png {kind}": taller_png(kind) for kind in ("L", "RGB", "RGBA", "LA", "P", "1", "I;16")},
    **{f"tiff {kind}": taller_tiff(kind) for kind in ("L", "RGB", "I;16")},
    **{f"jpeg {kind}": taller_jpeg(kind) for kind in ("L", "RGB", "CMYK")},
    **{f"tiff of jpegs {kind}": taller_tiff_of_jpegs(kind) for kind in ("L", "RGB", "CMYK")},
    **{f"tiff of jpegs of {rows} rows, ended": ended_tiff_of_jpegs(rows) for rows in (8, SIDE)},
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


@pytest.mark.parametrize("rows", [8, SIDE])
@pytest.mark.parametrize("kind", ["L", "RGB", "CMYK"])
def test_a_tiff_of_jpegs_is_read_as_it_is(tmp_path, kind, rows):
    content = tiff_of_jpegs(kind, rows, quality=100)
    assert np.abs(read(tmp_path, content).astype(int) - GREY).max() < 12


@pytest.mark.parametrize("packed", ["group3", "group4", "tiff_ccitt", "tiff_raw_16"])
def test_a_tiff_for_fax_is_refused(tmp_path, packed):
    with pytest.raises(DataError, match=f"pixels are packed as {packed}, which is not read; save it as PNG"):
        read(tmp_path, saved(as_kind("1"), "TIFF", compression=packed))


def test_a_tiff_of_jpegs_of_another_kind_is_refused(tmp_path):
    with pytest.raises(DataError, match="JPEGs that cannot be read by themselves; save it as PNG"):
        read(tmp_path, tiff_of_jpegs("LA"))
