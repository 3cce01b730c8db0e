"""What a cell's text means: a number, a month, a category, nothing, or what cannot be read.

Every cell is read by itself, so that its value never depends on its neighbours; a column whose cells together
show that they are of several units, or days before months, is refused.
"""

import datetime
import re
import unicodedata
from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

MISSING, UNREADABLE = float("nan"), float("inf")
"""What a rule makes of an empty cell, and of one that it does not understand."""

Rule = Callable[[str], float]
"""From a cell's stripped text to a finite value, MISSING or UNREADABLE."""

EMPTY = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A")
    + ("NA", "NULL", "NaN", "None", "n/a", "nan", "null")
    + ("\\N", "NaT")
)
"""Spellings of nothing: pandas' list, and those of databases and of times."""

_FORMULA_ERROR = re.compile(r"#[A-Z0-9/_]+[!?]|Err:\d{3}")

_REMEMBERED = 4_000  # Texts of a column, some half a megabyte; most columns repeat a few.

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_SPACES = " \u00a0\u2007\u2009\u202f"
_GROUPED = re.compile(
    rf"[+-]?[1-9]\d{{0,2}}(?:(?:,\d{{3}})+|(?:,\d{{2}})+,\d{{3}}|(?:[{_SPACES}'’]\d{{3}})+)(\.\d*)?", re.ASCII
)
_CURRENCIES = {
    "$": "$", "US$": "$", "USD": "$", "€": "€", "EUR": "€", "£": "£", "GBP": "£", "¥": "¥", "JPY": "¥",
    "₹": "₹", "INR": "₹", "C$": "C$", "CAD": "C$", "A$": "A$", "AUD": "A$", "CHF": "CHF",
}  # fmt: skip
_MARK = "|".join(map(re.escape, sorted(_CURRENCIES, key=len, reverse=True)))
_AMOUNT = re.compile(
    rf"(?P<sign>[+-]?)(?P<open>\(?)\s*(?P<before>{_MARK})?\s*(?P<inner>\(?)(?P<digits>[+-]?[\d.].*?)"
    rf"(?P<minus>-?)\s*\)?\s*(?P<after>{_MARK}|%)?\s*\)?"
)
_POINTED = re.compile(r"[^\d.]*[1-9]\d{0,2}(\.\d{3})+[^\d.]*", re.ASCII)
_SHORTENED = re.compile(
    r"[$€£]?[\d.,]*\d ?(k|m|mio|mln|mn|mm|bn|b|tsd|thousand|million)\.?", re.ASCII | re.IGNORECASE
)
_ONE_COMMA = re.compile(r"[^\d.,]*[1-9]\d{0,2},\d{3}[^\d.,]*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+", re.ASCII)
_SEVERAL_MEANINGS = re.compile(r"\d{1,2}-[A-Za-z]{3}", re.ASCII)

# Two-digit years, as Excel and early files write them, are those of 1930 to 2029.
_FIRST_SHORT_YEAR = 1930
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_SEPARATOR = r"[-/ .,']+"
_CLOCK = r"(?:[t ]\d{1,2}:\d{2}\S*(?: ?[ap]m| utc| z)?)?"
_WORD_DATE = re.compile(rf"(?:(\d{{1,2}}){_SEPARATOR})?([a-z]{{3,9}}){_SEPARATOR}(\d{{4}}|\d{{2}})", re.ASCII)
_WORD_FIRST = re.compile(rf"([a-z]{{3,9}}){_SEPARATOR}(\d{{1,2}}), ?(\d{{4}}){_CLOCK}", re.ASCII)
_YEAR_AND_WORD = re.compile(rf"(\d{{4}}){_SEPARATOR}([a-z]{{3,9}})\.?(?:{_SEPARATOR}(\d{{1,2}}))?", re.ASCII)
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})(?:[-/.](\d{{1,2}}))?{_CLOCK}", re.ASCII)
_TOGETHER = re.compile(r"(\d{4})(\d{2})(\d{2})?", re.ASCII)
_MONTH_FIRST = re.compile(rf"(\d{{1,2}})/(?:(\d{{1,2}})/)?(\d{{4}}){_CLOCK}", re.ASCII)
_WITH_DOTS = re.compile(rf"(?:(\d{{1,2}})\.)?(\d{{1,2}})\.(\d{{4}}){_CLOCK}", re.ASCII)
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})-(\d{4})", re.ASCII)
_SERIAL = re.compile(r"[2-6]\d{4}(\.\d*)?", re.ASCII)
_EPOCH = re.compile(r"\d{9,10}(\d{3})?(\.0)?", re.ASCII)


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


class Words(Cells):
    """The categories of one column.

    Attributes:
        words: Each and its number, in the order of their appearance.

    Args:
        spelling: Gives the one spelling of those that a category has.
    """

    def __init__(self, spelling: Callable[[str], str] = str) -> None:
        super().__init__(self._code)
        self._spelling = spelling
        self.words: dict[str, int] = {}

    def _code(self, text: str) -> float:
        word = visible(text)
        if word in EMPTY:
            return MISSING
        if not is_text(word) or _FORMULA_ERROR.fullmatch(word):
            return UNREADABLE
        return self.words.setdefault(self._spelling(word), len(self.words))


