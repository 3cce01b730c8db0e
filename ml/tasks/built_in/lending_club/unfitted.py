"""Loans as rows whose encoding only training rows decide: one-hot categories and standardised amounts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Rows
from ml.data.table import Table, Texts, joined
from ml.data.text.usage import Usage
from ml.tasks.built_in.lending_club.columns import Features
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding


class UnfittedLoans:
    """Loans as inputs of which only training rows will decide how they are encoded; see `Stored`.

    Args:
        table: The loans.
        features: Which columns are used.
    """

    def __init__(self, table: Table, features: Features) -> None:
        self.table = table
        self._features = features

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of loans, and of columns before they are encoded."""
        return len(self.table), len(self.table.categories) + len(self.table.numbers)

    def __len__(self) -> int:
        """Number of loans."""
        return len(self.table)

    def taken(self, places: NDArray[np.int64]) -> "UnfittedLoans":
        """Some of the loans."""
        return UnfittedLoans(self.table.rows(places), self._features)

    def joined(self, others: Sequence["UnfittedLoans"]) -> "UnfittedLoans":
        """These loans and others'."""
        return UnfittedLoans(joined([self.table, *(each.table for each in others)]), self._features)

    def fitted(self, training: NDArray[np.int64]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Return loans float32 [loans, inputs] as those at `training` encode them, and names of inputs."""
        encoding = CommonEncoding.fit(self.table.rows(training), self._features)
        return encoding.encode(self.table), encoding.names


def loan_rows(table: Table, features: Features, usage: Usage | None = None) -> Rows:
    """Return loans as rows, to be encoded once they are split."""
    columns = Texts(table.categories)
    return Rows(UnfittedLoans(table, features), table.labels, columns=columns, usage=usage)
