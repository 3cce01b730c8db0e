"""Pictures of every kind of pixel: grey by value, or refused; and only formats on the list are opened."""

import os
import struct
import warnings
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION

from ml.data.pictures import MAX_SAMPLE_VALUE, read_grey
from ml.errors import DataError

SIDE = 24
GREY = np.add.outer(np.arange(SIDE) * 8, np.arange(SIDE) * 2).astype(np.uint8)
GREY[0, 0] = 255


def grey(path):
    return next(read_grey([path], SIDE))


def saved(tmp_path, picture, name="x.png", **how):
    picture.save(tmp_path / name, **how)
    return tmp_path / name


def wide(factor, dtype=np.uint16):
    return Image.fromarray((GREY.astype(np.float64) * factor).astype(dtype))


@pytest.mark.parametrize(
    ("picture", "name"),
    [
        (Image.fromarray(GREY), "x.png"),
        (wide(257), "x.png"),
        (wide(257), "x.tif"),
        (Image.frombytes("I;16B", (SIDE, SIDE), (GREY.astype(">u2") * 257).tobytes()), "x.tif"),
        (wide(257, np.int32), "x.tif"),
        (wide(1), "x.png"),
        (wide(1 / 255, np.float32), "x.tif"),
        (Image.merge("RGB", [Image.fromarray(GREY)] * 3), "x.png"),
        (Image.merge("RGBA", [Image.fromarray(GREY)] * 3 + [Image.new("L", (SIDE, SIDE), 255)]), "x.png"),
        (Image.merge("LA", [Image.fromarray(GREY), Image.new("L", (SIDE, SIDE), 255)]), "x.png"),
        (Image.fromarray(GREY).convert("P"), "x.png"),
        (Image.merge("RGB", [Image.fromarray(GREY)] * 3).convert("CMYK"), "x.tif"),
    ],
    ids=["L", "I;16", "I;16 tiff", "I;16B", "I", "8 bits in 16", "F", "RGB", "RGBA", "LA", "P", "CMYK"],
)
def test_every_kind_of_pixels_becomes_the_same_grey(tmp_path, picture, name):
    assert np.abs(grey(saved(tmp_path, picture, name)).astype(int) - GREY).max() <= 1


def test_twelve_bits_in_a_file_of_sixteen_fill_the_scale(tmp_path):
    found = grey(saved(tmp_path, wide(4095 / 255)))
    assert np.abs(found.astype(int) - GREY).max() <= 1


@pytest.mark.parametrize(("factor", "bits"), [(257, 16), (4095 / 255, 12)])
def test_a_dark_picture_stays_dark_beside_others_of_its_detector(tmp_path, factor, bits):
    dark = saved(tmp_path, wide(200 / 255), "dark.png")
    others = [saved(tmp_path, wide(factor), f"{n}.png") for n in range(3)]
    found = list(read_grey([dark, *others], SIDE))
    assert found[0].max() == round(200 / (2**bits - 1) * 255)
    assert all(np.abs(each.astype(int) - GREY).max() <= 1 for each in found[1:])


def declaring(tmp_path, picture, bits, name):
    """A file that says how many bits of 16 count."""
    if name.endswith(".tif"):
        return saved(tmp_path, picture, name, tiffinfo={MAX_SAMPLE_VALUE: 2**bits - 1})
    path = saved(tmp_path, picture, name)
    content, chunk = path.read_bytes(), b"sBIT" + bytes([bits])
    after = 8 + 8 + 13 + 4  # The signature, and the chunk IHDR.
    chunk = (1).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4)
    path.write_bytes(content[:after] + chunk + content[after:])
    return path


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_dark_picture_is_as_dark_as_its_file_declares(tmp_path, bits, name):
    dark = declaring(tmp_path, wide(200 / 255), bits, name)
    bright = saved(tmp_path, wide(257), "16.png")
    for files in ([dark], [dark, bright]):
        assert next(read_grey(files, SIDE)).max() == round(200 / (2**bits - 1) * 255)


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_a_dark_picture_that_does_not_tell_its_depth_is_refused(tmp_path, name):
    dark, plain = saved(tmp_path, wide(200 / 255), name), saved(tmp_path, Image.fromarray(GREY), "8.png")
    for files in ([dark], [dark, plain]):
        with pytest.raises(
            DataError, match=r"has room for 16 bits and grey levels up to 200 only: .* save it as 8 bits"
        ):
            next(read_grey(files, SIDE))
    beside = saved(tmp_path, wide(1), "8-in-16.png")  # It reaches white, as pictures of 8 bits do.
    assert next(read_grey([dark, beside], SIDE)).max() == 200


