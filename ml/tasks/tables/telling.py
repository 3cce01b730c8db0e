"""Columns that tell a target alone, as one does that is known only after it and is learned in place of it."""

from collections.abc import Mapping
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from ml.data.text.records import Piece
from ml.tasks.tables.encoding import Kept, inputs_of
from ml.tasks.tables.form import ClassesTarget, Form, NumbersTarget

_MOST = 20_000  # Rows that are looked at,
_LEAST = 100  # and from which looking says something.
_ALONE = 0.9  # Of a constant's error, what a column takes away from which it is told.
_LEAVES = 16


class FirstRows(Kept):
    """The first rows that are used, encoded: as many as it takes to see what a column tells."""

    def add(self, values: Mapping[str, NDArray[np.float64]], piece: Piece, places: NDArray[np.int64]) -> None:
        """Put as many of a piece's rows to the end as there is room for."""
        some = places[: _MOST - len(self.targets.array)]
        if len(some):
            super().add({name: column[: len(some)] for name, column in values.items()}, piece, some)


def sentences(form: Form, kept: Kept) -> list[str]:
    """Return one on each column by which alone a small tree says a target of other rows nearly as it is."""
    targets = kept.targets.array.reshape(-1, len(form.learned)).T
    found, inputs, first = [], np.asarray(kept.inputs.all), 0
    for column in form.inputs:
        last = first + inputs_of(column)
        for target, values in zip(form.learned, targets, strict=True):
            alone = _explained(target, inputs[:, first:last], values)
            if alone >= _ALONE:
                found.append(_sentence(column.column, target.column, alone))
        first = last
    return found


def _sentence(column: str, target: str, alone: float) -> str:
    return (
        f"{column} alone tells {alone:.0%} of {target}: where it is known only once {target} is, leave it "
        f"out (--drop {quote(column)})"
    )


def _explained(
    target: ClassesTarget | NumbersTarget, inputs: NDArray[np.float32], values: NDArray[np.generic]
) -> float:
    """Share of a constant's wrong answers, or of the variance, that inputs take away in every other row."""
    # Here, since nothing else of tables needs it, and it takes half a second.
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    known = values == values  # NaN is not known.
    X, y = inputs[known], values[known]
    if len(y) < 2 * _LEAST:
        return 0.0
    tree = DecisionTreeRegressor if isinstance(target, NumbersTarget) else DecisionTreeClassifier
    seen, held_out = slice(0, None, 2), slice(1, None, 2)
    fitted = tree(max_leaf_nodes=_LEAVES, random_state=0).fit(X[seen], y[seen])
    score = float(fitted.score(X[held_out], y[held_out]))
    if isinstance(target, NumbersTarget):
        return score
    most = float(np.unique(y[held_out], return_counts=True)[1].max()) / len(y[held_out])
    return (score - most) / (1 - most) if most < 1 else 0.0
