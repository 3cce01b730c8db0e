"""The file, format 1: what it may say, and a sentence on the first thing in it that cannot be."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ml.data.text.cells import composed, visible
from ml.data.text.dates import require_format
from ml.data.text.dialect import known_encoding
from ml.errors import TaskError
from ml.home import at_home
from ml.json_file import read_value
from ml.messages import cleaned
from ml.validation import Written, is_none, is_unsaid

FORMAT = 1
MOST_LAYERS, MOST_WIDTH = 8, 8192

_SHOWN = 60


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((value for place, value in enumerate(values) if value in values[:place]), None)
    if twice is not None:
        raise ValueError(f"{twice!r} stands there twice")
    return values


def _composed(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(composed, values))


def _is_faults(others: str) -> bool:
    return others == "faults"


def _encoding(name: str | None) -> str | None:
    return None if name is None else known_encoding(name)


Values = Annotated[tuple[str, ...], AfterValidator(_composed), AfterValidator(_unique)]
Formats = Annotated[
    tuple[Annotated[str, AfterValidator(require_format)], ...], Field(min_length=1), AfterValidator(_unique)
]
Spellings = Annotated[Mapping[str, str], Field(exclude_if=is_unsaid)]
Loose = Annotated[bool, Field(exclude_if=is_unsaid)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]


class _Part(Written):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reading(_Part):
    """How the file writes a table; what is left out is found out of each file by itself.

    Attributes:
        separator: Between cells.
        encoding: Python's name of it.
        decimal: What stands before a fraction.
        missing: Spellings of nothing, beside the usual ones.
    """

    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str | None, AfterValidator(_encoding)] = None
    decimal: Literal[".", ","] = "."
    missing: Values = ()


class _Scaled(_Part):
    """What becomes (value − mean) / scale.

    Attributes:
        column: Its name.
        kind: What it is.
        mean: Of the founders' rows, about; of dates in days since 1970.
        scale: Their spread.
        gap: What stands for an empty cell; none to leave such a row out.
        flag: Whether an input of its own says that the cell was empty.
    """

    column: Name
    kind: str
    mean: Finite
    scale: Scale
    gap: Finite | None = None
    flag: bool = False


class _Bounded(_Scaled):
    """What lies outside its bounds cannot be read.

    Attributes:
        least: The lower; none for none.
        most: The upper; likewise.
    """

    least: Annotated[Finite | None, Field(exclude_if=is_none)] = None
    most: Annotated[Finite | None, Field(exclude_if=is_none)] = None

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least:g} is above most {self.most:g}")
        return self


class NumberColumn(_Bounded):
    """A number."""

    kind: Literal["number"]


class RatioColumn(_Bounded):
    """One number divided by another; by zero it cannot be read. `column` is a name for it, of no column.

    Attributes:
        of: Column of what is divided.
        to: Column of what it is divided by.
    """

    kind: Literal["ratio"]
    of: Name
    to: Name


class BetweenColumn(_Bounded):
    """The time from one date to another, below 0 where they are the other way round; `column` names it.

    Attributes:
        since: Column of the first date.
        until: Column of the second.
        unit: Days, or months of the calendar whatever the day: from 31 January to 1 February it is one.
        formats: As of `DateColumn`, of both; none for any usual date.
    """

    kind: Literal["between"]
    since: Name
    until: Name
    unit: Literal["days", "months"]
    formats: Annotated[Formats | None, Field(exclude_if=is_none)] = None


class DateColumn(_Scaled):
    """A date.

    Attributes:
        formats: How it may be written, as Python's `strptime` has them; the first that fits counts.
    """

    kind: Literal["date"]
    formats: Formats


class _Listed(_Part):
    """One of some values, each of which may be written otherwise too; see `places`."""

    if TYPE_CHECKING:  # Each kind has them in the place that digests of the first forms know.
        values: Values
        spellings: Spellings
        loose: Loose

    @model_validator(mode="after")
    def _writes_each_in_one_way(self) -> Self:
        known: dict[str, str] = {}
        for written, value in (*((value, value) for value in self.values), *self.spellings.items()):
            if value not in self.values:
                raise ValueError(f"spellings has {written!r} for {value!r}, which is not among the values")
            if (other := known.setdefault(self.key(written), value)) != value:
                raise ValueError(f"{written!r} is written as {other!r} may be, and is to be {value!r}")
        return self

    def key(self, text: str) -> str:
        """Return what counts of a cell's text."""
        return visible(text).replace("_", " ").casefold() if self.loose else text

    @property
    def places(self) -> dict[str, int]:
        """By what counts of every way to write a value, its place among them."""
        numbers = {value: place for place, value in enumerate(self.values)}
        ways = {value: value for value in self.values} | dict(self.spellings)
        return {self.key(written): numbers[value] for written, value in ways.items()}


