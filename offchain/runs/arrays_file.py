"""NumPy's .npz, written as `numpy.savez` does, and read without believing what it says of its own size."""

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ml.messages import reason

_ENDING = ".npy"
_ENCRYPTED = 1
_UNPARSED = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(SyntaxError, TokenError, MemoryError, RecursionError),
)
"""What NumPy raises of a header, which it parses as Python."""


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name; no more memory is taken than the file has bytes.

    Raises:
        OSError: When the file cannot be read.
        ValueError: When it is none that `numpy.savez` wrote, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {_name(member): _read(archive, member) for member in archive.infolist()}
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(str(error) or "it is cut off") from error


def write_arrays(file: BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name; where the disk is full, `numpy.savez` lets go of its archive in a second error.

    Raises:
        OSError: When the file cannot be written.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(name + _ENDING, "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)  # type: ignore[no-untyped-call]


def _name(member: zipfile.ZipInfo) -> str:
    if not member.filename.endswith(_ENDING):
        raise ValueError(f"it holds {member.filename!r}, which is no array")
    return member.filename.removesuffix(_ENDING)


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    plain = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & _ENCRYPTED
    if not plain or member.file_size != member.compress_size:
        raise ValueError(f"{member.filename!r} is packed or encrypted")
    with archive.open(member) as file:
        shape, dtype = _header(file, member.filename)
        if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
            raise ValueError(f"{member.filename!r} has not the bytes of {dtype} of shape {shape}")
        # A copy, which can be written.
        return np.frombuffer(file.read(), dtype).reshape(shape).copy()


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        if npy.read_magic(file) != (1, 0):  # type: ignore[no-untyped-call]
            raise ValueError("its version is not 1.0")
        shape, by_columns, dtype = npy.read_array_header_1_0(file)  # type: ignore[no-untyped-call]
    except _UNPARSED as error:
        raise ValueError(f"{name!r} is no array: {reason(error)}") from error
    if by_columns or dtype.kind not in "iuf" or any(length < 0 for length in shape):
        raise ValueError(f"{name!r} is {dtype} of shape {shape}, expected numbers, row by row")
    return shape, dtype
