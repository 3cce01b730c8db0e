"""A table's file as a stream of plain bytes, however it was packed; what is none gets a sentence."""

import bz2
import codecs
import gzip
import io
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from typing_extensions import Buffer

from ml.data.text.streams import unpacked_streams
from ml.data.unfinished import WHAT_TO_DO, is_unfinished
from ml.errors import DataError
from ml.home import at_home
from ml.messages import quoted, reason

PARQUET = b"PAR1"
"""What a Parquet file begins with."""

_BEGINNING = 512
_OPENERS: Mapping[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "gz": lambda stream: cast("IO[bytes]", gzip.open(stream)),
    "bz2": lambda stream: unpacked_streams(stream, bz2.BZ2Decompressor),
    "xz": lambda stream: unpacked_streams(stream, lzma.LZMADecompressor),
}
_PACKED = {
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00\x00": "xz",  # LZMA as it was before XZ.
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
"""What is unpacked here, by its first bytes."""

_FOREIGN: Mapping[bytes, str] = {
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard, which is not read here: unpack it with unzstd",
    b"\x04\x22\x4d\x18": "compressed by LZ4, which is not read here: unpack it with unlz4",
    b"\x1f\x9d": "compressed by the old compress: unpack it with uncompress",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it and give the table in it",
    b"Rar!": "a RAR archive: unpack it and give the table in it",
    b"PK\x03\x04": "a zip archive in another: unpack it and give the table in it",
    PARQUET: "a Parquet file: save it as CSV",
    b"ORC": "an ORC file: save it as CSV",
    b"ARROW1": "a Feather file: save it as CSV",
    b"\x89HDF": "an HDF5 file: save the table in it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV",
    b"$FL2": "an SPSS file: save it as CSV",
    b"$FL3": "an SPSS file: save it as CSV",
    b"<stata_dta>": "a Stata file: export it as CSV",
    b"\0" * 12 + b"\xc2\xea\x81\x60": "a SAS data set: export it as CSV",
    b"HEADER RECORD*******": "a SAS transport file: export it as CSV",
    b"RDX2\n": "a file of R's: write the table with write.csv",
    b"RDX3\n": "a file of R's: write the table with write.csv",
    b"X\n\0\0\0": "a file of R's: write the table with write.csv",
    b"Obj\x01": "an Avro file: save it as CSV",
    b"SQLite format 3": "an SQLite database: export the table as CSV",
    b"%PDF": "a PDF document, no table",
    b"\x93NUMPY": "a NumPy array: save it as CSV",
    b"\x80\x04": "a Python pickle, which could run anything: save the table as CSV",
    b"\x80\x05": "a Python pickle, which could run anything: save the table as CSV",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself: fetch it with git lfs pull",
    b"\x89PNG": "a picture, no table",
    b"\xff\xd8\xff": "a picture, no table",
    b"GIF8": "a picture, no table",
    b'{"': "a JSON document: save it as CSV",
    b'[{"': "a JSON document: save it as CSV",
    b"{\\rtf": "a text document: save the table in it as CSV",
    b"<!doctype html": "a web page, no table: download the file itself",
    b"<html": "a web page, no table: download the file itself",
    b"<?xml": "an XML document, no table: save it as CSV",
}
"""What is told by its first bytes, in lower case where they are letters, and what to do about it."""

_MOST_TIMES = 100
"""What packed tables come to, at most: ten to forty times is usual, a thousand where rows repeat for ever."""

_ALWAYS = 2**28
"""Bytes that are read, however little they are packed to: a minute's work."""

_PROMISES = {
    ".gz": "gz", ".gzip": "gz", ".bz2": "bz2", ".xz": "xz", ".lzma": "xz", ".zip": "zip", ".zst": "zst"
}  # fmt: skip
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)
_TAR, _TAR_AT = b"ustar", 257


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Give the bytes of the table that a file holds: plain, in GZ, BZ2 or XZ, or alone in a ZIP.

    What a file is, its first bytes say; its name only counts where it promises a compression that is not
    there, which is the sign of a download gone wrong.

    Raises:
        DataError: When it is missing, no regular file, packed otherwise, no text, or cut off or damaged,
            here or while it is read.
    """
    path = at_home(path)
    require_file(path)
    try:
        with ExitStack() as stack:
            yield stack.enter_context(_unpacked(path))
    except NotImplementedError as error:
        raise no_table(
            path,
            f"it is packed by a method that is not read here ({reason(error)}); unpack it and give the table "
            "in it",
        ) from error
    except _DAMAGE as error:
        raise DataError(f"{path} is cut off or damaged ({reason(error)}); download it again") from error


def no_table(path: Path, why: str) -> DataError:
    """Return what is raised of a file that is no table, with the reason."""
    return DataError(f"{path} cannot be read as a CSV file: {why}")


def require_file(path: Path) -> None:
    """Raise `DataError` when nothing is at `path`, or no regular file that can be read."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # The latter of names with a zero byte.
        if isinstance(error, FileNotFoundError):
            raise DataError(f"there is no file {path}") from None
        raise DataError(f"{path} cannot be read ({reason(error)})") from error
    if stat.S_ISDIR(mode):
        raise no_table(path, f"it is a folder; give a file{_in(path)}")
    if not stat.S_ISREG(mode):
        raise no_table(path, "it is no regular file but a pipe or a device")
    if is_unfinished(path.name):
        raise no_table(path, f"it is {WHAT_TO_DO}")


