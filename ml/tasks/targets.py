"""What a model is to say of a row; it decides the loss, the score and the flip that a task has by default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Targets, length
from ml.errors import DataError
from ml.messages import quoted

MASKED = -100
"""Among integers, the target that is not known, as PyTorch's `ignore_index`."""


@dataclass(frozen=True)
class Classes:
    """One of `count` classes: targets int64 [rows, ...] from 0, outputs [rows, ..., count], unnormalised.

    More dimensions are places of a sequence, each with a class of its own; −100 is masked.
    """

    count: int
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_count(self)
        _require(self.count >= 2, f"Classes needs two at least, got {self.count}; one yes or no is Labels()")
        _require_names(self.names, self.count)

    def __str__(self) -> str:
        return f"Classes({self.count})"

    def read(self, targets: Any) -> NDArray[np.int64]:
        """Return targets as int64, checked.

        Raises:
            DataError: Naming the first that is no class.
        """
        given = _array(self, targets)
        whole = np.where(np.isnan(given), MASKED, given) if given.dtype.kind == "f" else given
        wrong = (whole != np.rint(whole)) | (((whole < 0) | (whole >= self.count)) & (whole != MASKED))
        _require_none(wrong, given, f"classes are whole numbers from 0 to {self.count - 1}")
        return whole.astype(np.int64)


@dataclass(frozen=True)
class Labels:
    """`count` answers of yes or no: targets float32 in {0, 1}, outputs logits, one for each.

    One label's targets are [rows], or [rows, 1]; several are [rows, count]. NaN is masked.
    """

    count: int = 1
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_count(self)
        _require(self.count >= 1, f"Labels needs one at least, got {self.count}")
        _require_names(self.names, self.count)

    def __str__(self) -> str:
        return f"Labels({self.count if self.count > 1 else ''})"

    def read(self, targets: Any) -> NDArray[np.float32]:
        """Return targets as float32, checked.

        Raises:
            DataError: Naming the first that is neither 0 nor 1.
        """
        given = _floats(_array(self, targets))
        _require_none(
            ~((given == 0) | (given == 1) | np.isnan(given)),
            given,
            "a label is 0, 1 or NaN, not known; more than two outcomes are Classes(K), amounts are Numbers()",
        )
        return _columns(self, given)


@dataclass(frozen=True)
class Numbers:
    """`count` amounts: targets float32 [rows], or [rows, count]; outputs the same. NaN is masked.

    They are standardised where rows are made, so that a squared error of 1 is one deviation.
    """

    count: int = 1
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_count(self)
        _require(self.count >= 1, f"Numbers needs one at least, got {self.count}")
        _require_names(self.names, self.count)

    def __str__(self) -> str:
        return f"Numbers({self.count if self.count > 1 else ''})"

    def read(self, targets: Any) -> NDArray[np.float32]:
        """Return targets as float32, checked.

        Raises:
            DataError: Naming the first that is infinite.
        """
        given = _floats(_array(self, targets))
        _require_none(np.isinf(given), given, "a number is finite, or NaN, not known")
        return _columns(self, given)


@dataclass(frozen=True)
class Other:
    """Anything else: the task has losses of its own, and no score."""

    def __str__(self) -> str:
        return "Other()"

    def read(self, targets: Any) -> Targets:
        """Return targets as they are."""
        made: Targets = targets
        return made


Target = Classes | Labels | Numbers | Other


FOLDS = 3
"""Training, validation, test: each needs a positive of every label at least."""

_BINS = 10


def varies(target: Target, targets: Any) -> bool:
    """Return whether rows of these targets have more than one outcome, of one label or number at least."""
    if isinstance(target, Other):
        return True
    columns = [targets.reshape(-1)] if isinstance(target, Classes) else _as_columns(targets)
    known = (column[is_known(column)] for column in columns)
    return any(len(column) > 0 and bool((column != column[0]).any()) for column in known)


def require_learnable(target: Target, targets: Any) -> None:
    """Raise DataError unless every one of several labels has a positive for each fold."""
    if not isinstance(target, Labels) or target.count == 1:
        return
    for place, column in enumerate(_as_columns(targets)):
        if (count := int(np.count_nonzero(column == 1))) < FOLDS:
            name = target.names[place] if target.names else place
            raise DataError(
                f"label {name} has {count} positives among {len(column)} rows; training, validation and "
                f"test need one each, so at least {FOLDS}: use more rows"
            )


def kinds(target: Target, targets: Any, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return a kind of each row, int64 [rows] from 0: what is unevenly shared out where labels are skewed.

    A class is its own kind, of a sequence the first that is known; of several labels it is one of a row's at
    random, or one beyond the last for none; numbers are of ten kinds by size; other targets of one.
    """
    if isinstance(target, Other):
        return np.zeros(length(targets), np.int64)
    if isinstance(target, Numbers):
        first = _as_columns(targets)[0]
        edges = np.nanquantile(first, np.linspace(0, 1, _BINS + 1)[1:-1])
        return np.where(np.isnan(first), _BINS, np.searchsorted(edges, first, "right"))
    if isinstance(target, Classes):
        flat = targets.reshape(len(targets), -1)
        first_known = is_known(flat).argmax(axis=1)
        found = flat[np.arange(len(flat)), first_known]
        return np.where(is_known(found), found, target.count)
    if target.count == 1:
        return np.where(np.isnan(targets), 2, targets).astype(np.int64)
    marks = generator.random(targets.shape) * np.nan_to_num(targets)
    return np.where((targets == 1).any(axis=1), marks.argmax(axis=1), target.count)


def is_known(targets: Any) -> Any:
    """Return which of an array's targets are known, bool of its shape."""
    return targets != MASKED if targets.dtype.kind == "i" else targets == targets


def _as_columns(targets: NDArray[Any]) -> list[NDArray[Any]]:
    return list(targets.reshape(len(targets), -1).T)


def _array(target: Target, targets: Any) -> NDArray[Any]:
    if isinstance(targets, Mapping):
        raise DataError(
            f"targets by name, {', '.join(targets)}, are for target Other(); {target} takes an array"
        )
    return np.asarray(targets)


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    floats: NDArray[np.float32] = array.astype(np.float32)
    if array.dtype.kind == "i":
        floats[array == MASKED] = np.nan
    return floats


def _columns(target: Labels | Numbers, targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Targets of one as [rows], of several as [rows, count]."""
    count, shape = target.count, targets.shape[1:]
    if count == 1 and shape in ((), (1,)):
        return targets.reshape(len(targets))
    if shape != (count,):
        near = f"; is it {type(target).__name__}({shape[0]})?" if len(shape) == 1 else ""
        raise DataError(f"a row has targets of shape {list(shape)}, and {target} takes {count}{near}")
    return targets


def _require_none(wrong: NDArray[np.bool_], given: NDArray[Any], expected: str) -> None:
    if wrong.any():
        place = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        raise DataError(f"the target of row {place[0]} is {given[place]}; {expected}")


def _require_count(target: "Classes | Labels | Numbers") -> None:
    kind, count = type(target).__name__, target.count
    _require(
        isinstance(count, int | np.integer) and not isinstance(count, bool),
        f"{kind} takes how many there are, a whole number, got {quoted(count)}",
    )


def _require_names(names: tuple[str, ...], count: int) -> None:
    _require(len(names) in (0, count), f"{len(names)} names for {count}: name each or none")


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise DataError(sentence)