class Numbers(Cells):
    """The numbers of one column, and what they are numbers of.

    Attributes:
        currencies: Those that stand beside them.
        unclear: The first whose comma may stand before thousands or before a fraction; empty without.
        has_points: Whether one has what only a fraction's point explains.
    """

    def __init__(self) -> None:
        super().__init__(self._number)
        self.currencies: set[str] = set()
        self.unclear = ""
        self.has_points = False
        self._pointed = 0

    def _number(self, text: str) -> float:
        value, currency = amount(text)
        if currency:
            self.currencies.add(currency)
        if "." in text and _POINTED.fullmatch(text) and (isfinite(value) or not text[-1].isalpha()):
            self._pointed += 1  # Not 65.232k.
        if isfinite(value):
            if _ONE_COMMA.fullmatch(text):
                self.unclear = self.unclear or text
            elif "," in text or ("." in text and not _POINTED.fullmatch(text)):
                self.has_points = True  # As 12.5, and as 1,234,567.
        return value

    @property
    def has_pointed_thousands(self) -> bool:
        """Whether several cells have points before three digits, and no number says what a point means."""
        return self._pointed >= _TELLING and not self.has_points


class Months(Cells):
    """The months of one column.

    Attributes:
        slashed: Day or month, whichever it is, that stand first and second in its dates with slashes.
    """

    def __init__(self) -> None:
        super().__init__(self._month)
        self.slashed: set[tuple[int, int]] = set()

    def _month(self, text: str) -> float:
        match = _MONTH_FIRST.fullmatch(text.lower())
        if match and match[2]:
            self.slashed.add((int(match[1]), int(match[2])))
        return month(text)

    @property
    def is_day_first(self) -> bool:
        """Whether its dates with slashes have the day in front, so that 01/10/2013 is no day of January."""
        firsts, seconds = ({pair[place] for pair in self.slashed} for place in (0, 1))
        if not firsts or max(seconds) > _A_YEAR:
            return False
        return max(firsts) > _A_YEAR or (len(firsts) == 1 and len(seconds) >= _TELLING)


_A_YEAR = 12  # months
_TELLING = 3  # Cells of a kind; days of one month alone would be beyond the 12th too.


def composed(text: str) -> str:
    """Return text whose letters have their marks in one sign, as keyboards write them.

    A Mac may write e and a mark, which looks the same and is another text.

    >>> len(composed("e" + chr(0x301))), composed("plain")
    (1, 'plain')
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def visible(text: str) -> str:
    r"""Return a cell's text without what cannot be seen, and with single spaces.

    >>> visible("36\u00a0 months\u200b")
    '36 months'
    """
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return " ".join(text.split())


def is_decoded(cell: str) -> bool:
    """Return whether all bytes of a cell were of the file's encoding."""
    return not any("\udc80" <= letter <= "\udcff" for letter in cell)


def is_text(cell: str) -> bool:
    """Return whether a cell held nothing but letters of the file's encoding."""
    return is_decoded(cell) and not any(letter < " " for letter in cell)


def number(text: str) -> float:
    """Return a number, without the currency, percent sign or thousands' separators beside it.

    >>> [number(text) for text in ("10.65%", "$41,637.00", "65 000", "-1e3")]
    [10.65, 41637.0, 65000.0, -1000.0]
    >>> [number(text) for text in ("(31.09)", "31.09-", "\u2212$5", "5 CHF")]
    [-31.09, -31.09, -5.0, 5.0]
    >>> [number(text) for text in ("16,47", "0,125", "36 months", "inf", "")]
    [inf, inf, inf, inf, nan]
    """
    return _finite(text) if _PLAIN.fullmatch(text) else amount(text)[0]


def plain_numbers(texts: Sequence[str], decimal: str = ".") -> NDArray[np.float64] | None:
    """Return what `number` makes of texts that are plain numbers or empty; None where one may be another.

    >>> plain_numbers(["1.5", "", "-2e3", "1e999"]).tolist()
    [1.5, nan, -2000.0, inf]
    >>> plain_numbers(["1_0"]), plain_numbers(["1,5"]), plain_numbers(["1,5", "2"], ",").tolist()
    (None, None, [1.5, 2.0])
    """
    together, allowed = "\n".join(texts), f"0123456789+-eE{decimal}\n".encode()
    if not together.isascii() or together.encode().translate(None, allowed):
        return None
    if together.count("\n") != len(texts) - 1:  # One stands in a cell.
        return None
    if decimal != ".":
        texts = together.replace(decimal, ".").split("\n")
    try:
        # Of these letters `float` takes what _PLAIN describes, and nothing else.
        values = np.array([float(text) if text else MISSING for text in texts])
    except ValueError:
        return None
    values[np.isinf(values)] = UNREADABLE
    return values


