"""JSON that others wrote: read in one place, with the bounds that Python's own reader lacks."""

from typing import Any

from pydantic_core import from_json

_BYTE_ORDER = b"\xef\xbb\xbf"


def parsed(content: bytes) -> Any:
    r"""Return the value of JSON in UTF-8, which may begin with a mark of byte order.

    Python's own reader meets deep brackets with a RecursionError, or, where that limit was raised, ends the
    process; this one counts them. Of numbers it takes as many digits as Python writes again.

    >>> parsed(b'\xef\xbb\xbf{"a": [1, null]}')
    {'a': [1, None]}

    Raises:
        ValueError: When it is none: cut off, too deep, in another encoding, of half a surrogate pair.
    """
    return from_json(content.removeprefix(_BYTE_ORDER))
