"""Files that appear whole or not at all, that no planted link leads astray, as private as their folder."""

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

_PART = re.compile(r"\.[0-9a-f]{32}\.part")
_OWN = 0o700


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, which nobody else enters; one that is there stays.

    Raises:
        OSError: When it cannot be made.
    """
    if path.is_dir():
        return
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing or [path]):  # Something else with its name is what `mkdir` refuses.
        _make(folder)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=_OWN)
    except FileExistsError:
        if (
            not folder.is_dir()
        ):  # Else another process was faster: several clients of one store start at once.
            raise


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write what will be the file `path` from the end of the block on; nothing is left of a block that fails.

    Others may read it where they may read the folder: one that somebody shares is shared with what is in it.

    Raises:
        OSError: When it cannot be written.
    """
    part, descriptor = _new_part(path)
    with _or_nothing(part, path), os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
        os.replace(part, path)


@contextmanager
def creating(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write a file that nobody else makes meanwhile; nothing is left of a block that fails.

    Raises:
        FileExistsError: When something has its name.
        OSError: When it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with _or_nothing(path, path), os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that a person named: it holds all of `content` in the end, or what it held before.

    A link is followed, and what is no file, such as a pipe or /dev/stdout, is written to.

    Raises:
        OSError: When it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    with replacing(followed(path)) as file:
        file.write(data)


def followed(path: Path) -> Path:
    """Return where a path leads, which may be nothing yet: absolute, and without links.

    Raises:
        OSError: When links lead around in a ring, which pathlib tells in a way of each version.
    """
    found = Path(os.path.realpath(path))
    if found.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return found


def require_writable(path: Path) -> None:
    """Find out whether a file or folder, which may be missing with those above it, can be written.

    Raises:
        OSError: When it cannot, with what stands in the way.
    """
    path = followed(path)
    there = next(each for each in (path, *path.parents) if each.exists())
    if there != path and not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{there} is no folder", str(path))
    if not os.access(there, os.W_OK | os.X_OK if there.is_dir() else os.W_OK):
        raise PermissionError(errno.EACCES, f"this user may not write to {there}", str(path))


def require_creatable(path: Path) -> None:
    """Find out whether `creating` could make a file.

    Raises:
        OSError: When it could not, with what stands in the way.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {path.parent}", str(path))
    require_writable(path)


def remove_abandoned(folder: Path) -> None:
    """Remove what processes that were killed left of `replacing`; what is being written stays."""
    for part in folder.glob(".*.part") if folder.is_dir() else ():
        if _PART.fullmatch(part.name):
            _remove_abandoned(part)


def opened(path: Path, follow: bool = False) -> BinaryIO:
    """Open a plain file for reading; never waits, as opening a pipe would.

    Args:
        path: The file.
        follow: Whether it may be a link to one.

    Raises:
        FileNotFoundError: When there is none.
        OSError: When it is something else than a file, or cannot be read.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is no plain file")
    return os.fdopen(descriptor, "rb")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes out of the block that name the same lock file, which stays empty.

    Raises:
        OSError: When it is a link or cannot be made.
    """
    with _lock_file(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Refuse the block to whoever comes second and names the same lock file, which is gone in the end.

    Raises:
        BlockingIOError: When somebody is in.
        OSError: When it is a link or cannot be made.
    """
    with _lock_file(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(descriptor)):
            raise BlockingIOError(errno.EAGAIN, "somebody was in until now", str(path))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    """A descriptor of a lock file, which is made where there is none."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, _file_mode(path.parent))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _or_nothing(written: Path, told: Path) -> Iterator[None]:
    """Remove what was written by a block that fails; a full disk does not say which file it refused."""
    try:
        yield
    except BaseException as error:
        written.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(told)
        raise


def _new_part(path: Path) -> tuple[Path, int]:
    folder = path.parent
    while True:
        part = folder / f".{uuid4().hex}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(part, flags, _file_mode(folder))
        except OSError as error:
            error.filename = str(path)  # Nobody has heard of the part.
            raise
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if part.exists():  # Else somebody took it for abandoned before it was locked.
            return part, descriptor
        os.close(descriptor)


def _remove_abandoned(part: Path) -> None:
    try:
        with opened(part) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink(missing_ok=True)
    except OSError:
        return  # It is being written, or gone, or no file of ours.


def _file_mode(folder: Path) -> int:
    return 0o666 & folder.stat().st_mode
