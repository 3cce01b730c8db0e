"""Rows: what a model is given and what it should say, with who they are of and when."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.blame import blamed
from ml.data.stored_images import StoredImages
from ml.data.stored_rows import StoredRows
from ml.data.text.usage import Usage
from ml.errors import DataError
from ml.messages import quoted

Array = NDArray[Any]


class Stored(Protocol):
    """Inputs that are made when they are asked for; `stored[places]`, a slice or int64 places, are an array.

    `StoredImages` and `StoredRows` are such, and what `from_dataset` makes of a PyTorch `Dataset`.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of one."""
        ...

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def __getitem__(self, places: Any, /) -> Array:
        """The inputs at `places`."""
        ...

    def taken(self, places: NDArray[np.int64]) -> "Stored":
        """Some of the rows, not read yet."""
        ...


Inputs = Array | Mapping[str, Array] | Stored
"""Of rows: an array [rows, *row], several by name, or what is read row by row."""

Targets = Array | Mapping[str, Array]
"""Of rows: an array [rows, *label], or several by name; NaN, or −100 among integers, is not known."""

Shape = tuple[int, ...] | Mapping[str, tuple[int, ...]]
"""Of one row's inputs or targets; by name where there are several arrays."""


class Dataset(Protocol):
    """What PyTorch calls a map-style data set; here an item is one row's inputs alone."""

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def __getitem__(self, place: int, /) -> Any:
        """The inputs of one row, what NumPy makes an array of."""
        ...


_GAPS = ("fill them where rows are made", "give NaN, or -100 among integers")
_BESIDE = ("groups", "times", "test", "apart")


@dataclass(frozen=True, eq=False)
class Rows:
    """A member's rows.

    Attributes:
        inputs: [rows, *row], by name where a module takes several, or a `Dataset` whose items are inputs.
            Integers stay integers, floats become float32.
        targets: [rows, *label], by name where a loss takes several; NaN, or −100 among integers, is masked.
        groups: [rows] of what belongs together, such as patients; a group stays on one side of every split.
        times: [rows] that can be ordered; where they are given, the latest rows validate.
        test: bool [rows], the rows that the data set keeps for testing, where it says so.
        apart: [rows] of what is tested or not as a whole, though it may be trained and validated on.
        columns: By name, [rows] of what a simulation can share rows out by, such as a hospital.
        names: Of the inputs, one a column, where they have any.
        usage: What became of the rows of the file they were read from, where that was counted.
        told: Sentences that their owner should read, such as where they are unlike those an encoding knows.

    Raises:
        DataError: When they are not of one length, or there are none.
    """

    inputs: Any
    targets: Any
    groups: Array | None = None
    times: Array | None = None
    test: Array | None = None
    apart: Array | None = None
    columns: Mapping[str, Array] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    usage: Usage | None = None
    told: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", _as_inputs(self.inputs))
        object.__setattr__(self, "targets", _as_targets(self.targets))
        object.__setattr__(self, "columns", _as_columns(self.columns))
        for name in _BESIDE:
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, one_a_row(name, value))
        counts = {
            f"{name}{part}": count
            for name in ("inputs", "targets", *_BESIDE)
            for part, count in _counts(getattr(self, name))
        }
        if not hasattr(self.columns, "taken"):
            counts |= {f"of column {name}": len(column) for name, column in self.columns.items()}
        if len(set(counts.values())) != 1 or not len(self):
            told = ", ".join(f"{count} {name}" for name, count in counts.items())
            raise DataError(f"rows need as many of each, and one at least; got {told}")

    def __len__(self) -> int:
        """Number of rows."""
        return length(self.targets)

    def __iter__(self) -> Iterator[Any]:
        """Rows are gone through in batches: a training loop that is given them learns that here."""
        raise DataError("rows are no batches: go through context.batches(rows), pairs of inputs and targets")

    @property
    def said(self) -> list[str]:
        """Sentences for their owner: how many of a file are used, why others are not, what is doubtful."""
        return [*(self.usage.told() if self.usage else ()), *self.told]

    def taken(self, places: NDArray[np.int64]) -> "Rows":
        """Return the rows at `places`; what is read row by row is not read."""
        beside = {name: getattr(self, name) for name in _BESIDE}
        some: dict[str, Any] = {name: None if part is None else part[places] for name, part in beside.items()}
        columns = taken(self.columns, places)
        inputs, targets = taken(self.inputs, places), taken(self.targets, places)
        return replace(self, inputs=inputs, targets=targets, columns=columns, **some)


