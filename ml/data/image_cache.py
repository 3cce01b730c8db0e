"""Images as resized, kept in a file of their own so that they are read and resized once."""

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from ml.errors import DataError

_VERSION = "StakeFed images 1"


def fingerprint(files: Sequence[Path], root: Path, *details: object) -> str:
    """Return hex that names `files` by path under `root`, length and time of change, and `details`."""
    digest = sha256(json.dumps([_VERSION, *map(str, details)]).encode())
    for file in files:
        stat = file.stat()
        digest.update(f"{file.relative_to(root).as_posix()}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def cached(
    folder: Path | None, name: str, count: int, side: int, read: Callable[[], Iterator[NDArray[np.uint8]]]
) -> NDArray[np.uint8]:
    """Return uint8 [count, side, side], memory-mapped from the file `name` of a cache folder.

    When it is not there, `read` gives the images [side, side] one after another. They are written beside and
    moved into place once complete: what an interrupted process leaves is overwritten by the next. Processes
    that want the same file wait for the one that makes it.

    Args:
        folder: None for `stakefed` in the user's cache folder: $XDG_CACHE_HOME, or ~/.cache.
        name: The file's, without an ending; it stands for the images' content.
        count: Number of images.
        side: Of an image, pixels.
        read: Starts reading from the first image.

    Raises:
        DataError: When the folder cannot be written, or whatever `read` raises.
    """
    where = folder or default_folder()
    path = where / f"{name}.npy"
    try:
        where.mkdir(parents=True, exist_ok=True)
        with _alone(where / f"{name}.lock"):
            if not _is_good(path, (count, side, side)):
                _write(path, count, side, read)
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"the folder {where} for resized images cannot be used ({reason}); choose another with the "
            "setting cache"
        ) from error
    return images


def default_folder() -> Path:
    """Return the folder for resized images when none is given."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "stakefed"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_good(path: Path, shape: tuple[int, ...]) -> bool:
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return False
    return bool(images.shape == shape and images.dtype == np.uint8)


def _shown(images: Iterator[NDArray[np.uint8]], count: int) -> Iterable[NDArray[np.uint8]]:
    # Tens of thousands of X-rays take minutes.
    console = Console(stderr=True)
    return track(images, "resizing images", count, console=console, disable=not console.is_terminal)


def _write(path: Path, count: int, side: int, read: Callable[[], Iterator[NDArray[np.uint8]]]) -> None:
    unfinished = path.with_suffix(".part")
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, side, side)}
    # Not through a memory map: on a full disk that ends the process instead of raising an error.
    with unfinished.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
        for image in _shown(read(), count):
            file.write(image.tobytes())
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
