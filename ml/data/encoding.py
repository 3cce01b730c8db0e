"""Loans as rows of numbers: one-hot categories and standardised amounts."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ml.data.columns import CATEGORICAL, Features, encoded_numbers, labels
from ml.data.rows import Rows


class Encoder:
    """One-hot categories and standardised numbers, fitted on training rows and on nothing else.

    A category that training rows never show is encoded as all zeros.

    Args:
        training: Loans of all clients' training rows, neither validation nor test.
        features: Which columns to use.
    """

    def __init__(self, training: pd.DataFrame, features: Features) -> None:
        onehot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
        self._columns = ColumnTransformer(
            [
                ("category", onehot, list(CATEGORICAL)),
                ("number", StandardScaler(), list(encoded_numbers(features))),
            ],
            verbose_feature_names_out=False,
        ).fit(training)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the encoded columns, in order."""
        return tuple(self._columns.get_feature_names_out())

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Return `frame` as float32 [rows, inputs]."""
        encoded: NDArray[np.float32] = np.asarray(self._columns.transform(frame), dtype=np.float32)
        return encoded


class UnfittedLoans:
    """Loans as inputs of which only training rows will decide how they are encoded; see `Stored`.

    Args:
        frame: Loans as `ml.data.columns.typed` makes them.
        features: Which columns are used.
    """

    def __init__(self, frame: pd.DataFrame, features: Features) -> None:
        self.frame = frame
        self._features = features

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of loans, and of columns before they are encoded."""
        rows, columns = self.frame.shape
        return rows, columns

    def __len__(self) -> int:
        """Number of loans."""
        return len(self.frame)

    def taken(self, places: NDArray[np.int64]) -> "UnfittedLoans":
        """Some of the loans."""
        return UnfittedLoans(self.frame.iloc[places].reset_index(drop=True), self._features)

    def joined(self, others: Sequence["UnfittedLoans"]) -> "UnfittedLoans":
        """These loans and others'."""
        frames = [self.frame, *(each.frame for each in others)]
        return UnfittedLoans(pd.concat(frames, ignore_index=True), self._features)

    def fitted(self, training: NDArray[np.int64]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Return loans float32 [loans, inputs] as those at `training` encode them, and names of inputs."""
        encoder = Encoder(self.frame.iloc[training], self._features)
        return encoder.encode(self.frame), encoder.names


class _Columns(Mapping[str, NDArray[np.str_]]):
    """Categories by name, as text when they are asked for."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def __getitem__(self, name: str) -> NDArray[np.str_]:
        if name not in CATEGORICAL:
            raise KeyError(name)
        return self._frame[name].astype(str).to_numpy(str)

    def __iter__(self) -> Iterator[str]:
        return iter(CATEGORICAL)

    def __len__(self) -> int:
        return len(CATEGORICAL)


def loan_rows(frame: pd.DataFrame, features: Features) -> Rows:
    """Return loans as `ml.data.columns.typed` makes them as rows, to be encoded once they are split."""
    return Rows(UnfittedLoans(frame, features), labels(frame), columns=_Columns(frame))