class CategoryColumn(_Listed):
    """One of some values: an input each.

    Attributes:
        column: Its name.
        values: Those that have an input.
        other: Whether one more says that it is another value; without it all are zero.
        rare: Share of the founders' cells that are another value.
        flag: Whether one more says that the cell was empty; without it such a row is left out.
        spellings: By how a cell may have it too, the value that is meant.
        loose: Whether capitals, kinds of spaces and underscores for spaces do not count.
    """

    column: Name
    kind: Literal["category"]
    values: Annotated[Values, Field(min_length=1)]
    other: bool = True
    rare: Annotated[float, Field(ge=0, le=1, exclude_if=is_unsaid)] = 0.0
    flag: bool = False
    spellings: Spellings = {}
    loose: Loose = False


ScaledColumn = NumberColumn | DateColumn | RatioColumn | BetweenColumn
Column = Annotated[ScaledColumn | CategoryColumn, Field(discriminator="kind")]


class ClassesTarget(_Listed):
    """One of some outcomes. Of two, the model says how likely the last is.

    Attributes:
        column: Its name.
        kind: What it is.
        values: The outcomes.
        spellings: By how a cell may have it too, the outcome that is meant.
        loose: Whether capitals, kinds of spaces and underscores for spaces do not count.
        others: What rows of any other outcome, or of none, are: faults, or set apart as not meant.
    """

    column: Name
    kind: Literal["classes"]
    values: Annotated[Values, Field(min_length=2)]
    spellings: Spellings = {}
    loose: Loose = False
    others: Annotated[Literal["faults", "apart"], Field(exclude_if=_is_faults)] = "faults"


class NumbersTarget(_Part):
    """An amount, of which the model says (value − mean) / scale."""

    column: Name
    kind: Literal["numbers"]
    mean: Finite
    scale: Scale


OneTarget = Annotated[ClassesTarget | NumbersTarget, Field(discriminator="kind")]


def sources_of(column: ScaledColumn | CategoryColumn | ClassesTarget | NumbersTarget) -> tuple[str, ...]:
    """Return the file's columns that an input or a target is read from."""
    if isinstance(column, RatioColumn):
        return column.of, column.to
    return (column.since, column.until) if isinstance(column, BetweenColumn) else (column.column,)


class TimeColumn(_Part):
    """What rows are ordered by: the latest validate. Without formats it is a number, or a usual date."""

    column: Name
    formats: Formats | None = None


class Perceptron(_Part):
    """The model: widths of its hidden layers."""

    hidden: Annotated[
        tuple[Annotated[int, Field(ge=1, le=MOST_WIDTH)], ...], Field(max_length=MOST_LAYERS)
    ] = (128, 128)


