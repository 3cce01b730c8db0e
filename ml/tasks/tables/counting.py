"""What is counted of a table's columns while they are looked at in pieces, in memory that no row adds to."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml.data.text.cells import EMPTY, Rule, number, plain_numbers

NEARLY_ALL = 0.95
"""Share of a column's cells that must be numbers, or dates, for it to be of such."""
_KEPT_TEXTS = 2_000  # Different texts of a column, of numbers and of others, that are counted exactly.
_REPEATED = 3  # Cells from which a word says that there is no number, and is no slip.
_WORD = re.compile(r"[^\d\udc80-\udcff]+")
_CODE = re.compile(r"0\d+")


class Frequent:
    """How often each text stands there: exactly while few differ; of many, about, those that do most often.

    Where there are twice as many as are kept, the rarer half is let go (as Manku and Motwani's lossy counting
    does, 2002), so that a count may then be short of what stood there before.

    Attributes:
        counts: By text, in the order of their first appearance.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._first: tuple[int, int] | None = None

    def add(self, counts: Mapping[str, int]) -> None:
        """Take in the counts of a piece."""
        self.counts.update(counts)
        if len(self.counts) > 2 * _KEPT_TEXTS:
            self._first = self.differing
            self.counts = Counter(dict(self.counts.most_common(_KEPT_TEXTS)))

    @property
    def is_exact(self) -> bool:
        """Whether none was let go."""
        return self._first is None

    @property
    def differing(self) -> tuple[int, int]:
        """How many texts differ, and among how many cells: all, or those before the first was let go."""
        return self._first or (len(self.counts), self.counts.total())


@dataclass
class Seen:
    """What is counted of one column.

    Attributes:
        nothing: Texts of an empty cell.
        missing: Empty cells.
        present: The others.
        numbers: Of them those that are numbers, by what stands before a fraction.
        moments: Of these.
        numerals: Texts that are numbers, by some reading; of a column of many numbers, the first.
        words: The other texts.
        unclear: The first text that is one number by one reading and another by the other; empty without.
        has_codes: Whether one is a code such as 007.
        all_differ: Whether no text stood there twice, as far as that was counted.
    """

    nothing: frozenset[str] = EMPTY
    missing: int = 0
    present: int = 0
    numbers: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    moments: dict[str, "Moments"] = field(default_factory=lambda: {".": Moments(), ",": Moments()})
    numerals: Frequent = field(default_factory=Frequent)
    words: Frequent = field(default_factory=Frequent)
    unclear: str = ""
    has_codes: bool = False
    all_differ: bool = True

    def add(self, cells: Sequence[str], rules: Mapping[str, Rule]) -> None:
        """Count a piece's cells."""
        counts = Counter(cells)
        self.missing += sum(counts.pop(text) for text in counts.keys() & self.nothing)
        present = sum(counts.values())
        self.present += present
        self.has_codes = self.has_codes or any(map(_CODE.fullmatch, counts))
        self._add_texts(counts, self._add_numbers(counts, rules), any(map(self.is_of_numbers, rules)))
        self.all_differ = self.all_differ and len(counts) == present
        if self.is_exact:
            self.all_differ = self.all_differ and self.different == self.present

    def _add_numbers(self, counts: Counter[str], rules: Mapping[str, Rule]) -> NDArray[np.bool_]:
        """Count the numbers among different texts; return which of them are some."""
        weights = np.fromiter(counts.values(), np.float64, len(counts))
        are_numerals = np.zeros(len(counts), bool)
        texts = list(counts)
        read = {decimal: _numbers(texts, decimal, rule) for decimal, rule in rules.items()}
        self._look_for_two_meanings(texts, list(read.values()))
        for decimal, values in read.items():
            good = np.isfinite(values)
            self.numbers[decimal] += int(weights[good].sum())
            self.moments[decimal].add(values[good], weights[good])
            are_numerals |= good
        return are_numerals

    def _look_for_two_meanings(self, texts: Sequence[str], read: Sequence[NDArray[np.float64]]) -> None:
        if len(read) > 1 and not self.unclear:
            differ = np.isfinite(read[0]) & np.isfinite(read[1]) & (read[0] != read[1])
            self.unclear = texts[int(np.argmax(differ))] if differ.any() else ""

    def _add_texts(self, counts: Counter[str], are_numerals: NDArray[np.bool_], of_numbers: bool) -> None:
        """Count texts; which numbers stand in a column of many different ones, nobody will ask."""
        texts = list(counts)
        self.words.add({texts[place]: counts[texts[place]] for place in np.flatnonzero(~are_numerals)})
        if self.numerals.is_exact or not of_numbers:
            self.numerals.add({texts[place]: counts[texts[place]] for place in np.flatnonzero(are_numerals)})

    @property
    def texts(self) -> Counter[str]:
        """How often each stands there, those of `words` first."""
        return self.words.counts + self.numerals.counts

    @property
    def different(self) -> int:
        """Different texts, as far as they were counted."""
        return self.words.differing[0] + self.numerals.differing[0]

    @property
    def differing_share(self) -> float:
        """Different texts for each cell among which they were counted."""
        counted = self.words.differing[1] + self.numerals.differing[1]
        return self.different / counted if counted else 0.0

    @property
    def is_exact(self) -> bool:
        """Whether every text was counted."""
        return self.words.is_exact and self.numerals.is_exact

    def take_for_gaps(self, decimal: str) -> set[str]:
        """Return the words that repeat in a column of numbers, as `unknown` or `--`; they are gaps then."""
        if self.has_codes or self.numbers[decimal] <= self.present / 2:
            return set()
        words = {
            text
            for text, count in self.words.counts.items()
            if count >= _REPEATED and _WORD.fullmatch(text) and not np.isfinite(number(text))
        }
        count = sum(self.words.counts.pop(word) for word in words)
        self.missing, self.present = self.missing + count, self.present - count
        return words

    def is_of_numbers(self, decimal: str) -> bool:
        """Whether nearly all cells are numbers, and none a code such as 007."""
        return (
            bool(self.present) and not self.has_codes and self.numbers[decimal] >= NEARLY_ALL * self.present
        )


def _numbers(texts: Sequence[str], decimal: str, rule: Rule) -> NDArray[np.float64]:
    plain = plain_numbers(texts, decimal)
    return np.fromiter(map(rule, texts), np.float64, len(texts)) if plain is None else plain


class Moments:
    """Count, mean and spread of numbers that come in pieces (Chan, Golub and LeVeque's update)."""

    def __init__(self) -> None:
        self.count, self.mean, self._squares = 0, 0.0, 0.0

    def add(self, values: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        """Take in more numbers, each as often as its weight says."""
        added = int(weights.sum())
        if not added:
            return
        mean, count = float(values @ weights) / added, self.count + added
        apart = mean - self.mean
        self._squares += float((values - mean) ** 2 @ weights) + apart**2 * self.count * added / count
        self.mean += apart * added / count
        self.count = count

    @property
    def spread(self) -> float:
        """Their standard deviation."""
        return float(np.sqrt(self._squares / self.count)) if self.count else 0.0
