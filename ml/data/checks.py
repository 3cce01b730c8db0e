"""What rows should look like before they teach or judge."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ml.data.table import Category
from ml.errors import DataError
from ml.messages import counted, quoted

_UNKNOWN_TOLD = 0.01  # Share of rows with a category that the encoding lacks, from which it is told,
_UNKNOWN_REFUSED = 0.5  # and from which another spelling is likelier than another clientele.
_FAR = 3.0  # Means apart, in the encoding's spreads.
_OTHER_SCALE = 10.0


class Spread(BaseModel):
    """How a column of numbers is standardised: (value − mean) / scale."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float = Field(allow_inf_nan=False)
    scale: float = Field(gt=0, allow_inf_nan=False)


def judging_note(rows: int, tolerance: float) -> str | None:
    """Return a sentence when so few rows validate that one of them decides a ballot, else nothing.

    >>> judging_note(11, 0.05)
    '11 rows to judge on are few: one of them is 9.1 % of a score, more than the tolerance of 5 %'
    """
    if rows * tolerance >= 1:
        return None
    few = f"{counted(rows, 'row')} to judge on {'is' if rows == 1 else 'are'} few"
    share = f"{100 / rows:.1f} % of a score, more than the tolerance of {100 * tolerance:g} %"
    return f"{few}: one of them is {share}"


def insisted(grave: list[str], told: list[str], insist: bool) -> list[str]:
    """Return all sentences, the grave ones first.

    Raises:
        DataError: When there is a grave one, and it insists.
    """
    if grave and insist:
        raise DataError(
            f"the rows are unlike those of the encoding: {'; '.join(grave)}. Write them as the founders' are "
            "written, or, if this is meant, give --accept-rows"
        )
    return grave + told


def unknown_values(
    name: str, column: Category, known: tuple[str, ...], rare: float = 0.0, empty: tuple[str, ...] = ()
) -> tuple[bool, list[str]]:
    """Return whether what an encoding lacks is graver than to be told, and a sentence where it counts.

    Args:
        name: Of the column.
        column: Its values.
        known: Those of the encoding.
        rare: Share of the founders' rows that had another.
        empty: How nothing is written, which is no value.
    """
    share, sentence = _unknown(name, column, known, empty)
    is_grave = 1 - share <= (1 - _UNKNOWN_REFUSED) * (1 - rare)
    return is_grave, [sentence] if share - rare >= _UNKNOWN_TOLD else []


def _unknown(
    name: str, column: Category, known: tuple[str, ...], empty: tuple[str, ...]
) -> tuple[float, str]:
    either = (*known, *empty)
    unknown = column.where(either) == len(either)
    if not unknown.any():
        return 0.0, ""
    example = column.values[column.codes[np.argmax(unknown)]]
    share, more = float(unknown.mean()), ", …" if len(known) > 3 else ""
    return share, (
        f"{name} has values unknown to the encoding in {share:.0%} of the rows, such as "
        f"{quoted(example[:40])} (it knows {', '.join(map(quoted, known[:3]))}{more})"
    )


def unlike(name: str, values: NDArray[np.float64], spread: Spread, of_days: bool = False) -> list[str]:
    """Return a sentence when numbers lie far from an encoding's, or spread otherwise.

    Args:
        name: The column's.
        values: float64 [rows].
        spread: The encoding's.
        of_days: Whether they are days since 1970, which people read as dates.
    """
    mean, scale = float(values.mean()), float(values.std())
    far = abs(mean - spread.mean) > _FAR * spread.scale
    wide = scale > _OTHER_SCALE * spread.scale
    narrow = scale * _OTHER_SCALE < spread.scale and not _mostly_one(values)
    if not (far or wide or narrow):
        return []
    shown = _of_days if of_days else _of_numbers
    theirs = shown(spread.mean, spread.scale) + ("" if of_days else _unit(mean, spread.mean))
    return [f"{name} is {shown(mean, scale)} where the encoding's rows are {theirs}"]


def _of_numbers(mean: float, scale: float) -> str:
    return f"{mean:.4g} ± {scale:.2g}"


def _of_days(mean: float, scale: float) -> str:
    return f"{date_of(mean)} ± {scale:.0f} days"


def date_of(days: float) -> str:
    """Return the date of days since 1970, as people write it; the number where no calendar has it.

    >>> date_of(16340), date_of(1e7)
    ('2014-09-27', '1e+07 days after 1970-01-01')
    """
    try:
        return str(date(1970, 1, 1) + timedelta(round(days)))
    except OverflowError:
        return f"{days:g} days after 1970-01-01"


def _mostly_one(values: NDArray[np.float64]) -> bool:
    # Rare events are mostly 0: few rows may well miss the large ones.
    _, counts = np.unique(values, return_counts=True)
    return bool(counts.max() > len(values) / 2)


def _unit(mean: float, expected: float) -> str:
    if not mean or not expected or mean * expected < 0:
        return ""
    factor = max(mean / expected, expected / mean)
    near = min((12, 100, 1000, 1_000_000), key=lambda unit: abs(np.log(factor / unit)))
    return f", as if in another unit ({near} to 1)" if 0.6 < factor / near < 1.6 else ""