def test_what_is_white_at_0_is_turned_around_at_any_depth(tmp_path):
    files = [
        saved(tmp_path, picture, name, tiffinfo={PHOTOMETRIC_INTERPRETATION: 0})
        for picture, name in ((Image.fromarray(GREY), "8.tif"), (wide(257), "16.tif"))
    ]
    stored = list(read_grey(files, SIDE))
    # Pillow turns 8 bits around when it saves them too.
    assert np.array_equal(stored[0], GREY) and np.array_equal(stored[1], 255 - GREY)


def test_one_bit_is_black_and_white(tmp_path):
    found = grey(saved(tmp_path, Image.fromarray(GREY > 100)))
    assert np.array_equal(found, np.where(GREY > 100, 255, 0))


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (wide(1000, np.float32), "has fractions as grey levels, from 2000 to 255000; 0 to 1 are read"),
        (wide(np.nan, np.float32), "has fractions as grey levels"),
        (wide(-5, np.int32), "has grey levels from -1275 to -10; 0 to 65535 are read"),
        (wide(1000, np.int32), "has grey levels from 2000 to 255000"),
        (Image.merge("RGB", [Image.fromarray(GREY)] * 3).convert("LAB"), "has pixels of the kind LAB"),
    ],
)
def test_what_has_no_black_and_white_is_refused(tmp_path, picture, told):
    with pytest.raises(DataError, match=f"x.tif {told}"):
        grey(saved(tmp_path, picture, "x.tif"))


def test_several_pictures_in_a_file_are_refused(tmp_path):
    pages = dict(save_all=True, append_images=[Image.fromarray(GREY)])
    with pytest.raises(DataError, match="holds 2 pictures"):
        grey(saved(tmp_path, Image.fromarray(GREY), "x.tif", **pages))


@pytest.mark.parametrize("kind", ["GIF", "PPM", "EPS", "TGA", "PCX", "ICO", "WEBP", "PDF"])
def test_formats_that_are_not_on_the_list_are_not_opened(tmp_path, kind):
    picture = Image.merge("RGB", [Image.fromarray(GREY)] * 3)
    with pytest.raises(DataError, match="x.png is no picture of PNG, JPEG, TIFF, BMP; save it"):
        grey(saved(tmp_path, picture, format=kind))


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.tif"])
def test_a_picture_that_lies_on_its_side_is_turned(tmp_path, name):
    turned = Image.Exif()
    turned[0x0112] = 3  # Upside down.
    how = {"quality": 100} if name == "x.jpg" else {}
    found = grey(saved(tmp_path, Image.fromarray(GREY[::-1, ::-1].copy()), name, exif=turned, **how))
    assert np.abs(found.astype(int) - GREY).max() <= 2


def test_a_png_whose_checksum_does_not_hold_is_refused(tmp_path):
    path = saved(tmp_path, Image.fromarray(GREY))
    whole = bytearray(path.read_bytes())
    whole[60] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(DataError, match="cannot be read as a picture .broken PNG file"):
        grey(path)


def test_a_pipe_among_pictures_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(DataError, match="cannot be read as a picture .it is no plain file"):
        grey(tmp_path / "x.png")


def test_what_pillow_warns_of_is_no_line_of_its_code(tmp_path):
    path = saved(tmp_path, Image.fromarray(GREY), "x.tif")
    path.write_bytes(path.read_bytes()[:8])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(DataError, match="is no picture"):
            grey(path)
    assert not told


def _without(kind):
    """A PNG without its pixels, a TIFF whose second page has no width."""
    file, pages = BytesIO(), [Image.new("L", (8, 8))] if kind == "TIFF" else []
    Image.new("L", (8, 8)).save(file, kind, save_all=True, append_images=pages)
    content = file.getvalue()
    if kind == "TIFF":
        width = content.rindex(struct.pack("<HHI", 256, 4, 1))
        return content[:width] + struct.pack("<H", 1) + content[width + 2 :]
    start = content.index(b"IDAT") - 4
    return content[:start] + content[content.index(b"IEND") - 4 :]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_picture_that_lacks_a_part_is_damaged(tmp_path, kind):
    file = tmp_path / "picture"
    file.write_bytes(_without(kind))
    with pytest.raises(DataError, match="cannot be read as a picture .*download it again"):
        list(read_grey([file], 8))
