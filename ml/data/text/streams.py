"""Compressed streams one after another, as BZ2 and XZ files may hold them, read to the file's last byte.

Python's own readers end without a word before a later stream that is damaged, and its rows would be missing.
"""

import bz2
import io
import lzma
from collections.abc import Callable
from typing import IO, cast

from typing_extensions import Buffer

_READ = 2**16
_PADDING = b"\0"

Decompressor = bz2.BZ2Decompressor | lzma.LZMADecompressor


def unpacked_streams(packed: IO[bytes], make: Callable[[], Decompressor]) -> IO[bytes]:
    """Return what the streams of a file hold, one after another; zeros between and after them are padding.

    Args:
        packed: The file, from its first stream on; it can be sought.
        make: Makes a decompressor of one stream, whose errors come out of reading.
    """
    return cast("IO[bytes]", io.BufferedReader(_Streams(packed, make), _READ))


class _Streams(io.RawIOBase):
    """Reading raises EOFError where a stream is cut off, and what the decompressor raises of damage."""

    def __init__(self, packed: IO[bytes], make: Callable[[], Decompressor]) -> None:
        self._packed = packed
        self._make = make
        self._begin()

    def _begin(self) -> None:
        self._packed.seek(0)
        self._stream = self._make()
        self._given = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._given

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only back to the beginning")
        self._begin()
        return 0

    def readinto(self, into: Buffer) -> int:
        with memoryview(into) as view, view.cast("B") as place:
            found = self._next(len(place))
            place[: len(found)] = found
        self._given += len(found)
        return len(found)

    def _next(self, most: int) -> bytes:
        """Some bytes, `most` at most; none at the end."""
        while True:
            if self._stream.eof:
                rest = self._rest()
                if not rest:
                    return b""
                self._stream = self._make()
            elif self._stream.needs_input:
                rest = self._packed.read(_READ)
                if not rest:
                    raise EOFError("it ends within a compressed stream")
            else:
                rest = b""
            if found := self._stream.decompress(rest, most):
                return found

    def _rest(self) -> bytes:
        """What comes after a stream that ended, without padding; nothing at the end of the file."""
        rest = self._stream.unused_data.lstrip(_PADDING)
        while not rest and (more := self._packed.read(_READ)):
            rest = more.lstrip(_PADDING)
        return rest
