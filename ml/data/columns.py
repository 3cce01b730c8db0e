"""Lending Club's columns: which are used, what they are, and how a loan becomes usable."""

from collections.abc import Iterable, Mapping
from typing import Literal, cast

import numpy as np
import pandas as pd

from ml.errors import DataError

Features = Literal["application", "all"]
"""Columns known at application time, or all, which leak the outcome."""

STATUS = "loan_status"
OUTCOMES = {"Fully Paid": 1.0, "Charged Off": 0.0}
"""Labels by status; loans of any other status are left out (paper, section V-A)."""

ISSUED, CREDIT_SINCE, CREDIT_MONTHS = "issue_d", "earliest_cr_line", "credit_months"

CATEGORICAL = (
    "term",
    "grade",
    "sub_grade",
    "emp_length",
    "home_ownership",
    "verification_status",
    "purpose",
    "addr_state",
)
_APPLICATION_NUMBERS = (
    "loan_amnt",
    "int_rate",
    "installment",
    "annual_inc",
    "dti",
    "delinq_2yrs",
    "fico_range_low",
    "fico_range_high",
    "inq_last_6mths",
    "open_acc",
    "pub_rec",
    "revol_bal",
    "revol_util",
    "total_acc",
    "pub_rec_bankruptcies",
)
_DATES = (ISSUED, CREDIT_SINCE)
# Filled in while a loan is repaid or collected: with them a model reads the outcome instead of predicting
# it. The paper's accuracy needs them.
_AFTERWARDS = (
    "funded_amnt",
    "funded_amnt_inv",
    "total_pymnt",
    "total_pymnt_inv",
    "total_rec_prncp",
    "total_rec_int",
    "total_rec_late_fee",
    "recoveries",
    "collection_recovery_fee",
    "last_pymnt_amnt",
    "last_fico_range_low",
    "last_fico_range_high",
)


def numerical(features: Features) -> tuple[str, ...]:
    """Return the names of the columns of numbers in a file; `all` adds those known only after the outcome."""
    return _APPLICATION_NUMBERS + (_AFTERWARDS if features == "all" else ())


def encoded_numbers(features: Features) -> tuple[str, ...]:
    """Return the names of the columns of numbers that a model sees, the age of the credit line included."""
    return (*numerical(features), CREDIT_MONTHS)


def required(features: Features) -> tuple[str, ...]:
    """Return every column that a file must have."""
    return (STATUS, *CATEGORICAL, *numerical(features), *_DATES)


def require_columns(present: Iterable[str], features: Features, source: str) -> None:
    """Raise `DataError` naming the columns that `source` lacks."""
    have = set(present)
    missing = [name for name in required(features) if name not in have]
    if missing:
        raise DataError(f"{source} lacks the columns {', '.join(missing)}, which features '{features}' need")


def decided(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the loans that are fully paid or charged off."""
    return frame[frame[STATUS].isin(list(OUTCOMES))]


def typed(frame: pd.DataFrame, features: Features) -> pd.DataFrame:
    """Return `frame`'s used columns as strings and floats; what cannot be read as such becomes missing."""
    columns: dict[str, pd.Series] = {name: _text(frame[name]) for name in (STATUS, *CATEGORICAL)}
    columns |= {name: _number(frame[name]) for name in numerical(features)}
    columns[CREDIT_MONTHS] = (_month(frame[ISSUED]) - _month(frame[CREDIT_SINCE])).astype(np.float64)
    return pd.DataFrame(columns)


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `frame` without a missing value (paper, section V-A)."""
    return frame.dropna()


def missing_by_column(frame: pd.DataFrame) -> Mapping[str, int]:
    """Return how many rows lack each column."""
    return cast("Mapping[str, int]", frame.isna().sum().to_dict())


def labels(frame: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Return float32 labels [rows]: 1 fully paid, 0 charged off."""
    return frame[STATUS].map(OUTCOMES).to_numpy(np.float32)


def _text(column: pd.Series) -> pd.Series:
    return column.astype("string").str.strip().astype("category")


def _number(column: pd.Series) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(column):
        column = column.astype("string").str.strip().str.rstrip("%")  # Some vintages write 10.65%.
    number = pd.to_numeric(column, errors="coerce").astype(np.float64)
    return number.where(np.isfinite(number))


def _month(column: pd.Series) -> pd.Series:
    date = pd.to_datetime(column.astype("string").str.strip(), format="%b-%Y", errors="coerce")
    return date.dt.year * 12 + date.dt.month
