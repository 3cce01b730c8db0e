"""Rows of a table as columns of numbers and categories, before they are encoded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ODD = np.uint64(0x9E3779B97F4A7C15)  # Of a multiplicative hash of 64 bits.


@dataclass(frozen=True, eq=False)
class Category:
    """A column of categories: of each row, int32 [rows], which of `values` it has."""

    codes: NDArray[np.int32]
    values: tuple[str, ...]

    def rows(self, places: NDArray[np.int64]) -> "Category":
        """Return the column of the rows at `places`."""
        return Category(self.codes[places], self.values)

    @property
    def text(self) -> NDArray[np.str_]:
        """The values, one a row."""
        return np.array(self.values or ("",), str)[self.codes]

    @property
    def present(self) -> tuple[str, ...]:
        """The values that some row has, sorted."""
        return tuple(sorted(self.values[code] for code in np.unique(self.codes)))

    def where(self, known: Sequence[str]) -> NDArray[np.int64]:
        """Return of each row the place of its value in `known`, or len(known) when it is not there."""
        place = {value: i for i, value in enumerate(known)}
        table = np.array([place.get(value, len(known)) for value in self.values], np.int64)
        return table[self.codes]


class Texts(Mapping[str, NDArray[np.str_]]):
    """Categories by column, as text when they are asked for."""

    def __init__(self, categories: Mapping[str, Category]) -> None:
        self._categories = categories

    def __getitem__(self, name: str) -> NDArray[np.str_]:
        return self._categories[name].text

    def __iter__(self) -> Iterator[str]:
        return iter(self._categories)

    def taken(self, places: NDArray[np.int64]) -> "Texts":
        """Some of the rows."""
        return Texts({name: column.rows(places) for name, column in self._categories.items()})

    def __len__(self) -> int:
        return len(self._categories)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows without a gap.

    Attributes:
        categories: By column.
        numbers: By column, float64 [rows], finite.
        labels: What is to be predicted, float32 [rows].
    """

    categories: Mapping[str, Category]
    numbers: Mapping[str, NDArray[np.float64]]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.labels)

    def rows(self, places: NDArray[np.int64]) -> "Table":
        """Return the rows at `places`."""
        return Table(
            {name: column.rows(places) for name, column in self.categories.items()},
            {name: column[places] for name, column in self.numbers.items()},
            self.labels[places],
        )


def joined(parts: Sequence[Table]) -> Table:
    """Return the rows of all `parts`, at least one."""
    first = parts[0]
    return Table(
        {name: _one([part.categories[name] for part in parts]) for name in first.categories},
        {name: np.concatenate([part.numbers[name] for part in parts]) for name in first.numbers},
        np.concatenate([part.labels for part in parts]),
    )


def repeated(table: Table) -> int:
    """Return how many rows are the same as an earlier one in every column."""
    mixed = np.zeros(len(table), np.uint64)
    columns = [column.codes for column in table.categories.values()]
    for values in (*columns, *table.numbers.values(), table.labels):
        mixed = (mixed ^ np.asarray(values, np.float64).view(np.uint64)) * _ODD
        mixed ^= mixed >> np.uint64(29)
    return len(mixed) - len(np.unique(mixed))


def _one(parts: Sequence[Category]) -> Category:
    values = tuple(dict.fromkeys(value for part in parts for value in part.values))
    return Category(np.concatenate([part.where(values) for part in parts]).astype(np.int32), values)