class Form(_Part):
    """What is learned of a table's rows.

    Attributes:
        format: Of this file.
        read: How a table is written.
        target: What is to be said of a row.
        targets: Several of each row, in place of one: all of two outcomes, or all amounts. A row counts where
            one of them is known.
        group: Column of what belongs together, such as a patient; it stays on one side of every split.
        time: Column by which the latest rows validate.
        drop: Columns that were left out, for people.
        inputs: What the model sees, in order.
        model: What it is.
        simulation: Settings that differ from a table's defaults, by name; of a simulation, and of members'
            training.
    """

    format: Literal[1]
    read: Reading = Reading()
    target: OneTarget | None = None
    targets: Annotated[tuple[OneTarget, ...], Field(min_length=2, exclude_if=is_unsaid)] | None = Field(
        None, exclude_if=is_unsaid
    )
    group: Name | None = None
    time: TimeColumn | None = None
    drop: tuple[str, ...] = ()
    inputs: Annotated[tuple[Column, ...], Field(min_length=1)]
    model: Perceptron = Perceptron()
    simulation: Annotated[Mapping[str, Any], Field(exclude_if=is_unsaid)] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_time(cls, content: Any) -> Any:
        if isinstance(content, dict) and isinstance(content.get("time"), str):
            return {**content, "time": {"column": content["time"]}}
        return content

    @model_validator(mode="after")
    def _says_what_is_learned(self) -> "Form":
        if (self.target is None) == (self.targets is None):
            raise ValueError("give target, or targets where there are several, and not both")
        if self.targets and len({each.kind for each in self.targets}) > 1:
            raise ValueError("several targets are all of outcomes, or all numbers")
        for each in self.targets or ():
            if isinstance(each, ClassesTarget) and len(each.values) > 2:
                raise ValueError(
                    f"{each.column!r} has {len(each.values)} outcomes; several targets have two each, one "
                    "alone may have more"
                )
            if isinstance(each, ClassesTarget) and each.others == "apart":
                raise ValueError(
                    f"{each.column!r} sets other outcomes apart, which is for a target that is the only one"
                )
        return self

    @model_validator(mode="after")
    def _each_column_has_one_use(self) -> "Form":
        _unique(tuple(each.column for each in self.inputs))
        learned = _unique(tuple(each.column for each in self.learned))
        names = {name for each in self.inputs for name in (each.column, *sources_of(each))}
        for name in learned:
            if name in names:
                raise ValueError(f"the target {name!r} is among the inputs: it would be read off")
        if self.group in learned:
            raise ValueError(f"{self.group!r} cannot be both target and group")
        both = sorted(names & set(self.drop))
        if both:
            raise ValueError(f"{both[0]!r} is among the inputs and in drop; keep one")
        return self

    @property
    def learned(self) -> tuple[ClassesTarget | NumbersTarget, ...]:
        """What is to be said of a row, one or several."""
        return self.targets or ((self.target,) if self.target else ())

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, each once."""
        learned = [each.column for each in self.learned]
        inputs = [name for each in self.inputs for name in sources_of(each)]
        beside = [self.group, self.time.column if self.time else None]
        return tuple(dict.fromkeys([*learned, *inputs, *(name for name in beside if name)]))

    @property
    def canonical(self) -> bytes:
        """The same bytes for the same content, however it is written."""
        return self.model_dump_json().encode()


def read_form(place: str | Path) -> Form:
    """Return what a file of JSON says.

    Raises:
        TaskError: When it is none, or says what cannot be: which part, and what is expected.
    """
    path = at_home(place)
    content = _content(path)
    if not isinstance(content, dict):
        raise TaskError(f"task {path} holds no object with format, target and inputs")
    if content.get("format") != FORMAT or isinstance(content.get("format"), bool):
        found = cleaned(repr(content.get("format")), _SHOWN)
        raise TaskError(f"task {path} has format {found}; this version reads format {FORMAT}")
    try:
        return Form.model_validate(content)
    except ValidationError as error:
        raise TaskError(f"task {path}, {_fault(error)}") from error


def _content(path: Path) -> Any:
    try:
        return read_value(path)
    except FileNotFoundError:
        raise TaskError(f"there is no task file {path}") from None
    except OSError as error:
        raise TaskError(f"task {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise TaskError(f"task {path} is no JSON that can be read: {cleaned(error)}") from error


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    if first["type"] == "extra_forbidden":
        near = get_close_matches(str(first["loc"][-1]), list(_KNOWN), 1)
        return cleaned(f"{where}: there is no such key" + (f"; is it {near[0]}?" if near else ""))
    message = first["msg"].removeprefix("Value error, ")
    value = first["input"]
    shown = "" if isinstance(value, Mapping | list | tuple) else f", got {cleaned(repr(value), _SHOWN)}"
    return cleaned(f"{where}: {message}{shown}")


def _keys(*kinds: type[BaseModel]) -> Iterator[str]:
    for kind in kinds:
        yield from kind.model_fields


_KNOWN = dict.fromkeys(
    _keys(
        *(Form, Reading, NumberColumn, DateColumn, CategoryColumn, RatioColumn, BetweenColumn),
        *(ClassesTarget, NumbersTarget, TimeColumn, Perceptron),
    )
)
