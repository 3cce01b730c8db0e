"""What a form makes of cells' text: a value for each kind of column, by a rule of its own."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.data.text.cells import EMPTY, MISSING, UNREADABLE, Cells, Rule, day, is_text, number, plain_numbers
from ml.data.text.dates import days
from ml.tasks.tables.form import (
    BetweenColumn,
    CategoryColumn,
    ClassesTarget,
    DateColumn,
    NumberColumn,
    NumbersTarget,
    RatioColumn,
    Reading,
    ScaledColumn,
    TimeColumn,
)

Floats = NDArray[np.float64]

_SOME = 500  # Cells that tell whether a column repeats its texts, which are then remembered.
_MOST = float(np.finfo(np.float32).max)
_SWAPPED = str.maketrans(",.", ".,")


class NumberCells(Cells):
    """The cells of a column of numbers: at once, where they hardly repeat and are plain.

    Args:
        rule: What reads one, empty or else.
        decimal: What stands before a fraction.
    """

    def __init__(self, rule: Rule, decimal: str) -> None:
        super().__init__(rule)
        self._decimal = decimal

    def read(self, texts: Sequence[str]) -> Floats:
        """Return a value, MISSING or UNREADABLE for each text, float64 [texts]."""
        few = texts[:_SOME]
        found = plain_numbers(texts, self._decimal) if len(set(few)) > len(few) / 2 else None
        return super().read(texts) if found is None else found


def cells_of(
    column: ScaledColumn | CategoryColumn | ClassesTarget | NumbersTarget | TimeColumn, reading: Reading
) -> Cells:
    """Return what reads a column's cells; see `rule_of`."""
    rule = rule_of(column, reading)
    # A number that stands for nothing is no plain one.
    odd = any(plain_numbers([text], reading.decimal) is not None for text in reading.missing)
    if odd or not isinstance(column, NumberColumn | RatioColumn | NumbersTarget):
        return Cells(rule)
    return NumberCells(rule, reading.decimal)


def rule_of(
    column: ScaledColumn | CategoryColumn | ClassesTarget | NumbersTarget | TimeColumn, reading: Reading
) -> Rule:
    """Return what reads a cell of a column: to a number, days since 1970, or the place of a value.

    A category that is not among a column's values has the place behind them. Of a column that is made of
    two it is the rule of each; see `made_of`.
    """
    nothing = {*EMPTY, *reading.missing}
    if isinstance(column, CategoryColumn | ClassesTarget):
        nothing = {each for each in nothing if column.key(each) not in column.places}
        rule = _category(column) if isinstance(column, CategoryColumn) else _outcome(column, reading)
        return _with_missing(nothing, rule)
    if isinstance(column, DateColumn):
        return _with_missing(nothing, lambda text: days(text, column.formats))
    if isinstance(column, BetweenColumn):
        return _with_missing(nothing, _date(column.formats))
    if isinstance(column, TimeColumn):
        return _with_missing(nothing, _time(column.formats, reading))
    return _with_missing(nothing, number_rule(reading.decimal))


def made_of(
    column: ScaledColumn | CategoryColumn | ClassesTarget | NumbersTarget, read: Sequence[Floats]
) -> Floats:
    """Return a column's values float64 [rows] of what its rule read in each of its sources.

    Of two, one that is UNREADABLE makes the value so, or else one that is MISSING; what lies outside a
    column's bounds, or so far that a float32 cannot hold it, is UNREADABLE.
    """
    values = _made_of_two(column, *read) if isinstance(column, RatioColumn | BetweenColumn) else read[0]
    if isinstance(column, ScaledColumn | NumbersTarget):
        values = np.where(np.abs(values - column.mean) > _MOST * column.scale, UNREADABLE, values)
    if isinstance(column, DateColumn) or not isinstance(column, ScaledColumn):
        return values
    for outside, bound in ((np.less, column.least), (np.greater, column.most)):
        if bound is not None:
            values = np.where(outside(values, bound), UNREADABLE, values)
    return values


def _made_of_two(column: RatioColumn | BetweenColumn, first: Floats, second: Floats) -> Floats:
    values = np.where(np.isinf(first) | np.isinf(second), UNREADABLE, MISSING)
    known = np.isfinite(first) & np.isfinite(second)
    values[known] = _of_two(column, first[known], second[known])
    return values


def _of_two(column: RatioColumn | BetweenColumn, first: Floats, second: Floats) -> Floats:
    if isinstance(column, RatioColumn):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratios = first / second
        return np.where(np.isfinite(ratios), ratios, UNREADABLE)
    if column.unit == "days":
        return second - first
    return _months(second) - _months(first)


def _months(dates: Floats) -> Floats:
    """Months of the calendar since 1970, of days since then."""
    whole = np.floor(dates).astype("datetime64[D]")
    return whole.astype("datetime64[M]").astype(np.float64)


def number_rule(decimal: str) -> Rule:
    """Return what reads numbers with a point or a comma before the fraction.

    >>> number_rule(",")("1.234,5"), number_rule(",")("1,5")
    (1234.5, 1.5)
    """
    return number if decimal == "." else lambda text: number(text.translate(_SWAPPED))


def _with_missing(nothing: set[str] | frozenset[str], rule: Rule) -> Rule:
    return lambda text: MISSING if text in nothing else rule(text)


def _category(column: CategoryColumn) -> Rule:
    places, other = column.places, len(column.values)
    return lambda text: float(places.get(column.key(text), other if is_text(text) else UNREADABLE))


def _outcome(column: ClassesTarget, reading: Reading) -> Rule:
    places, read = column.places, number_rule(reading.decimal)
    by_number = _places_by_number(column.values, read)

    def rule(text: str) -> float:
        place = places.get(column.key(text))
        return by_number.get(read(text), UNREADABLE) if place is None else float(place)

    return rule


def _date(formats: Sequence[str] | None) -> Rule:
    return day if formats is None else lambda text: days(text, formats)


def _places_by_number(values: Sequence[str], read: Callable[[str], float]) -> Mapping[float, float]:
    """Where all outcomes are numbers, 1 and 1.0 are the same one."""
    numbers = [read(value) for value in values]
    if any(each in (MISSING, UNREADABLE) or each != each for each in numbers):
        return {}
    return {each: float(place) for place, each in enumerate(numbers)}


def _time(formats: Sequence[str] | None, reading: Reading) -> Rule:
    read = number_rule(reading.decimal)
    if formats is not None:
        return lambda text: days(text, formats)
    return lambda text: value if (value := read(text)) != UNREADABLE else day(text)
