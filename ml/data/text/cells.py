"""What a cell's text means: a number, a month, a category, nothing, or what cannot be read.

Every cell is read by itself, so that its value never depends on its neighbours.
"""

import datetime
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

MISSING, UNREADABLE = float("nan"), float("inf")
"""What a rule makes of an empty cell, and of one that it does not understand."""

Rule = Callable[[str], float]
"""From a cell's stripped text to a finite value, MISSING or UNREADABLE."""

EMPTY = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A")
    + ("NA", "NULL", "NaN", "None", "n/a", "nan", "null")
)
"""Spellings of nothing; pandas' list."""

_REMEMBERED = 50_000  # Texts of a column; most columns repeat a few.

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+|(?:[ \u00a0\u202f'’]\d{3})+)(\.\d*)?", re.ASCII)
_AROUND = re.compile(r"^([+-]?)\s*[$€£]\s*|\s*[%$€£]$")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+", re.ASCII)
_SEVERAL_MEANINGS = re.compile(r"\d{1,2}-[A-Za-z]{3}", re.ASCII)

# Two-digit years, as Excel and early files write them, are those of 1930 to 2029.
_FIRST_SHORT_YEAR = 1930
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_WORD_DATE = re.compile(r"(?:(\d{1,2})[-/ .])?([a-z]{3,9})\.?[-/ ,.]+(\d{4}|\d{2})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[t ]\d{1,2}:\d{2}\S*)?", re.ASCII)
_MONTH_FIRST = re.compile(r"(\d{1,2})/(?:(\d{1,2})/)?(\d{4})(?: \d{1,2}:\d{2}\S*)?", re.ASCII)


class Cells(dict[str, float]):
    """What a rule makes of the cells of one column; it remembers, since most columns repeat a few texts."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, text: str) -> float:
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[text] = self._rule(text)
        return value

    def read(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return a value, MISSING or UNREADABLE for each text, float64 [texts]."""
        return np.fromiter(map(self.__getitem__, texts), np.float64, len(texts))


class Words(dict[str, int]):
    """The categories of one column, numbered as they appear."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code

    def read(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return each text's number, MISSING or UNREADABLE, float64 [texts]."""
        return np.fromiter(map(self._code, texts), np.float64, len(texts))

    def _code(self, text: str) -> float:
        if text in EMPTY:
            return MISSING
        return self[text] if text in self or is_text(text) else UNREADABLE


def is_text(cell: str) -> bool:
    """Return whether a cell held nothing but bytes of the file's encoding."""
    return not any("\udc80" <= letter <= "\udcff" for letter in cell)


def number(text: str) -> float:
    """Return a number, without the currency, percent sign or thousands' separators beside it.

    >>> [number(text) for text in ("10.65%", "$41,637.00", "65 000", "-1e3")]
    [10.65, 41637.0, 65000.0, -1000.0]
    >>> [number(text) for text in ("16,47", "36 months", "inf", "")]
    [inf, inf, inf, nan]
    """
    if _PLAIN.fullmatch(text):
        return _finite(text)
    if text in EMPTY:
        return MISSING
    bare = _AROUND.sub(r"\1", text)
    if _PLAIN.fullmatch(bare):
        return _finite(bare)
    return _finite(re.sub(r"[^\d.+-]", "", bare)) if _GROUPED.fullmatch(bare) else UNREADABLE


def _finite(text: str) -> float:
    value = float(text)
    return value if np.isfinite(value) else UNREADABLE


def day(text: str) -> float:
    """Return a date as days since 1970, its month's first where no day is given.

    Understood are Dec-2011, Dec-11, 5-Dec-2011, December 2011, 2011-12, 2011-12-05 with or without a time,
    and American 12/2011 and 12/5/2011.

    >>> days = [day(text) for text in ("Dec-11", "dec-2011", "2011-12-01", "2011-12", "12/1/2011")]
    >>> set(days) == {15309.0}
    True
    >>> [day(text) for text in ("Aug-88", "11-Dec", "2011-13", "")]
    [6787.0, inf, inf, nan]
    """
    if text in EMPTY:
        return MISSING
    lower = text.lower()
    if match := _WORD_DATE.fullmatch(lower):
        of_month, month, year = match.groups()
        return _days(_year(year), _month(month), int(of_month or 1))
    if match := _YEAR_FIRST.fullmatch(lower):
        return _days(*(int(part or 1) for part in match.groups()))
    if match := _MONTH_FIRST.fullmatch(lower):
        return _days(int(match[3]), int(match[1]), int(match[2] or 1))
    return UNREADABLE


def month(text: str) -> float:
    """Return the month of a date, counted from year 0.

    >>> month("Jan-2000")
    24000.0
    """
    days = day(text)
    if not np.isfinite(days):
        return days
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days)
    return float(date.year * 12 + date.month - 1)


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else _FIRST_SHORT_YEAR + (year - _FIRST_SHORT_YEAR) % 100


def _month(name: str) -> int:
    known = _MONTHS if len(name) == 3 else _LONG_MONTHS
    return known.index(name) + 1 if name in known else 0


def _days(year: int, month: int, of_month: int) -> float:
    try:
        date = datetime.date(year, month, of_month)
    except ValueError:
        return UNREADABLE
    return float((date - datetime.date(1970, 1, 1)).days) if 1850 <= year <= 2150 else UNREADABLE


def likely_cause(text: str) -> str:
    """Return what an unreadable cell looks like, or nothing.

    >>> likely_cause("16,47")
    'a decimal comma: save the file with decimal points'
    """
    if not is_text(text):
        return "not UTF-8: save the file as UTF-8"
    if _DECIMAL_COMMA.fullmatch(text):
        return "a decimal comma: save the file with decimal points"
    if _SEVERAL_MEANINGS.fullmatch(text):
        return "a day where Excel took Dec-11 for one: write Dec-2011"
    return ""
