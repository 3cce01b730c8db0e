"""What is doubtful about a column: why it may be nothing to learn from, what a person should look at."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from ml.data.text.cells import UNREADABLE, likely_cause
from ml.data.text.dates import AMBIGUOUS, days, formats_of
from ml.messages import examples
from ml.tasks.tables.cells import number_rule
from ml.tasks.tables.counting import NEARLY_ALL, Seen

_FREE_TEXT = 100  # Different values from which a column may be free text,
_FREE_SHARE = 0.2  # where they are this share of its cells.
_MANY = 20  # Cells of identifiers, or different numbers, from which their look says something.
_IDENTIFIER = re.compile(
    r"(?i:(^|[\W_\d])(id|ids|uuid|guid|key|nr|no|num|number|nummer|index)[\W_]*$)|[a-z]I[dD]$|^Unnamed",
    re.ASCII,
)
_STAND_IN = re.compile(r"[+-]?9+(\.0*)?|-[189]\.?0*|-?9{2,}8(\.0*)?")
"""What people write for a number that is not known."""
_REPEATED = 3  # Cells from which a number stands for nothing, and is no slip.
_MEASURE = re.compile(r"([^\d\W]{1,4}\W? ?)?[+-]?\d[\d.,]*( ?[^\d\W]{1,6}\.?)?")
_TELLING = 8  # Different numbers beside one word,
_UNITS = 4  # or beside several.
_DAY = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
_ALPHABETS = {"LATIN", "CYRILLIC", "GREEK"}
"""Whose letters look alike."""
_LOOKED_AT = 300  # Dates, for whether another reading fits them too.


def against(name: str, seen: Seen, decimal: str) -> str:
    """Return why a column is left out unless founders want it; empty where nothing is against it."""
    if _IDENTIFIER.search(name) and seen.all_differ and seen.present >= _MANY:
        return "looks like an identifier, every value differs (--keep uses it all the same)"
    return _free_text(seen, decimal)


def of_number(name: str, seen: Seen, decimal: str) -> list[str]:
    """Return what a person should look at of a column of numbers."""
    read = number_rule(decimal)
    values = {text: read(text) for text in seen.numerals.counts}
    unread = seen.present - seen.moments[decimal].count
    return [*_unread(name, unread, "numbers"), *_days(name, values), *_stand_ins(name, seen, values)]


def of_date(name: str, seen: Seen, formats: tuple[str, ...], unread: int) -> list[str]:
    """Return what a person should look at of a column of dates, `unread` cells of which are none."""
    two = [(each, AMBIGUOUS[each]) for each in formats if each in AMBIGUOUS]
    return [
        *_unread(name, unread, "such dates"),
        *(
            f"{name} is taken for {taken}; where it is {other}, say so in the file"
            for taken, other in two
            if all(days(text, [other]) != UNREADABLE for text in islice(seen.texts, _LOOKED_AT))
        ),
    ]


def of_category(name: str, seen: Seen, decimal: str, is_wished: bool) -> list[str]:
    """Return what a person should look at of a column of categories that may be one of numbers."""
    return [
        *of_words(name, seen.texts),
        *([] if is_wished else _some_words(name, seen, decimal)),
        *_measures(name, seen, decimal),
        *_other_decimal(name, seen, decimal),
    ]


def of_words(name: str, texts: Iterable[str]) -> list[str]:
    """Return what a person should look at of outcomes or categories: words that look like others."""
    for text in islice(texts, _LOOKED_AT):
        for word in re.findall(r"[^\W\d_]+", text):
            alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in word} & _ALPHABETS
            if len(alphabets) > 1:
                told = " and ".join(each.capitalize() for each in sorted(alphabets))
                return [f"{name} holds {word!r}, of {told} letters ({word!a}); is it another word mistyped?"]
    return []


def _some_words(name: str, seen: Seen, decimal: str) -> list[str]:
    """Numbers, and here and there what is none, such as a limit of detection."""
    if seen.has_codes or seen.numbers[decimal] <= seen.present / 2 or len(seen.numerals.counts) < _MANY:
        return []
    share, word = 1 - seen.numbers[decimal] / seen.present, next(iter(seen.words.counts))
    return [
        f"{name} is taken for categories, since {share:.0%} of its cells are no numbers, such as {word!r}; "
        f"write a number there, or say --kind {name}=number, which leaves these rows out"
    ]


def _measures(name: str, seen: Seen, decimal: str) -> list[str]:
    """Numbers with a word beside them, of one unit or of a few."""
    beside = [match for match in map(_MEASURE.fullmatch, seen.words.counts) if match]
    if len(beside) < max(_TELLING, NEARLY_ALL * len(seen.words.counts)):
        return []
    kinds = {(match[1], match[2]): match[0] for match in beside}
    if len(kinds) == 1:
        how = "alone" if any(next(iter(kinds))) else f"with {decimal!r} before its fraction"
        return [f"{name} is taken for categories; where {beside[0][0]!r} is a number, write it {how}"]
    if len(kinds) > _UNITS or any(before or not after for before, after in kinds):
        return []
    return [
        f"{name} is taken for categories; where {examples(list(kinds.values()))} are numbers in several "
        "units, write them in one, alone"
    ]


def _other_decimal(name: str, seen: Seen, decimal: str) -> list[str]:
    """Numbers as another file writes them."""
    other = "," if decimal == "." else "."
    if seen.has_codes or seen.numbers[other] < NEARLY_ALL * seen.present or seen.is_of_numbers(decimal):
        return []
    odd = next(text for text in seen.numerals.counts if other in text)
    return [
        f"{name} is taken for categories: {odd!r} has {other!r} before its fraction, where the file's other "
        f"numbers have {decimal!r}; write all alike"
    ]


def _free_text(seen: Seen, decimal: str) -> str:
    if seen.is_of_numbers(decimal) or seen.different <= _FREE_TEXT:
        return ""
    if seen.differing_share <= _FREE_SHARE or formats_of(seen.texts):
        return ""
    least = "" if seen.is_exact else "at least "
    return (
        f"free text or identifiers, {least}{seen.different} different values{_looks(seen)} "
        "(--keep uses the most frequent)"
    )


def _looks(seen: Seen) -> str:
    """What nearly all texts look like that a person can mend."""
    texts = list(islice(seen.words.counts, _LOOKED_AT))
    for cause, count in Counter(map(likely_cause, texts)).most_common(1):
        if cause and count >= NEARLY_ALL * len(texts):
            return f"; {texts[0]!r} looks like {cause}"
    return ""


def _unread(name: str, count: int, what: str) -> list[str]:
    return [f"{name} holds {count} cells that are no {what}; their rows will be left out"] if count else []


def _days(name: str, values: dict[str, float]) -> list[str]:
    """Numbers that look like dates."""
    if len(values) < _MANY or not all(map(_DAY.fullmatch, values)):
        return []
    first = next(iter(values))
    return [f"{name} is taken for numbers; where {first} is a date, say --kind {name}=date"]


def _stand_ins(name: str, seen: Seen, values: dict[str, float]) -> list[str]:
    """Numbers that look like what stands for nothing."""
    plain = [value for text, value in values.items() if not _STAND_IN.fullmatch(text)]
    if len(plain) < _MANY:
        return []
    least, most = 2 * min(plain) - max(plain), 2 * max(plain) - min(plain)
    repeated = {text: count for text, count in seen.numerals.counts.items() if count >= _REPEATED}
    return [
        f"{name} is {text} in {count} cells, far from all others; where that stands for nothing, say "
        f"--missing {text}"
        for text, count in repeated.items()
        if not least <= values[text] <= most
    ]