def amount(text: str) -> tuple[float, str]:
    """Return a number, MISSING or UNREADABLE, and the sign of the currency that stands beside it, if any.

    >>> amount("(US$ 1,234.50)")
    (-1234.5, '$')
    """
    if _PLAIN.fullmatch(text):
        return _finite(text), ""
    if text in EMPTY:
        return MISSING, ""
    match = _AMOUNT.fullmatch(text.replace("\u2212", "-"))
    if match is None or text.count("(") > 1 or text.count("(") != text.count(")"):
        return UNREADABLE, ""
    marks = [mark for mark in (match["before"], match["after"]) if mark]
    currencies = {_CURRENCIES[mark] for mark in marks if mark != "%"}
    if len(marks) > 1:
        return UNREADABLE, ""
    return _signed(match, text), next(iter(currencies), "")


def _signed(match: "re.Match[str]", text: str) -> float:
    digits = match["digits"].strip()
    signs = [sign for sign in (match["sign"], match["minus"], digits[0]) if sign in ("+", "-")]
    if len(signs) + text.count("(") > 1:
        return UNREADABLE
    if not _PLAIN.fullmatch(digits):
        if not _GROUPED.fullmatch(digits):
            return UNREADABLE
        digits = re.sub(r"[^\d.+-]", "", digits)
    value = _finite(digits)
    return -value if "(" in text or "-" in (match["sign"], match["minus"]) else value


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else UNREADABLE


def day(text: str) -> float:
    """Return a date as days since 1970, its month's first where no day is given.

    Understood are Dec-2011, Dec-11, 5-Dec-2011, December 5, 2011, 2011-Dec, 2011-12 and 201112, 2011-12-05
    and 20111205, each with or without a time; 12-2011, the American 12/2011 and 12/5/2011, and 5.12.2011.

    >>> days = [day(text) for text in ("Dec-11", "dec-2011", "2011-12-01", "201112", "12/1/2011")]
    >>> set(days) == {15309.0}
    True
    >>> [day(text) for text in ("Aug-88", "11-Dec", "2011-13", "")]
    [6787.0, inf, inf, nan]
    """
    if text in EMPTY:
        return MISSING
    for pattern, parts in _DATE_FORMS:
        if match := pattern.fullmatch(text.lower()):
            year, month, of_month = parts(match.groups())
            return _days(_year(year), _month(month), int(of_month or 1))
    return UNREADABLE


def month(text: str) -> float:
    """Return the month of a date, counted from year 0.

    >>> month("Jan-2000")
    24000.0
    """
    days = day(text)
    if not isfinite(days):
        return days
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days)
    return float(date.year * 12 + date.month - 1)


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else _FIRST_SHORT_YEAR + (year - _FIRST_SHORT_YEAR) % 100


def _month(name: str) -> int:
    if name.isdecimal():
        return int(name)
    known = _LONG_MONTHS if name in _LONG_MONTHS else _MONTHS
    name = "sep" if name == "sept" else name
    return known.index(name) + 1 if name in known else 0


_Parts = Sequence[str]
_DATE_FORMS: Sequence[tuple["re.Pattern[str]", Callable[[_Parts], _Parts]]] = (
    (_WORD_DATE, lambda found: (found[2], found[1], found[0])),
    (_WORD_FIRST, lambda found: (found[2], found[0], found[1])),
    (_YEAR_AND_WORD, lambda found: found),
    (_YEAR_FIRST, lambda found: found),
    (_TOGETHER, lambda found: found),
    (_MONTH_FIRST, lambda found: (found[2], found[0], found[1])),
    (_WITH_DOTS, lambda found: (found[2], found[1], found[0])),
    (_MONTH_AND_YEAR, lambda found: (found[1], found[0], "")),
)
"""Forms of a date, and how to find year, month and day of the month, which may be missing, in each."""


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
    if "\0" in text:
        return "no text: the file is damaged"
    if any(letter < " " for letter in text):
        return "a line end, a tab or a sign that nobody sees within the cell: take it out"
    if not is_text(text):
        return "not UTF-8: save the file as UTF-8"
    if _DECIMAL_COMMA.fullmatch(text.strip(f"%$€£{_SPACES}")):
        return "a decimal comma: save the file with decimal points"
    if _SHORTENED.fullmatch(text):
        return "a short form of thousands or millions: write the whole number"
    if any(letter.isdecimal() and not letter.isascii() for letter in text):
        return "digits of another script: write 0 to 9"
    if _POINTED.fullmatch(text):
        return "points between thousands: save the file without them"
    if _SEVERAL_MEANINGS.fullmatch(text):
        return "a day where Excel took Dec-11 for one: write Dec-2011"
    if _SERIAL.fullmatch(text):
        return "a day as a spreadsheet counts it: give the column the format yyyy-mm-dd"
    if _EPOCH.fullmatch(text):
        return "seconds or milliseconds since 1970: write dates as yyyy-mm-dd"
    if text.startswith(("=", "'")):
        return "a spreadsheet's way to keep text: save its values"
    if _FORMULA_ERROR.fullmatch(text):
        return "a formula that failed: mend it in the spreadsheet"
    return ""
