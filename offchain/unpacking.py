"""Bodies of answers as HTTP packs them, unpacked up to a largest size, and whole or not at all.

aiohttp unpacks too, but takes a gzip body that ends within its data for a whole one.
"""

import zlib
from gzip import GzipFile
from io import BytesIO

_GZIP = ("gzip", "x-gzip")
_DEFLATE = "deflate"

ENCODINGS = f"{_GZIP[0]}, {_DEFLATE}"
"""What to accept, as `Accept-Encoding` has it."""


class DamagedError(ValueError):
    """A packed body is cut off, or is not packed as it says."""


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    r"""Return the first `most` bytes of a body.

    >>> import gzip
    >>> unpacked(gzip.compress(b"whole"), "gzip", 100), unpacked(b"plain", "", 3)
    (b'whole', b'pla')

    Args:
        body: As it came.
        encoding: What `Content-Encoding` says; a body of any that is not accepted stays as it is.
        most: Bytes.

    Raises:
        DamagedError: When these bytes are not all there.
    """
    kind = encoding.strip().lower()
    try:
        if body and kind in _GZIP:
            return GzipFile(fileobj=BytesIO(body)).read(most)
        if body and kind == _DEFLATE:
            return _inflated(body, most)
    except (EOFError, OSError, zlib.error):
        raise DamagedError(f"a body in {kind} is cut off or damaged") from None
    return body[:most]


def _inflated(body: bytes, most: int) -> bytes:
    """Of zlib's format, or without its header, as some servers have it."""
    stream = zlib.decompressobj() if body[0] & 0xF == zlib.DEFLATED else zlib.decompressobj(-zlib.MAX_WBITS)
    found = stream.decompress(body, most)
    if not stream.eof and len(found) < most:
        raise EOFError
    return found
