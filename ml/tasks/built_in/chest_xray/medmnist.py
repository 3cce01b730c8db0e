"""ChestX-ray14 as MedMNIST's `chestmnist.npz` (Yang et al., 2023): small images, no patients."""

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ml.data.image_cache import cached, fingerprint
from ml.data.pictures import resized
from ml.data.rows import Rows
from ml.data.splits import TEST_SHARE
from ml.data.stored_images import StoredImages
from ml.data.text.usage import first_of
from ml.errors import DataError
from ml.messages import reason
from ml.private_files import opened
from ml.tasks.built_in.chest_xray.nih import DEFAULT_ROWS, DISEASES, FINDINGS

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(KeyError, ValueError, TypeError, SyntaxError, NotImplementedError, RuntimeError, MemoryError),
    tokenize.TokenError,
)
"""What zipfile and NumPy raise on files that are no archives of arrays, or broken ones."""

_TRAINING, _TEST = ("train", "val"), "test"


def read(file: Path, rows: int | None, side: int, cache: Path | None) -> Rows:
    """Return `rows` images, none meaning 60,000 or all there are: 20 % the first of the file's test images.

    The others are the first of its training and validation images. The file names no patients, but its test
    images are of other patients than the rest: keeping to them is what keeps the two apart here.

    Raises:
        DataError: When the file is not MedMNIST's, or damaged.
    """
    try:
        return _read(file, rows, side, cache)
    except _DAMAGE as error:
        raise DataError(
            f"{file} is not MedMNIST's chestmnist.npz, or is damaged ({reason(error)})"
        ) from error


def _read(file: Path, rows: int | None, side: int, cache: Path | None) -> Rows:
    with opened(file, follow=True) as stream, np.load(stream, allow_pickle=False) as arrays:
        labels = {part: _labels(arrays[f"{part}_labels"], part) for part in (*_TRAINING, _TEST)}
    available = sum(map(len, labels.values()))
    if rows is not None and rows > available:
        raise DataError(f"{file} has {available} images, {rows} were asked for")
    counts = _counts(
        {part: len(values) for part, values in labels.items()}, min(rows or DEFAULT_ROWS, available)
    )
    kept = np.concatenate([labels[part][:count] for part, count in counts.items()])
    name = f"chestmnist-{side}-{fingerprint([file], file.parent, side, counts)}"
    pixels = cached(cache, name, len(kept), side, lambda: _images(file, counts, labels, side))
    test = np.repeat([part == _TEST for part in counts], list(counts.values()))
    columns = [FINDINGS.index(disease) for disease in DISEASES]
    inputs = StoredImages(pixels, np.arange(len(kept)))
    usage = first_of(available, len(kept), "images", file.name)
    return Rows(inputs, kept[:, columns].astype(np.float32), test=test, usage=usage)


def _labels(values: NDArray[np.uint8], part: str) -> NDArray[np.uint8]:
    shaped = values.ndim == 2 and values.shape[1] == len(FINDINGS) and values.dtype.kind in "biuf"
    if not shaped or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"{part}_labels are {values.dtype} {values.shape}, not (n, {len(FINDINGS)}) of 0 and 1"
        )
    return values


def _counts(available: Mapping[str, int], rows: int) -> dict[str, int]:
    tests = min(round(rows * TEST_SHARE), available[_TEST])
    counts = {}
    left = rows - tests
    for part in _TRAINING:
        counts[part] = min(left, available[part])
        left -= counts[part]
    return {**counts, _TEST: min(tests + left, available[_TEST])}


def _images(
    file: Path, counts: Mapping[str, int], labels: Mapping[str, NDArray[np.uint8]], side: int
) -> Iterator[NDArray[np.uint8]]:
    # Read one image at a time: in the largest edition they would not fit in memory together.
    with opened(file, follow=True) as whole, zipfile.ZipFile(whole) as archive:
        for part, count in counts.items():
            with archive.open(f"{part}_images.npy") as stream:
                height, width = _shape(cast("BinaryIO", stream), part, len(labels[part]))
                for _ in range(count):
                    image = np.frombuffer(stream.read(height * width), np.uint8)
                    yield resized(image.reshape(height, width), side)


def _shape(stream: BinaryIO, part: str, count: int) -> tuple[int, int]:
    version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
    if version != (1, 0):
        raise ValueError(f"{part}_images are of NumPy format {version}, not (1, 0)")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(  # type: ignore[no-untyped-call]
        stream
    )
    if len(shape) != 3 or shape[0] != count or dtype != np.uint8 or fortran or not all(shape[1:]):
        raise ValueError(
            f"{part}_images are {dtype} {shape}{' by columns' if fortran else ''}, not uint8 "
            f"({count}, height, width) by rows"
        )
    return shape[1], shape[2]
