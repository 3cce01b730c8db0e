"""What a form makes of a cell's text: a value for each kind of column, by a rule of its own."""

from collections.abc import Callable, Mapping, Sequence

from ml.data.text.cells import EMPTY, MISSING, UNREADABLE, Rule, day, is_text, number
from ml.data.text.dates import days
from ml.tasks.tables.form import (
    CategoryColumn,
    ClassesTarget,
    DateColumn,
    Form,
    NumberColumn,
    NumbersTarget,
    Reading,
    TimeColumn,
)

_SWAPPED = str.maketrans(",.", ".,")


def rules(form: Form) -> dict[str, Rule]:
    """Return, by column, what reads a cell: to a number, days since 1970, or the place of a value.

    A category that is not among a column's values has the place behind them.
    """
    found = {each.column: rule_of(each, form.read) for each in form.inputs}
    return found | {each.column: rule_of(each, form.read) for each in form.learned}


def rule_of(
    column: NumberColumn | DateColumn | CategoryColumn | ClassesTarget | NumbersTarget | TimeColumn,
    reading: Reading,
) -> Rule:
    """Return the rule of one column."""
    nothing = EMPTY | set(reading.missing)
    if isinstance(column, CategoryColumn):
        return _with_missing(nothing - set(column.values), _category(column.values))
    if isinstance(column, ClassesTarget):
        return _with_missing(nothing - set(column.values), _outcome(column.values, reading))
    if isinstance(column, DateColumn):
        return _with_missing(nothing, lambda text: days(text, column.formats))
    if isinstance(column, TimeColumn):
        return _with_missing(nothing, _time(column.formats, reading))
    return _with_missing(nothing, number_rule(reading.decimal))


def number_rule(decimal: str) -> Rule:
    """Return what reads numbers with a point or a comma before the fraction.

    >>> number_rule(",")("1.234,5"), number_rule(",")("1,5")
    (1234.5, 1.5)
    """
    return number if decimal == "." else lambda text: number(text.translate(_SWAPPED))


def _with_missing(nothing: set[str] | frozenset[str], rule: Rule) -> Rule:
    return lambda text: MISSING if text in nothing else rule(text)


def _category(values: Sequence[str]) -> Rule:
    places = {value: float(place) for place, value in enumerate(values)}
    return lambda text: places.get(text, float(len(values)) if is_text(text) else UNREADABLE)


def _outcome(values: Sequence[str], reading: Reading) -> Rule:
    places = {value: float(place) for place, value in enumerate(values)}
    by_number = _places_by_number(values, number_rule(reading.decimal))
    read = number_rule(reading.decimal)
    return lambda text: places[text] if text in places else by_number.get(read(text), UNREADABLE)


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
