"""Lending Club's columns: which are used, what they are, and how a loan becomes usable."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ml.data.table import Category, Table
from ml.data.text.cells import Cells, month
from ml.data.text.dialect import key

Features = Literal["application", "all"]
"""Columns known at application time, or all, which leak the outcome."""

STATUS = "loan_status"
OUTCOMES = {"Fully Paid": 1.0, "Charged Off": 0.0}
"""Labels by status; loans of any other status are left out (paper, section V-A)."""

_BY_KEY = {key(status): label for status, label in OUTCOMES.items()}

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
_WHOLE = re.compile(r"(\d+)(?:\.0+)?(?: ?(?:months?|mos?\.?|m))?", re.IGNORECASE)
_YEARS = re.compile(r"(< ?)?(\d+)(\+)?(?: ?(?:years?|yrs?\.?|y))?", re.IGNORECASE)


def _term(word: str) -> str:
    match = _WHOLE.fullmatch(word)
    return f"{match[1]} months" if match else word


def _employment(word: str) -> str:
    match = _YEARS.fullmatch(word)
    if not match:
        return word
    return f"{'< ' if match[1] else ''}{match[2]}{match[3] or ''} year{'' if match[2] == '1' else 's'}"


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "term": _term,
    "emp_length": _employment,
    "verification_status": str.title,
    "purpose": lambda word: word.lower().replace(" ", "_"),
}


def spelling(column: str) -> Callable[[str], str]:
    """Return what gives Lending Club's spelling of a category, however a file has it.

    >>> spelling("term")("36.0"), spelling("emp_length")("10+"), spelling("home_ownership")("Rent")
    ('36 months', '10+ years', 'RENT')
    """
    return _SPELLINGS.get(column, str.upper)


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


LARGE_AMOUNTS = ("loan_amnt", "annual_inc", "revol_bal")
"""Columns of whole dollars, by the thousand: a point in all of their cells is none before cents."""


def numerical(features: Features) -> tuple[str, ...]:
    """Return the names of the columns of numbers in a file; `all` adds those known only after the outcome."""
    return _APPLICATION_NUMBERS + (_AFTERWARDS if features == "all" else ())


def encoded_numbers(features: Features) -> tuple[str, ...]:
    """Return the names of the columns of numbers that a model sees, the age of the credit line included."""
    return (*numerical(features), CREDIT_MONTHS)


def required(features: Features) -> tuple[str, ...]:
    """Return every column that a file must have."""
    return (STATUS, *CATEGORICAL, *numerical(features), *_DATES)


def outcome(status: str) -> float | None:
    """Return the label of a status however it is spelt, or none when it is no outcome.

    >>> [outcome(status) for status in ("Fully Paid ", "CHARGED OFF", "Current")]
    [1.0, 0.0, None]
    """
    return _BY_KEY.get(key(status))


def typed(frame: Mapping[str, Any], features: Features) -> Table:
    """Return decided loans without gaps, such as the built-in book's columns by name, as a table."""
    issued, since = (Cells(month).read(list(frame[name])) for name in _DATES)
    numbers = {name: np.asarray(frame[name], np.float64) for name in numerical(features)}
    labels = np.array([OUTCOMES[status] for status in frame[STATUS]], np.float32)
    return Table(
        {name: _category(frame[name]) for name in CATEGORICAL},
        numbers | {CREDIT_MONTHS: issued - since},
        labels,
    )


def _category(texts: Sequence[str]) -> Category:
    values, codes = np.unique(np.asarray(texts, dtype=str), return_inverse=True)
    return Category(codes.astype(np.int32), tuple(map(str, values)))
