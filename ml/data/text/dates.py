"""Dates written by formats of `strptime`, and which formats a column's cells are written by."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice

from ml.data.text.cells import UNREADABLE

FORMATS = (
    *("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"),
    *("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z"),
    *("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S%z", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S"),
    *("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y"),
    *("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%y"),
    *("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%y"),
    *("%d-%m-%Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b-%Y", "%Y-%m"),
    *("%m/%Y", "%B %Y", "%b %Y", "%Y%m%d"),
    *("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M %p", "%d/%m/%Y %I:%M:%S %p"),
)
"""Those that are tried on a column that nobody described; where two fit alike, the first."""

AMBIGUOUS = {"%d/%m/%Y": "%m/%d/%Y", "%d/%m/%y": "%m/%d/%y", "%d/%m/%Y %H:%M": "%m/%d/%Y %H:%M"}
"""What may mean another day where no cell says which."""

_DAY = 86_400.0
_MOST = 4  # Formats of one column.
_ENOUGH = 0.95
_SAMPLE = 300  # Texts that are tried.


class Moment(str):
    """A date in ISO 8601 that a file keeps as a date, not as somebody's writing of one."""

    __slots__ = ()


def require_format(text: str) -> str:
    """Return a format with a year in it that can write a date.

    >>> require_format("%d.%m.%Y")
    '%d.%m.%Y'

    Raises:
        ValueError: When it has no year, or writes no date.
    """
    sample = datetime(2011, 12, 25, 13, 14, 15, 16, UTC)
    try:
        read = datetime.strptime(sample.strftime(text), text)
    except ValueError:
        read = None
    if read is None or read.year != sample.year:
        raise ValueError(f"{text!r} is no format of a date with a year, such as %Y-%m-%d or %d.%m.%Y")
    return text


def days(text: str, formats: Sequence[str]) -> float:
    """Return a date as days since 1970 in UTC, by the first of the formats that fits; UNREADABLE by none.

    A `Moment` is the same whatever the formats.

    >>> days("25.12.2011 12:00", ["%d.%m.%Y", "%d.%m.%Y %H:%M"])
    15333.5
    >>> days("2011-13-01", ["%Y-%m-%d"])
    inf
    >>> days(Moment("2011-12-25T12:00:00"), ["%d.%m.%Y"])
    15333.5
    """
    if isinstance(text, Moment):
        return _days(datetime.fromisoformat(text))
    for each in formats:
        try:
            return _days(datetime.strptime(text, each))
        except ValueError:
            continue
    return UNREADABLE


def _days(read: datetime) -> float:
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() / _DAY


def formats_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the formats that nearly all of some texts are written by; none where they are no dates.

    >>> formats_of(["2011-12-05", "2012-01-31"])
    ('%Y-%m-%d',)
    >>> formats_of(["31/01/2012", "05/12/2011"]), formats_of(["01/31/2012"]), formats_of(["a", "b"])
    (('%d/%m/%Y',), ('%m/%d/%Y',), ())
    """
    left = all_ = [str(text) for text in islice(dict.fromkeys(texts), _SAMPLE)]
    chosen: list[str] = []
    while left and len(chosen) < _MOST:
        read = {each: [text for text in left if days(text, [each]) != UNREADABLE] for each in FORMATS}
        best = max(FORMATS, key=lambda each: len(read[each]))
        if not read[best]:
            break
        chosen.append(best)
        read_by_it = set(read[best])
        left = [text for text in left if text not in read_by_it]
    return tuple(chosen) if len(left) <= (1 - _ENOUGH) * len(all_) else ()
