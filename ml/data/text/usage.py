"""How many rows of a file are used, how many are left out, and why: by column, with an example."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ml.data.text.cells import likely_cause
from ml.errors import DataError
from ml.messages import quoted

_SHOWN = 5
_EXAMPLE = 40


class ColumnFaults(BaseModel):
    """What was wrong in one column of the rows that count.

    Attributes:
        missing: Empty cells.
        unreadable: Cells that its rule does not understand.
        example: The first of the latter.
        line: Its line in the file.
        cause: What it looks like, where that is known.
        expected: What it should have been, where that is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    missing: int = 0
    unreadable: int = 0
    example: str | None = None
    line: int | None = None
    cause: str | None = None
    expected: str | None = None

    def plus(self, other: "ColumnFaults") -> "ColumnFaults":
        """Return both together, with the first's example."""
        first = self if self.example is not None else other
        return first.model_copy(
            update={
                "missing": self.missing + other.missing,
                "unreadable": self.unreadable + other.unreadable,
            }
        )

    def told(self, column: str) -> str:
        """Return them in words."""
        parts = [f"{column} is missing in {self.missing}"] if self.missing else []
        if self.unreadable:
            like = f", it looks like {self.cause}" if self.cause else ""
            wanted = f", expected {self.expected}" if self.expected and not like else ""
            parts.append(
                f"{column} is unreadable in {self.unreadable}, such as {self.example} in line "
                f"{self.line}{like}{wanted}"
            )
        return "; ".join(parts)


class Usage(BaseModel):
    """What became of a file's rows.

    Attributes:
        what: What a row is, in the plural: "loans".
        source: Name of the file.
        rows: Rows in the file.
        used: Of them, those that are used.
        repeated: Of those, the ones that are the same as an earlier one in every column that is used.
        apart: Rows that are not meant to be used, by why, such as loans that are not decided.
        columns: By column, what was wrong in the others; a row may lack several.
        broken: Lines that are no rows.
        broken_line: The first of them, in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str = "rows"
    source: str = "the rows"
    rows: int
    used: int
    repeated: int = 0
    apart: dict[str, int] = {}
    columns: dict[str, ColumnFaults] = {}
    broken: int = 0
    broken_line: str = ""

    @property
    def lost(self) -> int:
        """Rows that should be used and cannot be, and lines that are no rows."""
        return self.rows - sum(self.apart.values()) - self.used + self.broken

    def sampled(self, rows: int) -> "Usage":
        """Return it for a run that uses `rows` of the used ones, drawn at random."""
        apart = {**self.apart, "usable, but not drawn": self.used - rows}
        return self.model_copy(update={"used": rows, "apart": apart})

    def told(self) -> list[str]:
        """Return sentences for people: how many rows are used, and each reason why others are not."""
        apart = Counter(self.apart).most_common()
        told = [f"{self.source}: {self.used} of {self.rows} {self.what} are used"]
        if self.repeated:
            told.append(
                f"the same as an earlier one in every column: {self.repeated}; was a file joined to itself?"
            )
        told += [f"left out, {why}: {count}" for why, count in apart[:_SHOWN]]
        if len(apart) > _SHOWN:
            told.append(f"left out, of {len(apart) - _SHOWN} more kinds: {sum(n for _, n in apart[_SHOWN:])}")
        lost = self.lost - self.broken
        return told + ([f"left out for gaps or what cannot be read: {lost}"] if lost else []) + self._faults()

    def _faults(self) -> list[str]:
        columns = sorted(self.columns.items(), key=lambda item: -item[1].missing - item[1].unreadable)
        told = [faults.told(column) for column, faults in columns]
        return told + ([f"lines that are no rows: {self.broken}, {self.broken_line}"] if self.broken else [])

    def require(self, source: object, allowed: float) -> None:
        """Raise `DataError` when more than a share `allowed` of the rows that should be used cannot be."""
        wanted = self.used + self.lost
        if self.lost > allowed * wanted:
            why = "; ".join(self._faults()[:3])
            raise DataError(
                f"{self.lost} of {wanted} {self.what} of {source} cannot be used, more than the "
                f"{allowed:.0%} that --allow-missing permits: {why}"
            )


def first_of(rows: int, used: int, what: str, source: str) -> Usage:
    """Return what became of a set of which the first `used` rows are used."""
    apart = {f"beyond the first {used}": rows - used} if rows > used else {}
    return Usage(what=what, source=source, rows=rows, used=used, apart=apart)


class Tally:
    """Counts what becomes of rows while they are read in pieces."""

    def __init__(self, what: str, source: str) -> None:
        self._what = what
        self._source = source
        self._rows = 0
        self._used = 0
        self._apart: Counter[str] = Counter()
        self._columns: dict[str, ColumnFaults] = {}
        self._broken = 0
        self._broken_line = ""

    def count(self, rows: int, used: int, broken: Sequence[tuple[int, str]]) -> None:
        """Add a piece's rows, those used of them, and its lines that are no rows."""
        self._rows += rows
        self._used += used
        if broken and not self._broken:
            line, start = broken[0]
            self._broken_line = f"such as line {line}, which begins {quoted(start)}"
        self._broken += len(broken)

    def set_apart(self, reasons: Sequence[str]) -> None:
        """Add rows that are not meant to be used, a reason each."""
        self._apart.update(reasons)

    def judge(
        self,
        column: str,
        values: NDArray[np.float64],
        texts: Sequence[str],
        lines: Sequence[int],
        expected: str = "",
    ) -> None:
        """Add what a piece's column lacks: its values, the texts that they were and where these stand."""
        bad = np.flatnonzero(np.isinf(values))
        faults = ColumnFaults(missing=int(np.isnan(values).sum()), unreadable=len(bad))
        if len(bad):
            text = texts[bad[0]]
            faults = faults.model_copy(
                update={
                    "example": quoted(text[:_EXAMPLE]),
                    "line": int(lines[bad[0]]),
                    "cause": likely_cause(text) or None,
                    "expected": expected or None,
                }
            )
        if faults.missing or faults.unreadable:
            self._columns[column] = self._columns.get(column, ColumnFaults()).plus(faults)

    @property
    def usage(self) -> Usage:
        """What was counted."""
        return Usage(
            what=self._what,
            source=self._source,
            rows=self._rows,
            used=self._used,
            apart=dict(self._apart),
            columns=self._columns,
            broken=self._broken,
            broken_line=self._broken_line,
        )
