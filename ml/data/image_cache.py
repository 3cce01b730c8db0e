"""Images as resized, kept in a file of their own so that they are read and resized once."""

import io
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from ml.errors import DataError
from ml.home import cache_folder
from ml.messages import reason
from ml.private_files import locked, make_folder, opened, remove_abandoned, replacing

_VERSION = "StakeFed images 3"  # Another number when the same file becomes other pixels.


def fingerprint(files: Sequence[Path], root: Path, *details: object) -> str:
    """Return hex that names `files` by path under `root`, length and time of change, and `details`.

    Raises:
        DataError: Naming the first that is not there, such as a link to nothing.
    """
    digest = sha256(json.dumps([_VERSION, *map(str, details)]).encode())
    for file in files:
        try:
            stat = file.stat()
        except OSError as error:
            raise DataError(f"{file} cannot be read ({reason(error)}); download it again") from error
        digest.update(f"{file.relative_to(root).as_posix()}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def cached(
    folder: Path | None, name: str, count: int, side: int, read: Callable[[], Iterator[NDArray[np.uint8]]]
) -> NDArray[np.uint8]:
    """Return uint8 [count, side, side], memory-mapped from the file `name` of a cache folder.

    When it is not there, `read` gives the images [side, side] one after another. They are written beside and
    moved into place once complete: what an interrupted process leaves is removed by the next. Processes that
    want the same file wait for the one that makes it. A folder that is made here is its owner's alone.

    Args:
        folder: None for `stakefed` in the user's cache folder: $XDG_CACHE_HOME, or ~/.cache.
        name: The file's, without an ending; it stands for the images' content.
        count: Number of images.
        side: Of an image, pixels.
        read: Starts reading from the first image.

    Raises:
        DataError: When the folder cannot be written, or whatever `read` raises.
    """
    where = folder or cache_folder()
    path = where / f"{name}.npy"
    try:
        make_folder(where)
        with locked(where / f"{name}.lock"):
            if not _is_good(path, (count, side, side)):
                remove_abandoned(where)
                _write(path, count, side, read)
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"the folder {where} for resized images cannot be used ({reason}); choose another with the "
            "setting cache"
        ) from error
    return images


def _is_good(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether the file begins as `_write` begins one of that shape, byte by byte, and is as long."""
    header = _header(shape)
    try:
        with opened(path) as file:
            return file.read(len(header)) == header and _size(file) == len(header) + math.prod(shape)
    except FileNotFoundError:
        return False


def _header(shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, about)  # type: ignore[no-untyped-call]
    return header.getvalue()


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _shown(images: Iterator[NDArray[np.uint8]], count: int) -> Iterable[NDArray[np.uint8]]:
    # Tens of thousands of X-rays take minutes.
    console = Console(stderr=True)
    return track(images, "resizing images", count, console=console, disable=not console.is_terminal)


def _write(path: Path, count: int, side: int, read: Callable[[], Iterator[NDArray[np.uint8]]]) -> None:
    # Not through a memory map: on a full disk that ends the process instead of raising an error.
    with replacing(path) as file:
        file.write(_header((count, side, side)))
        for image in _shown(read(), count):
            file.write(image.tobytes())
