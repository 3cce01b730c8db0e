"""A synthetic loan book with Lending Club's field names; no line of it is a real loan.

The book is made, not sampled from data: ranges and frequencies are plausible, nothing more. What it has
that real loans lack is signal. On real loans nothing known at application time predicts the outcome much
better than the base rate; here a borrower's risk, a formula of the fields below, decides it up to a little
noise. About 85 % of the loans are fully paid and a three-layer perceptron reaches an accuracy of about
0.95, so that votes on accuracy have room above the base rate. Use it to watch the mechanism at work, never
to learn about lending.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BOOK_SEED = 20_240_229
"""Seed of the book. A run's seed never changes the loans, only who holds which."""

Column = NDArray[np.float64]

_MONTHS = np.array(
    ["Jan-", "Feb-", "Mar-", "Apr-", "May-", "Jun-", "Jul-", "Aug-", "Sep-", "Oct-", "Nov-", "Dec-"]
)
# By name: share of the book, contribution to risk.
_PURPOSES = {
    "debt_consolidation": (0.52, 0.1),
    "credit_card": (0.18, -0.3),
    "home_improvement": (0.08, -0.1),
    "major_purchase": (0.06, -0.3),
    "small_business": (0.05, 1.2),
    "car": (0.04, -0.4),
    "medical": (0.03, 0.3),
    "moving": (0.02, 0.2),
    "other": (0.02, 0.2),
}
_HOMES = {"MORTGAGE": (0.46, -0.3), "RENT": (0.45, 0.2), "OWN": (0.09, 0.0)}
_STATES = (
    "CA",
    "NY",
    "FL",
    "TX",
    "NJ",
    "IL",
    "PA",
    "VA",
    "GA",
    "MA",
    "OH",
    "MD",
    "AZ",
    "WA",
    "CO",
    "NC",
    "CT",
    "MI",
)
_JOBS = ("< 1 year", "1 year", *(f"{years} years" for years in range(2, 10)), "10+ years")
_CHECKS = ("Not Verified", "Verified", "Source Verified")

# Slope of the chance of default against risk: sets the best accuracy that any model can reach.
_SHARPNESS = 16.0
# Risk at which a loan is as likely charged off as paid: sets the base rate.
_THRESHOLD = 1.05


def book(rows: int) -> pd.DataFrame:
    """Return a book of `rows` loans, each with the fields of Lending Club that features `application` use.

    A longer book is another book, not a continuation of a shorter one.
    """
    generator = np.random.default_rng([BOOK_SEED, rows])
    fields = _borrowers(generator, rows) | _dates(generator, rows)
    risk = _risk(fields)
    fields |= _price(risk, fields, generator)
    chance = 1 / (1 + np.exp(-_SHARPNESS * (risk - _THRESHOLD)))
    fields["loan_status"] = np.where(generator.random(rows) < chance, "Charged Off", "Fully Paid")
    return pd.DataFrame(fields)


def _borrowers(generator: np.random.Generator, rows: int) -> dict[str, Any]:
    fico = 660 + 5 * np.minimum(np.floor(generator.gamma(2.2, 5.0, rows)), 37)
    income = np.round(np.clip(generator.lognormal(11.05, 0.5, rows), 12_000, 900_000))
    used = np.clip(52 - 0.35 * (fico - 710) + generator.normal(0, 20, rows), 0, 120)
    accounts = 2 + generator.poisson(8, rows)
    burden = generator.uniform(0.05, 0.45, rows)
    amount = np.clip(25 * np.round(income * burden / 25), 1_000, 40_000)
    bankruptcies = generator.binomial(1, 0.08, rows)
    return {
        "loan_amnt": amount,
        "term": np.where(generator.random(rows) < 0.26, "60 months", "36 months"),
        "emp_length": generator.choice(_JOBS, rows),
        "home_ownership": _drawn(_HOMES, generator, rows),
        "annual_inc": income,
        "verification_status": generator.choice(_CHECKS, rows),
        "purpose": _drawn(_PURPOSES, generator, rows),
        "addr_state": generator.choice(_STATES, rows),
        "dti": np.round(40 * generator.beta(2.2, 3.2, rows), 2),
        "delinq_2yrs": generator.poisson(0.2, rows),
        "fico_range_low": fico,
        "fico_range_high": fico + 4,
        "inq_last_6mths": np.minimum(generator.poisson(0.9, rows), 8),
        "open_acc": accounts,
        "pub_rec": bankruptcies + generator.binomial(1, 0.03, rows),
        "revol_bal": np.round(income * used / 100 * generator.uniform(0.1, 0.5, rows)),
        "revol_util": np.round(used, 1),
        "total_acc": accounts + generator.poisson(14, rows),
        "pub_rec_bankruptcies": bankruptcies,
    }


def _risk(fields: Mapping[str, Any]) -> Column:
    # About mean 0 and deviation 1 over the book. The last term is what a linear model cannot learn.
    credit = (fields["fico_range_low"] - 712) / 35
    used = (fields["revol_util"] - 51) / 22
    debt = (fields["dti"] - 16.3) / 7.6
    burden = (fields["loan_amnt"] / fields["annual_inc"] - 0.25) / 0.12
    terms = -0.7 * credit + 0.6 * used + 0.7 * debt + 0.5 * burden
    terms += 0.35 * (fields["inq_last_6mths"] - 0.9) + 0.5 * (fields["delinq_2yrs"] - 0.2)
    terms += np.where(fields["term"] == "60 months", 0.6, -0.2)
    terms += _effect(_PURPOSES, fields["purpose"]) + _effect(_HOMES, fields["home_ownership"])
    terms += 0.4 * fields["pub_rec_bankruptcies"] + 0.25 * debt * used
    risk: Column = terms / 1.55
    return risk


def _price(risk: Column, fields: Mapping[str, Any], generator: np.random.Generator) -> dict[str, Any]:
    # The lender sees the risk dimly; its rate and grade repeat what it saw.
    rate = np.round(np.clip(12.5 + 2.2 * risk + generator.normal(0, 2.2, len(risk)), 5.3, 30.9), 2)
    step = np.clip(((rate - 5.3) / 25.6 * 35).astype(np.int64), 0, 34)
    letter, number = np.array(list("ABCDEFG"))[step // 5], (step % 5 + 1).astype(str)
    months = np.where(fields["term"] == "60 months", 60, 36)
    monthly = rate / 1200
    payment = fields["loan_amnt"] * monthly / (1 - (1 + monthly) ** -months)
    return {
        "int_rate": rate,
        "grade": letter,
        "sub_grade": np.char.add(letter, number),
        "installment": np.round(payment, 2),
    }


def _dates(generator: np.random.Generator, rows: int) -> dict[str, Any]:
    issued = generator.integers(2012 * 12, 2019 * 12, rows)
    since = issued - 36 - generator.integers(0, 300, rows)
    return {"issue_d": _month_names(issued), "earliest_cr_line": _month_names(since)}


def _month_names(months: NDArray[np.int64]) -> NDArray[np.str_]:
    names: NDArray[np.str_] = np.char.add(_MONTHS[months % 12], (months // 12).astype("U4"))
    return names


def _drawn(
    table: Mapping[str, tuple[float, float]], generator: np.random.Generator, rows: int
) -> NDArray[np.str_]:
    return generator.choice(list(table), rows, p=[share for share, _ in table.values()])


def _effect(table: Mapping[str, tuple[float, float]], names: NDArray[np.str_]) -> Column:
    effect = np.zeros(len(names))
    for name, (_, contribution) in table.items():
        effect[names == name] = contribution
    return effect