class FromDataset:
    """A `Dataset`'s rows, each made when it is asked for.

    Args:
        dataset: Whose items are one row's inputs.
        places: Which of them, int64 [rows]; none for all.
    """

    def __init__(self, dataset: Dataset, places: NDArray[np.int64] | None = None) -> None:
        self._dataset = dataset
        self._places = np.arange(len(dataset)) if places is None else places

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of the first."""
        return (len(self), *self[:1].shape[1:])

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._places)

    def __getitem__(self, places: Any, /) -> Array:
        """The rows at `places`, a slice or integers."""
        items = [self._item(int(place)) for place in self._places[places]]
        if odd := [item.shape for item in items if item.shape != items[0].shape]:
            raise DataError(
                f"items of the Dataset of inputs have shapes {list(items[0].shape)} and {list(odd[0])}; "
                "expected one shape"
            )
        return _plain(np.stack(items), "inputs")

    def _item(self, place: int) -> Array:
        with blamed(f"item {place} of the Dataset of inputs"):
            item = self._dataset[place]
            if not isinstance(item, tuple):
                return np.asarray(item)
        raise DataError(
            f"item {place} of the Dataset of inputs is a tuple of {len(item)}; expected one row's inputs "
            "alone, with all targets beside them"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """All rows, in memory."""
        made = self[:]
        return made if dtype is None else made.astype(dtype, copy=False)

    def taken(self, places: NDArray[np.int64]) -> "FromDataset":
        """Some of the rows, not read yet."""
        return FromDataset(self._dataset, self._places[places])


def length(of: Inputs | Targets) -> int:
    """Return the number of rows."""
    return len(next(iter(of.values()))) if isinstance(of, Mapping) else len(of)


def shape_of(of: Inputs | Targets) -> Shape:
    """Return the shape of one row."""
    if isinstance(of, Mapping):
        return {name: array.shape[1:] for name, array in of.items()}
    return of.shape[1:]


def taken(of: Any, places: Any) -> Any:
    """Return the rows at int64 `places` of inputs or targets; what is read row by row is not read."""
    if hasattr(of, "taken"):
        return of.taken(places)
    return {name: array[places] for name, array in of.items()} if isinstance(of, Mapping) else of[places]


def batch(of: Any, places: Any) -> Any:
    """Return the rows at `places`, a slice or integers, in memory: an array, or several by name."""
    return {name: array[places] for name, array in of.items()} if isinstance(of, Mapping) else of[places]


def is_in_memory(of: Any) -> bool:
    """Return whether this is an array, or several by name, of which nothing has to be read or made first."""
    return all(type(part) is np.ndarray for part in (of.values() if isinstance(of, Mapping) else (of,)))


def head(rows: Any, count: int) -> Any:
    """Return the first `count` of inputs or targets, or all when there are fewer, without reading any."""
    return taken(rows, np.arange(min(count, length(rows))))


def joined(parts: Sequence[Any]) -> Any:
    """Return the rows of all `parts`, in order; images of one file are not read, nor stored rows."""
    if isinstance(parts[0], Mapping):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if any(isinstance(part, StoredRows) for part in parts):
        return StoredRows.joined(parts)
    if hasattr(parts[0], "joined"):
        return parts[0].joined(parts[1:])
    stored = [part for part in parts if isinstance(part, StoredImages)]
    if len(stored) == len(parts) and all(part.pixels is stored[0].pixels for part in stored):
        return StoredImages(stored[0].pixels, np.concatenate([part.places for part in stored]))
    arrays: list[Array] = [np.asarray(part) for part in parts]
    return np.concatenate(arrays)


def each(of: Any, function: Callable[[Array], Any]) -> Any:
    """Return `function` of an array, or of each of several by name."""
    if isinstance(of, Mapping):
        return {name: function(array) for name, array in of.items()}
    return function(of)


def are_same(one: Any, other: Any) -> bool:
    """Return whether arrays, or those of each name, are the same; not a number is like itself.

    >>> are_same({"a": [np.nan]}, {"a": [np.nan]}), are_same([1], [2])
    (True, False)
    """
    if isinstance(one, Mapping):
        return all(are_same(one[name], other[name]) for name in one)
    return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")


def _as_inputs(value: Any) -> Inputs:
    if isinstance(value, Mapping):
        _require_texts(value, "inputs")
        return {name: _plain(_unmasked(array, "inputs"), f"inputs {name}") for name, array in value.items()}
    if hasattr(value, "taken"):
        made: Stored = value
        return made
    if hasattr(value, "__array__") or hasattr(value, "toarray") or isinstance(value, list | tuple):
        return _plain(_unmasked(value, "inputs"), "inputs")
    if hasattr(value, "__getitem__") and hasattr(value, "__len__"):
        return FromDataset(value)
    raise DataError(
        f"inputs are {type(value).__name__}; expected an array, several by name, or a Dataset of inputs"
    )


def _as_targets(value: Any) -> Targets:
    if isinstance(value, Mapping):
        _require_texts(value, "targets")
    made: Targets = each(value, lambda array: _plain(_unmasked(array, "targets"), "targets"))
    return made


def _as_columns(value: Any) -> Mapping[str, Array]:
    if hasattr(value, "taken"):
        made: Mapping[str, Array] = value
        return made
    if not hasattr(value, "keys"):
        raise DataError(
            f"columns are {type(value).__name__}; expected arrays by name, such as {{'hospital': ...}}"
        )
    named = {name: value[name] for name in value.keys()}  # noqa: SIM118 - A table of pandas has them too.
    _require_texts(named, "columns")
    return {name: _flat(f"values of column {name}", column) for name, column in named.items()}


def _unmasked(value: Any, what: str) -> Array:
    if isinstance(value, np.ma.MaskedArray) and (masked := np.asarray(value.mask)).any():
        raise DataError(
            f"an array of {what} has {masked.sum()} masked entries, whose values are not meant; "
            f"{_GAPS[what == 'targets']}"
        )
    try:
        array = np.asarray(_of_pytorch(value))
    except ValueError as error:  # Of lists in a list.
        raise DataError(f"{what} are {_apart(value)}") from error
    if not array.ndim:  # Also what NumPy takes for one object: a generator, a set, a sparse matrix.
        todo = "; make it one, by toarray()" if hasattr(value, "toarray") else ""
        raise DataError(
            f"{what} are {type(value).__name__}; expected an array or a list, one entry a row{todo}"
        )
    return array


def _of_pytorch(value: Any) -> Any:
    """A tensor as NumPy takes it, without gradient and of a type that it knows; anything else as it is."""
    if not hasattr(value, "detach"):
        return value
    plain = value.detach().cpu()
    return plain.float() if str(plain.dtype) == "torch.bfloat16" else plain


def _require_texts(named: Mapping[Any, Any], what: str) -> None:
    for name in named:
        if not isinstance(name, str):
            raise DataError(f"{what} by name have the name {quoted(name)}; names are text")


def _flat(what: str, value: Any) -> Array:
    array = _unmasked(value, what)
    if array.ndim != 1:
        raise DataError(f"{what} have shape {list(array.shape)}; expected one of each row")
    return array


def one_a_row(what: str, value: Any) -> Array:
    """Return what is said beside rows, [rows]: of one kind, so that it can be told apart and ordered.

    Raises:
        DataError: When it is not, or some row has none.
    """
    array = _flat(what, value)
    if array.dtype == object and len(kinds := sorted({type(each).__name__ for each in array})) > 1:
        raise DataError(f"{what} are of several kinds, {', '.join(kinds)}; give all rows one, gaps too")
    unknown = np.flatnonzero(array != array)
    if len(unknown):
        raise DataError(
            f"row {unknown[0]} has {quoted(array[unknown[0]])} in {what}; give every row one, gaps too"
        )
    return array


def _plain(array: Array, what: str) -> Array:
    """Floats as float32, integers and truth values as NumPy has them, in the machine's own byte order.

    Unsigned integers of more than a byte, with which PyTorch hardly computes, are int64.
    """
    if np.issubdtype(array.dtype, np.floating):
        with np.errstate(over="ignore"):  # What is too large is refused as what is not finite.
            return array.astype(np.float32, copy=False)
    if array.dtype.kind not in "iub":
        raise DataError(f"an array of {what} is of {array.dtype}{_no_number(array, what)}")
    is_wide = array.dtype.kind == "u" and array.itemsize > 1 and array.max(initial=0) < 1 << 63
    return array.astype(np.int64 if is_wide else array.dtype.newbyteorder("="), copy=False)


def _no_number(array: Array, what: str) -> str:
    """The rest of a sentence on an array of something else than numbers."""
    if array.dtype.kind in "mM":
        return ", times; expected numbers, such as days since one date: divide by np.timedelta64(1, 'D')"
    odd = [each for each in array.flat if not isinstance(each, Real)]
    if array.size and not odd:
        return ", though all in it are numbers; give it as such, by astype('float32') or astype('int64')"
    if odd and isinstance(odd[0], Sized) and not isinstance(odd[0], str | Mapping):
        return f", {_apart(odd)}"
    example = f", such as {quoted(odd[0])}" if odd else ""
    return f"{example}; expected numbers{_todo(odd[0], what) if odd else ''}"


def _apart(rows: Sequence[Any]) -> str:
    """The rest of a sentence on rows that are arrays or lists by themselves, in place of one array."""
    lengths = {len(row) for row in rows if isinstance(row, Sized)}
    if len(lengths) == 1:
        return "rows by themselves; expected one array: give np.stack of them, of one shape and of numbers"
    return (
        f"rows of {min(lengths, default=0)} to {max(lengths, default=0)} entries; expected one shape: pad "
        "them, as np.pad does, and name a mask of what is there as an input beside them"
    )


def _todo(odd: Any, what: str) -> str:
    """What helps against an entry that is no number."""
    if type(odd).__name__ in ("NoneType", "NAType"):
        return f": {_GAPS[what == 'targets']}"
    return "; number its classes from 0" if what == "targets" and isinstance(odd, str) else ""


def _counts(part: Any) -> list[tuple[str, int]]:
    if part is None:
        return []
    if isinstance(part, Mapping):
        return [(f" {name}", len(array)) for name, array in part.items()]
    return [("", len(part))]