def _in(folder: Path) -> str:
    inside = sorted(each.name for each in folder.iterdir() if each.is_file() and is_own(each.name))
    return f" in it, such as {folder / inside[0]}" if inside else ""


def is_own(name: str) -> bool:
    """Return whether a file in an archive or a folder is somebody's, not what a system left beside it.

    >>> [is_own(name) for name in ("loans.csv", "._loans.csv", "__MACOSX/loans.csv", "a/.DS_Store")]
    [True, False, False, False]
    """
    parts = name.split("/")
    return not (parts[-1].startswith(".") or "__MACOSX" in parts or parts[-1].lower() in _LITTER)


_WORKBOOKS = ("[Content_Types].xml", "mimetype", "Index/Document.iwa")  # Microsoft's, OpenDocument's, Apple's
_LITTER = ("thumbs.db", "desktop.ini")


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(path.open("rb"))
        beginning = _peeked(stream)
        if not beginning:
            raise no_table(path, "it is empty")
        packing = _packing(beginning)
        _require_promise(path, packing, beginning)
        if packing == "zip":
            stream = stack.enter_context(_only_member(path, stack.enter_context(zipfile.ZipFile(stream))))
            packing = _packing(_peeked(stream))
            packing = None if packing == "zip" else packing
        if packing:
            stream = stack.enter_context(_OPENERS[packing](stream))
        if _packing(beginning):
            stream = stack.enter_context(_bounded(stream, path))
        _require_table(path, _peeked(stream), bool(_packing(beginning)))
        yield stream


def _bounded(stream: IO[bytes], path: Path) -> IO[bytes]:
    """What an archive holds, up to more than any table unpacks to."""
    return cast("IO[bytes]", io.BufferedReader(_Bounded(stream, path), 2**20))


def most_in(path: Path) -> int:
    """Return how many bytes, or cells, what is packed in a file may come to."""
    return max(_ALWAYS, _MOST_TIMES * path.stat().st_size)


class _Bounded(io.RawIOBase):
    """A stream that refuses to go on for ever, as archives of some kilobytes can.

    Args:
        stream: Of the bytes.
        path: The archive.
    """

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._most = most_in(path)
        self._path = path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, into: Buffer) -> int:
        with memoryview(into) as view, view.cast("B") as place:
            found = self._stream.read(len(place))
            place[: len(found)] = found
        if self._stream.tell() > self._most:
            raise DataError(
                f"{self._path} unpacks to more than {self._most} bytes, over {_MOST_TIMES} times what it "
                "takes, as no table does; if it is one, unpack it and give that"
            )
        return len(found)


def _peeked(stream: IO[bytes]) -> bytes:
    beginning = stream.read(_BEGINNING)
    stream.seek(0)
    return beginning


def _packing(beginning: bytes) -> str | None:
    return next((name for magic, name in _PACKED.items() if beginning.startswith(magic)), None)


def _require_promise(path: Path, packing: str | None, beginning: bytes) -> None:
    promised = _PROMISES.get(path.suffix.lower())
    if promised and promised != packing and not _foreign(beginning):
        what = f"in truth {packing}" if packing else "not compressed so at all"
        raise DataError(
            f"{path} cannot be read as a CSV or CSV.GZ file: its name ends in {path.suffix}, but it is {what}"
            "; download it again, or rename it if it is whole"
        )


def _only_member(path: Path, archive: zipfile.ZipFile) -> IO[bytes]:
    names = [each.filename for each in archive.infolist() if not each.is_dir() and is_own(each.filename)]
    if any(name in names for name in _WORKBOOKS):
        raise no_table(path, "it is an Excel workbook or the like; save it as CSV")
    if len(names) != 1:
        held = ", ".join(_shown(name) for name in names[:3]) + (", …" if len(names) > 3 else "")
        what = f"{len(names)} files ({held}): unpack it and give one" if names else "no file"
        raise no_table(path, f"the archive holds {what}")
    if min(each.header_offset for each in archive.infolist()):
        raise no_table(path, "it holds an archive after another: unpack each, or download it again")
    if archive.getinfo(names[0]).flag_bits & 1:
        raise no_table(path, "the archive asks for a password; unpack it first")
    return archive.open(names[0])


def _require_table(path: Path, beginning: bytes, is_packed: bool) -> None:
    what = _foreign(beginning)
    if is_packed and beginning.startswith(PARQUET):
        what = "a Parquet file that is packed: unpack it and give it as it is, where Parquet is read"
    if what is None and beginning[_TAR_AT:].startswith(_TAR):
        what = "a tar archive: unpack it and give the table in it"
    if what is None and _packing(beginning):
        what = "packed twice: unpack it and give the table in it"
    if what is None and not beginning:
        what = "empty"
    if what:
        raise no_table(path, f"it is {what}")


def _foreign(beginning: bytes) -> str | None:
    text = beginning.removeprefix(codecs.BOM_UTF8).lstrip()
    start = (
        text.lower()
        if text[:1] == b"<"
        else re.sub(rb"\s", b"", text)
        if text[:1] in (b"{", b"[")
        else beginning
    )
    return next((what for magic, what in _FOREIGN.items() if start.startswith(magic)), None)


def _shown(name: str) -> str:
    return quoted(name[:60])
