"""A form made by looking at a table that everyone may know: what each column is, why some are left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.text import parquet
from ml.data.text.cells import EMPTY, is_decoded, visible
from ml.data.text.dates import days, formats_of
from ml.data.text.opening import opened
from ml.data.text.records import Piece
from ml.data.text.source import Source
from ml.data.text.usage import Tally
from ml.data.text.western import is_utf8, odd_words
from ml.errors import DataError
from ml.messages import counted, examples
from ml.tasks.tables import doubts
from ml.tasks.tables.cells import number_rule
from ml.tasks.tables.counting import Moments, Seen
from ml.tasks.tables.form import Form

MOST_VALUES = 50
"""Values of a category that have an input of their own; the others share one."""
_SAMPLE = 1 << 22  # Bytes, by which an encoding is told.
_MANY = 20  # Different numbers from which a target is an amount.


@dataclass(frozen=True)
class Wishes:
    """What founders say of a table; the rest is found out.

    Attributes:
        targets: Columns of what is to be said of a row, one or several.
        kind: "classes" or "numbers", of all of them; none for what they look like.
        kinds: By column of an input, "number", "category" or "date", where looks deceive.
        positive: The outcome that a model says the likelihood of, where there are two.
        drop: Columns to leave out.
        keep: Columns to use though they look like identifiers or free text.
        group: Column of what belongs together.
        time: Column by which the latest validate.
        encoding: Of the file.
        separator: Of the file.
        decimal: What stands before a fraction in it.
        missing: Spellings of nothing in it, beside the usual ones, such as -99.
        hidden: Widths of the model's hidden layers.
    """

    targets: tuple[str, ...]
    kind: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    positive: str | None = None
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] = ()
    hidden: tuple[int, ...] = (128, 128)


@dataclass(frozen=True)
class Fitted:
    """A form, and sentences on how it came about.

    Attributes:
        form: What was found.
        used: By column, what it is used as.
        left_out: By column, why it is not.
        notes: What a person should look at.
        groups: Values of the column that says what belongs together; none without one.
    """

    form: Form
    used: dict[str, str]
    left_out: dict[str, str]
    notes: tuple[str, ...]
    groups: int | None


def fit(path: Path, wishes: Wishes) -> Fitted:
    """Look at a table that everyone may know, and return a form for tables of its kind.

    The file is read in pieces: once, and once more where a column holds dates of too many days to keep.

    Args:
        path: CSV, packed or plain, or Parquet.
        wishes: What is known of it.

    Raises:
        DataError: When it is no table, lacks a column that is named, or has it twice; when the target is
            empty, has one outcome, or is neither outcomes nor numbers; when no column is left to learn from.
    """
    return _Fitting(path, wishes).fitted()


def _require_one_use_each(wishes: Wishes) -> None:
    """Raise DataError when a column is wanted as two things that it cannot be at once."""
    uses = [("target", name) for name in wishes.targets]
    uses += [(use, name) for use, name in (("group", wishes.group), ("time", wishes.time)) if name]
    uses += [("drop", name) for name in dict.fromkeys(wishes.drop)]
    first: dict[str, str] = {}
    for use, name in uses:
        if name in first:
            raise DataError(
                f"column {name} is given as --{first[name]} and as --{use}; it can be one of them"
            )
        first[name] = use
    both = [name for name in (*wishes.keep, *wishes.kinds) if name in first]
    if both:
        raise DataError(
            f"column {both[0]} is given as --{first[both[0]]}, and as an input by --keep or --kind"
        )


def _spelt(wishes: Wishes, source: Source) -> Wishes:
    """The wishes with columns named as the header has them, who may write `Age` for `age`."""

    def all_of(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(map(source.spelt, names))

    return replace(
        wishes,
        targets=all_of(wishes.targets),
        drop=all_of(wishes.drop),
        keep=all_of(wishes.keep),
        kinds={source.spelt(name): kind for name, kind in wishes.kinds.items()},
        group=wishes.group and source.spelt(wishes.group),
        time=wishes.time and source.spelt(wishes.time),
    )


class _Fitting:
    def __init__(self, path: Path, wishes: Wishes) -> None:
        self._path, self._wishes = path, wishes
        _require_one_use_each(wishes)
        named = [*wishes.targets, wishes.group, wishes.time, *wishes.drop, *wishes.keep, *wishes.kinds]
        wanted = tuple(dict.fromkeys(name for name in named if name))
        # Before the header is read: its names may be what is no UTF-8.
        encoding = wishes.encoding or (None if parquet.is_parquet(path) else _guessed(path))
        first = Source(path, wanted, "the command names", encoding, wishes.separator)
        self._wishes = _spelt(wishes, first)
        counts = Counter(name for name in first.header if name)
        odd = {name: kind for name, kind in first.nested().items() if name not in wanted}
        self._header = [name for name, count in counts.items() if count == 1 and name not in odd]
        self._encoding, self._separator = first.encoding, first.separator
        self._source = Source(path, self._header, "are in it", self._encoding, self._separator)
        self._nothing = EMPTY.union(wishes.missing)
        self._seen = {name: Seen(self._nothing) for name in self._header}
        self._rows = 0
        self.used: dict[str, str] = {}
        self.left_out = {
            name: f"there {count} times; rename all but one to use it"
            for name, count in counts.items()
            if count > 1
        } | {name: f"it is {kind}; one value a row is needed" for name, kind in odd.items()}
        if nameless := [number for number, name in enumerate(first.header, start=1) if not name]:
            places = ", ".join(map(str, nameless[:5])) + (", …" if len(nameless) > 5 else "")
            self.left_out["columns without a name"] = f"{places}; name them in the first line to use them"
        self.notes: list[str] = []
        if encoding and not wishes.encoding:
            self.notes.append(
                f"the file is no UTF-8 and is read as {encoding}; where letters look wrong, say --encoding"
            )
        self._missing = set(wishes.missing)

    def fitted(self) -> Fitted:
        self._read()
        self._decimal = self._chosen_decimal()
        self._take_words_for_gaps()
        targets = self._targets()
        self._days = self._dates_of({name: of for name in self._header if (of := self._formats(name))})
        inputs = [made for name in self._header if (made := self._input(name)) is not None]
        if not inputs:
            left_out = list(self.left_out.items())[:5]
            why = "; ".join(f"{name}: {reason}" for name, reason in left_out) or "there is no other column"
            raise DataError(f"{self._path} has no column to learn from ({why})")
        form = Form.model_validate(
            {
                "format": 1,
                "read": self._reading(),
                **({"target": targets[0]} if len(targets) == 1 else {"targets": targets}),
                "group": self._wishes.group,
                "time": self._time(),
                "drop": [name for name in self._header if name in self.left_out],
                "inputs": inputs,
                "model": {"hidden": self._wishes.hidden},
            }
        )
        group = self._wishes.group
        groups = self._seen[group].different if group else None
        return Fitted(form, self.used, self.left_out, tuple(self.notes), groups)

    def _read(self) -> None:
        lines = Tally("rows", self._path.name)
        for piece in self._pieces():
            self._rows += len(piece.lines)
            lines.count(len(piece.lines), len(piece.lines), piece.broken)
            self._add(piece)
        if (found := lines.usage).broken > self._rows:
            raise DataError(
                f"{self._path} has {counted(self._rows, 'row')}, and lines that are no rows: {found.broken}, "
                f"{found.broken_line}: is a quote left open, or what stands between cells another sign?"
            )
        if not self._rows:
            raise DataError(f"{self._path} has no rows")

    def _take_words_for_gaps(self) -> None:
        for name, seen in self._seen.items():
            words = seen.take_for_gaps(self._decimal)
            self._missing |= words
            if words:
                self.notes.append(
                    f"{name} is a number but for {examples(sorted(words))}, which count as gaps"
                )

    def _pieces(self) -> Any:
        return self._source.pieces(self._header)

    def _add(self, piece: Piece) -> None:
        rules = {decimal: number_rule(decimal) for decimal in self._decimals()}
        for name, seen in self._seen.items():
            seen.add(piece.columns[name], rules)

    def _decimals(self) -> Sequence[str]:
        if self._wishes.decimal:
            return self._wishes.decimal
        return "." if self._separator in (",", None) else ".,"

    def _chosen_decimal(self) -> str:
        """What most columns of numbers, or else most cells, are read with.

        Raises:
            DataError: When nothing says which of two, and it matters.
        """
        columns = {name: of for name, of in self._seen.items() if name not in self._wishes.drop}
        counts = {
            decimal: (
                sum(seen.is_of_numbers(decimal) for seen in columns.values()),
                sum(seen.numbers[decimal] for seen in columns.values()),
            )
            for decimal in self._decimals()
        }
        unclear = [(name, of.unclear) for name, of in columns.items() if of.unclear]
        if unclear and len(set(counts.values())) == 1:
            name, text = unclear[0]
            values = " or ".join(f"{number_rule(decimal)(text):g}" for decimal in counts)
            raise DataError(
                f"{self._path} does not tell whether {text!r} in column {name} is {values}: no number in it "
                "can be read in one way only; say what stands before a fraction, with --decimal . or "
                "--decimal ,"
            )
        return max(counts, key=lambda decimal: (counts[decimal], decimal == "."))

    def _reading(self) -> dict[str, Any]:
        missing = {"missing": tuple(sorted(self._missing))} if self._missing else {}
        if self._separator is None:
            return {"decimal": self._decimal, **missing} if self._wishes.decimal else missing
        encoding = None if self._encoding in ("utf-8", "utf-8-sig") else self._encoding
        return {"separator": self._separator, "encoding": encoding, "decimal": self._decimal, **missing}

    # The target

    def _targets(self) -> list[dict[str, Any]]:
        found = [self._target(name, self._seen[name]) for name in self._wishes.targets]
        if len(found) > 1 and len(kinds := {each["kind"] for each in found}) > 1:
            told = ", ".join(f"{each['column']} of {each['kind']}" for each in found)
            raise DataError(
                f"several targets are all of two outcomes or all numbers; there are {told} (--kind "
                f"{' or '.join(sorted(kinds))} says what all are)"
            )
        for each in found if len(found) > 1 else ():
            if len(each.get("values", ())) > 2:
                raise DataError(
                    f"the target {each['column']} has {len(each['values'])} outcomes, such as "
                    f"{examples(each['values'])}; several targets have two each"
                )
        return found

    def _target(self, name: str, seen: Seen) -> dict[str, Any]:
        if not seen.present:
            raise DataError(f"the target {name} of {self._path} is empty in every row")
        moments, numeric = seen.moments[self._decimal], seen.is_of_numbers(self._decimal)
        kind = self._wishes.kind or ("numbers" if numeric and seen.different > _MANY else "classes")
        if kind == "numbers":
            if not numeric:
                raise DataError(f"the target {name} of {self._path} is no number in {examples(seen.texts)}")
            if not moments.spread:
                raise DataError(f"the target {name} of {self._path} is {moments.mean:g} in every row")
            self.used[name] = f"target, an amount of {moments.mean:.4g} ± {moments.spread:.3g}"
            return {
                "column": name,
                "kind": kind,
                "mean": _short(moments.mean),
                "scale": _short(moments.spread),
            }
        values = self._outcomes(name, seen)
        counts = seen.texts
        told = ", ".join(f"{value!r} {counts[value]}" for value in values[:5])
        more = ", …" if len(values) > 5 else ""
        learned = f"; learned is how likely {values[1]!r} is (--positive)" if len(values) == 2 else ""
        if numeric and len(values) > 2:
            learned = "; where these are counts or amounts, say --kind numbers"
        self.used[name] = f"target, one of {len(values)} outcomes: {told}{more}{learned}"
        return {"column": name, "kind": kind, "values": values}

    def _outcomes(self, name: str, seen: Seen) -> list[str]:
        values = sorted(filter(is_decoded, seen.texts), key=_natural)
        if len(values) < 2:
            raise DataError(f"the target {name} of {self._path} is {next(iter(seen.texts))!r} in every row")
        if seen.different > 1000:
            raise DataError(
                f"the target {name} of {self._path} has {seen.different} different values, such as "
                f"{examples(seen.texts)}; outcomes are few, amounts are --kind numbers"
            )
        _require_told_apart(name, values)
        self.notes += doubts.of_words(name, values)
        positive = self._wishes.positive
        if positive is None:
            return values
        if positive not in values:
            raise DataError(
                f"--positive {positive!r} is no outcome of {name}; there are {examples(seen.texts)}"
            )
        if len(values) != 2:
            raise DataError(f"--positive is for two outcomes; {name} has {len(values)}")
        return [*(value for value in values if value != positive), positive]

    # Inputs

    def _input(self, name: str) -> dict[str, Any] | None:
        if name in self._wishes.targets:
            return None
        reason = self._reason_against(name)
        if reason:
            self.left_out[name] = reason
            return None
        seen = self._seen[name]
        if self._is_number(name, seen):
            return self._number(name, seen)
        return self._date(name, seen) if name in self._days else self._category(name, seen)

    def _is_number(self, name: str, seen: Seen) -> bool:
        """Whether an input is one of numbers: as the founders say, or else as it looks."""
        wished = self._wishes.kinds.get(name)
        if wished == "number" and not seen.numbers[self._decimal]:
            raise DataError(f"--kind {name}=number: it holds none, such as {examples(seen.texts)}")
        return seen.is_of_numbers(self._decimal) if wished is None else wished == "number"

    def _reason_against(self, name: str) -> str:
        seen, wishes = self._seen[name], self._wishes
        if name in wishes.drop:
            return "--drop"
        if name == wishes.group:
            return "--group: it says what belongs together"
        if name == wishes.time:
            return "--time: it says which rows are the latest"
        if not seen.present:
            return "empty in every row"
        if seen.different == 1 and not seen.missing:
            return f"{next(iter(seen.texts))[:30]!r} in every row"
        if not any(map(is_decoded, seen.texts)):
            return f"no cell is of the file's encoding, such as {examples(seen.texts)}"
        if name in wishes.keep or name in wishes.kinds:
            return ""
        return doubts.against(name, seen, self._decimal)

    def _number(self, name: str, seen: Seen) -> dict[str, Any]:
        moments = seen.moments[self._decimal]
        self.used[name] = f"number, {moments.mean:.4g} ± {moments.spread:.3g}{self._gaps(seen)}"
        self.notes += doubts.of_number(name, seen, self._decimal)
        return {"column": name, "kind": "number", **_standard(moments, seen)}

    def _formats(self, name: str) -> tuple[str, ...]:
        """Those of an input that holds dates; none of any other column."""
        seen, wished = self._seen[name], self._wishes.kinds.get(name)
        if name in self._wishes.targets or self._reason_against(name) or self._is_number(name, seen):
            return ()
        found = () if wished == "category" else formats_of(text for text, _ in seen.texts.most_common())
        if wished == "date" and not found:
            raise DataError(
                f"--kind {name}=date: no dates of a usual form, such as {examples(seen.texts)}; write "
                "its formats into the file"
            )
        return found

    def _dates_of(self, formats: dict[str, tuple[str, ...]]) -> dict[str, "_Days"]:
        """Moments of columns of dates, of all that are too many to have been kept in one reading."""
        found = {name: _Days(formats, self._nothing) for name, formats in formats.items()}
        again = [name for name in found if not self._seen[name].is_exact]
        for name in found.keys() - set(again):
            found[name].add(self._seen[name].texts)
        for piece in self._source.pieces(again) if again else ():
            for name in again:
                found[name].add(Counter(piece.columns[name]))
        return found

    def _date(self, name: str, seen: Seen) -> dict[str, Any]:
        formats, moments, unread = (of := self._days[name]).formats, of.moments, of.unread
        self.used[name] = f"date, {' or '.join(formats)}{self._gaps(seen)}"
        self.notes += doubts.of_date(name, seen, formats, unread)
        return {"column": name, "kind": "date", "formats": formats, **_standard(moments, seen)}

    def _category(self, name: str, seen: Seen) -> dict[str, Any]:
        unread = Counter({text: count for text, count in seen.texts.items() if not is_decoded(text)})
        frequent = dict((seen.texts - unread).most_common(MOST_VALUES))
        values = sorted(frequent, key=_natural)
        rest = seen.different - len(unread) - len(values)
        rare = round(1 - sum(frequent.values()) / (seen.present - unread.total()), 3) if rest else 0.0
        more = f", {rest} rarer ones share an input, {rare:.1%} of the cells" if rest else ""
        shown = ", ".join(map(repr, values[:4])) + (", …" if len(values) > 4 else "")
        self.used[name] = f"one of {len(values)} values: {shown}{more}{self._gaps(seen)}"
        self.notes += doubts.of_category(name, seen, self._decimal, name in self._wishes.kinds)
        return {
            "column": name,
            "kind": "category",
            "values": values,
            "other": True,
            "rare": rare,
            "flag": bool(seen.missing),
        }

    def _gaps(self, seen: Seen) -> str:
        return f"; {counted(seen.missing, 'gap')}, which have an input" if seen.missing else ""

    def _time(self) -> dict[str, Any] | None:
        name = self._wishes.time
        if name is None:
            return None
        seen = self._seen[name]
        formats = None if seen.is_of_numbers(self._decimal) else formats_of(seen.texts)
        if formats == ():
            raise DataError(f"--time {name} holds neither numbers nor dates, such as {examples(seen.texts)}")
        return {"column": name, "formats": formats}


def _require_told_apart(name: str, values: Sequence[str]) -> None:
    """Raise DataError when two outcomes are two ways to write one: NO and no, 1 and 1.0."""
    first: dict[object, str] = {}
    for value in values:
        number = number_rule(".")(value)
        meant = number if np.isfinite(number) else visible(value).replace("_", " ").casefold()
        other = first.setdefault(meant, value)
        if other != value:
            raise DataError(
                f"the target {name} has {other!r} and {value!r}, two outcomes that are one, as it seems; "
                "write each in one way"
            )


class _Days:
    """A column's dates, in days."""

    def __init__(self, formats: tuple[str, ...], nothing: frozenset[str]) -> None:
        self.formats, self._nothing = formats, nothing
        self.moments, self.unread = Moments(), 0

    def add(self, counts: Mapping[str, int]) -> None:
        """Take in how often each text stands there."""
        texts = [text for text in counts if text not in self._nothing]
        values = np.array([days(text, self.formats) for text in texts], np.float64)
        weights, good = np.array([counts[text] for text in texts], np.float64), np.isfinite(values)
        self.unread += int(weights[~good].sum())
        self.moments.add(values[good], weights[good])


