"""How a file writes a table: encoding, separator, and which line is the header."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ml.data.text.cells import visible
from ml.data.text.opening import no_table, opened
from ml.data.text.western import is_utf8
from ml.errors import DataError
from ml.messages import quoted

_SAMPLE = 1 << 18
_HEADER_WITHIN = 20  # Records before the header; Lending Club's own files have one.
_SEPARATORS = (",", ";", "\t", "|")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # Before UTF-16, whose mark begins it.
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UNMARKED = {"utf-16-le": (1, 3), "utf-16-be": (0, 2), "utf-32-le": (1, 2, 3), "utf-32-be": (0, 1, 2)}
"""By encoding, which of four bytes are mostly zero in a text of Latin letters."""
_MOSTLY = 0.6
_RULE = re.compile(r":?-{3,}[-+]*:?")
_NAMED = 5  # Missing columns that a sentence lists.


@dataclass(frozen=True)
class Dialect:
    """How a file writes a table.

    Attributes:
        encoding: Python's name of it.
        separator: Between cells.
        before: Records before the header.
        header: Names of the columns as they stand, without what cannot be seen; those that have none, empty.
        places: By wanted name, which column.
    """

    encoding: str
    separator: str
    before: int
    header: tuple[str, ...]
    places: Mapping[str, int]


def key(name: str) -> str:
    """Return what is left of a name when case, spaces and punctuation do not count.

    >>> key("Loan Amnt") == key("loanAmnt") == key(" LOAN_AMNT ")
    True
    """
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name).casefold())


def dialect(path: Path, wanted: Sequence[str], purpose: str) -> Dialect:
    """Return the dialect of the file whose header has most of the `wanted` columns, under any spelling.

    Args:
        path: The file.
        wanted: Names of columns.
        purpose: Who wants them, for the sentence on those that are missing: "features 'all' need".

    Raises:
        DataError: When it is no text, or a column is missing or stands there twice.
    """
    return dialect_as(path, wanted, purpose, None, None)


def _best(sample: bytes, encoding: str, separators: Sequence[str], wanted: Sequence[str]) -> Dialect:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    return max(
        (
            Dialect(encoding, separator, before, header, _places(header, wanted))
            for separator in separators
            for before, header in enumerate(_first_records(text, separator))
        ),
        key=lambda each: (len(each.places), -each.before),
        default=Dialect(encoding, separators[0], 0, (), {}),
    )


def known_encoding(name: str) -> str:
    """Return the name of an encoding that Python knows and that is one of text.

    >>> known_encoding("Latin-1")
    'Latin-1'

    Raises:
        ValueError: When Python knows none of that name, or it is none of text.
    """
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        codec = None
    if codec is None or not codec._is_text_encoding:
        raise ValueError(f"{name!r} is no encoding; use utf-8, cp1252, latin-1 or another that Python names")
    return name


def dialect_as(
    path: Path, wanted: Sequence[str], purpose: str, encoding: str | None, separator: str | None
) -> Dialect:
    """Return the dialect of a file of which encoding or separator is known; see `dialect`.

    Raises:
        DataError: When it is no text, or a column is missing or stands there twice.
    """
    with opened(path) as stream:
        sample = stream.read(_SAMPLE)
    if encoding:
        _require_other_than_utf8(sample, encoding, path)
    separators = (separator,) if separator else _SEPARATORS
    known = encoding or _encoding(sample, path)
    found = _best(sample, known, separators, wanted)
    if separator and not found.places:
        _require_separator(separator, _best(sample, known, _SEPARATORS, wanted), wanted, path)
    _require_no_rule(sample, found, path)
    _require(found, wanted, path, purpose)
    return found


def _require_separator(separator: str, other: Dialect, wanted: Sequence[str], path: Path) -> None:
    if wanted and len(other.places) == len(wanted):
        raise DataError(
            f"the cells of {path} are separated by {other.separator!r}, and are to be read as separated by "
            f"{separator!r}: save it so"
        )


def _require_no_rule(sample: bytes, found: Dialect, path: Path) -> None:
    """Raise DataError when a line of dashes follows the header, as in Markdown and what psql prints."""
    text = codecs.getincrementaldecoder(found.encoding)("replace").decode(sample)
    records = _first_records(text, found.separator)
    after = records[found.before + 1] if len(records) > found.before + 1 else ()
    cells = [cell for cell in after if cell]
    if cells and all(map(_RULE.fullmatch, cells)):
        line = found.separator.join(after).rstrip(found.separator)
        raise no_table(
            path,
            f"a line of dashes ({_shown(line)}) follows its header, as in Markdown or "
            "what a database prints; save it as CSV",
        )


def _require_other_than_utf8(sample: bytes, encoding: str, path: Path) -> None:
    """Bytes of one encoding are letters of another; hardly a text of others is UTF-8 by chance."""
    if codecs.lookup(encoding).name.startswith("utf") or sample.isascii() or b"\0" in sample:
        return
    if is_utf8(sample, is_whole=len(sample) < _SAMPLE):
        raise DataError(
            f"{path} is UTF-8, and is to be read as {encoding}, in which its letters would be others; save "
            f"it as {encoding}, or read it as UTF-8"
        )


def _encoding(sample: bytes, path: Path) -> str:
    for mark, name in _MARKS.items():
        if sample.startswith(mark):
            return name
    if b"\0" not in sample:
        return "utf-8"
    for name, places in _UNMARKED.items():
        whole = len(sample) - len(sample) % 4
        zero = [sample[place:whole:4].count(0) for place in range(4)]
        if all((zero[place] > _MOSTLY * whole / 4) == (place in places) for place in range(4)):
            return name
    raise no_table(path, "it holds zero bytes and is no text")


def _first_records(text: str, separator: str) -> list[tuple[str, ...]]:
    records: list[tuple[str, ...]] = []
    try:
        lines = io.StringIO(text, newline="")
        for record in csv.reader(lines, delimiter=separator, skipinitialspace=True):
            records.append(tuple(map(visible, record)))
            if len(records) == _HEADER_WITHIN:
                break
    except csv.Error:
        pass  # Wrong separators meet quotes where none belong.
    return records


def _places(header: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    exact = {name: i for i, name in reversed(list(enumerate(header)))}
    loose = {key(name): i for i, name in reversed(list(enumerate(header)))}
    found = {name: exact.get(name, loose.get(key(name))) for name in wanted}
    return {name: place for name, place in found.items() if place is not None}


def places_in(header: Sequence[str], wanted: Sequence[str], path: Path, purpose: str) -> dict[str, int]:
    """Return where in a header that is known the wanted columns stand, under any spelling.

    Raises:
        DataError: When one is missing or stands there twice.
    """
    found = Dialect("", ",", 0, tuple(header), _places(header, wanted))
    _require(found, wanted, path, purpose)
    return dict(found.places)


def _require(found: Dialect, wanted: Sequence[str], path: Path, purpose: str) -> None:
    _require_all(found, wanted, path, purpose)
    _require_once(found, wanted, path)


def _require_all(found: Dialect, wanted: Sequence[str], path: Path, purpose: str) -> None:
    missing = [name for name in wanted if name not in found.places]
    if not missing:
        return
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED + 1 else ""
    named = ", ".join(missing[: _NAMED if more else None])
    columns = "column" if len(missing) == 1 else "columns"
    raise DataError(
        f"{path} lacks the {columns} {named}{more}, which {purpose}{_cause(found, missing, len(wanted))}"
    )


def _cause(found: Dialect, missing: Sequence[str], wanted: int) -> str:
    if not any(found.header):
        return "; it has no line that a table could begin with"
    if any("\N{REPLACEMENT CHARACTER}" in name for name in found.header):
        return f"; its first line is not in {found.encoding.removesuffix('-sig')}: save it so"
    if len(missing) == wanted:
        first = found.separator.join(found.header).rstrip(found.separator)
        return f"; its first line is {_shown(first)}: is that the header, and is this the right file?"
    free = [name for i, name in enumerate(found.header) if i not in found.places.values()]
    close = [(name, get_close_matches(name, free, 1, 0.75)) for name in missing]
    hints = [f"{match[0]!r} for {name}" for name, match in close if match]
    return f"; is it {', '.join(hints[:2])}?" if hints else ""


def _require_once(found: Dialect, wanted: Sequence[str], path: Path) -> None:
    for name in wanted:
        chosen = found.header[found.places[name]]
        loosely = chosen != name  # A column of the very name wins over those that are spelt otherwise.
        same = [other for other in found.header if other == chosen or (loosely and key(other) == key(name))]
        if len(same) > 1:
            names = ", ".join(map(quoted, same))
            raise DataError(f"{path} has the column {name} {len(same)} times ({names}); keep one of them")


def _shown(text: str) -> str:
    return quoted(text if len(text) <= 60 else text[:57] + "...")
