"""What clients hold, and the split of loans into a test set and equal shares, one per client."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.data.columns import OUTCOMES, STATUS, labels
from ml.data.encoding import Encoder
from ml.data.rows import Rows
from ml.errors import DataError
from ml.settings import Features

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
_LEAST_SHARE = 5  # The fewest rows of which 20 % make one.


@dataclass(frozen=True, eq=False)
class ClientData:
    """One client's private rows and labels float32 [rows, *label] in {0, 1}.

    Loans have one label, 1 meaning fully paid; images have several, [rows, labels].
    """

    X_train: Rows
    y_train: NDArray[np.float32]
    X_validation: Rows
    y_validation: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FederatedData:
    """All clients' rows, the common test set in random order, and names of inputs and labels, where any."""

    clients: tuple[ClientData, ...]
    X_test: Rows
    y_test: NDArray[np.float32]
    feature_names: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers: `train` [clients, rows], `validation` [clients, rows] and `test` [rows]."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_rows(rows: int, clients: int, generator: np.random.Generator) -> Split:
    """Return a random split: 20 % test, the rest in equal IID shares, 20 % of each validating.

    Paper, section V-A. Up to `clients` − 1 rows that do not divide evenly are in no share.

    Raises:
        DataError: When a share would have fewer than 5 rows.
    """
    order = generator.permutation(rows)
    tests = round(rows * TEST_SHARE)
    share = (rows - tests) // clients
    require_share(share, rows, clients, "loans")
    shares = order[tests : tests + share * clients].reshape(clients, share)
    validating = round(share * VALIDATION_SHARE)
    return Split(train=shares[:, validating:], validation=shares[:, :validating], test=order[:tests])


def require_share(share: int, rows: int, clients: int, what: str) -> None:
    """Raise DataError when `share` of `rows` loans or images, whatever `what` says, is too small a share."""
    if share < _LEAST_SHARE:
        raise DataError(
            f"{rows} {what} are too few for {clients} clients: {share} training {what} each, "
            f"at least {_LEAST_SHARE} are needed"
        )


def federate(loans: pd.DataFrame, features: Features, clients: int, seed: int) -> FederatedData:
    """Return `loans` encoded and split among `clients`; the encoder sees training rows only.

    Raises:
        DataError: When the loans are too few for the clients, or all training or all test rows are of one
            class.
    """
    split = split_rows(len(loans), clients, np.random.default_rng(seed))
    _require_both_classes(loans, split)
    encoder = Encoder(loans.iloc[split.train.ravel()], features)
    X, y = encoder.encode(loans), labels(loans)
    shares = tuple(
        ClientData(X[train], y[train], X[validation], y[validation])
        for train, validation in zip(split.train, split.validation, strict=True)
    )
    return FederatedData(shares, X[split.test], y[split.test], encoder.names)


def _require_both_classes(loans: pd.DataFrame, split: Split) -> None:
    status = loans[STATUS]
    for name, rows in (("training", split.train.ravel()), ("test", split.test)):
        missing = [outcome for outcome in OUTCOMES if not (status.iloc[rows] == outcome).any()]
        if missing:
            raise DataError(
                f"none of the {len(rows)} {name} loans is '{missing[0]}'; both classes are needed"
            )