def _standard(moments: Moments, seen: Seen) -> dict[str, Any]:
    mean = _short(moments.mean)
    gap = {"gap": mean, "flag": True} if seen.missing else {}
    return {"mean": mean, "scale": _short(moments.spread) or 1.0, **gap}


def _short(value: float) -> float:
    """A number of six digits: one that a person can read and change."""
    return float(f"{value:.6g}")


def _natural(text: str) -> tuple[int, float, str]:
    """Numbers by size, then texts by letters."""
    value = number_rule(".")(text)
    return (0, value, text) if np.isfinite(value) else (1, 0.0, text)


def _guessed(path: Path) -> str | None:
    """The encoding of a file that is no Unicode, where it is one that can be told; None of one that is."""
    with opened(path) as stream:
        sample = stream.read(_SAMPLE)
    # What has zero bytes is UTF-16 or UTF-32, if it is text at all.
    if b"\0" in sample or is_utf8(sample, is_whole=len(sample) < _SAMPLE):
        return None
    odd = odd_words(sample)
    if odd:
        raise DataError(
            f"{path} is neither UTF-8 nor, as it looks, cp1252, which has {examples(odd)} in it; name its "
            "encoding with --encoding, such as shift_jis, gb18030, big5, euc_kr, cp1251, iso8859_2 or cp1250"
        )
    return "cp1252"
