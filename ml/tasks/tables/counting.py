"""What is counted of a table's columns while they are looked at in pieces."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml.data.text.cells import EMPTY, Cells, number

NEARLY_ALL = 0.95
"""Share of a column's cells that must be numbers, or dates, for it to be of such."""
_KEPT_TEXTS = 100_000  # Different texts that are counted of a column.
_REPEATED = 3  # Cells from which a word says that there is no number, and is no slip.
_WORD = re.compile(r"[^\W\d][^\d\udc80-\udcff]*")
_CODE = re.compile(r"0\d+")


@dataclass
class Seen:
    """What is counted of one column."""

    missing: int = 0
    present: int = 0
    numbers: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    moments: dict[str, "Moments"] = field(default_factory=lambda: {".": Moments(), ",": Moments()})
    texts: Counter[str] = field(default_factory=Counter)
    has_codes: bool = False
    all_differ: bool = True

    def add(self, cells: Sequence[str], rules: dict[str, Cells]) -> None:
        """Count a piece's cells."""
        present = [text for text in cells if text not in EMPTY]
        self.missing += len(cells) - len(present)
        self.present += len(present)
        for decimal, rule in rules.items():
            values = rule.read(present)
            values = values[np.isfinite(values)]
            self.numbers[decimal] += len(values)
            self.moments[decimal].add(values)
        if len(self.texts) < _KEPT_TEXTS:
            self.texts.update(present)
            self.all_differ = self.all_differ and len(self.texts) == self.present
        self.has_codes = self.has_codes or any(map(_CODE.fullmatch, present))

    def take_for_gaps(self, decimal: str) -> set[str]:
        """Return the words that repeat in a column of numbers, such as `unknown`, and count them as gaps."""
        if self.has_codes or self.numbers[decimal] <= self.present / 2:
            return set()
        words = {
            text
            for text, count in self.texts.items()
            if count >= _REPEATED and _WORD.fullmatch(text) and not np.isfinite(number(text))
        }
        count = sum(self.texts.pop(word) for word in words)
        self.missing, self.present = self.missing + count, self.present - count
        return words

    def is_of_numbers(self, decimal: str) -> bool:
        """Whether nearly all cells are numbers, and none a code such as 007."""
        return (
            bool(self.present) and not self.has_codes and self.numbers[decimal] >= NEARLY_ALL * self.present
        )


class Moments:
    """Count, mean and spread of numbers that come in pieces (Chan, Golub and LeVeque's update)."""

    def __init__(self) -> None:
        self.count, self.mean, self._squares = 0, 0.0, 0.0
        self.are_whole = True

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in more numbers."""
        if not len(values):
            return
        mean, count = float(values.mean()), self.count + len(values)
        apart = mean - self.mean
        self._squares += float(((values - mean) ** 2).sum()) + apart**2 * self.count * len(values) / count
        self.mean += apart * len(values) / count
        self.count = count
        self.are_whole = self.are_whole and bool((values == np.rint(values)).all())

    @property
    def spread(self) -> float:
        """Their standard deviation."""
        return float(np.sqrt(self._squares / self.count)) if self.count else 0.0
