"""Loans as rows of numbers: one-hot categories and standardised amounts."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ml.data.columns import CATEGORICAL, encoded_numbers
from ml.settings import Features


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
