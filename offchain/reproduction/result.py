"""What an item of the paper comes to: tables, a figure, and how far it is from what was reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from offchain.reproduction.curves import deviation


@dataclass(frozen=True)
class Comparison:
    """A number of the paper beside ours.

    Attributes:
        quantity: What is compared.
        paper: As printed there, such as "0.965 ± 0.008".
        ours: Mean over the seeds.
        spread: Standard deviation over the seeds; nan for one seed or an exact value.
        paper_mean: The paper's mean, to subtract; nan where it gives none.
        why: Where a difference comes from, as far as measured; "" where there is none to speak of.
    """

    quantity: str
    paper: str
    ours: float
    spread: float = np.nan
    paper_mean: float = np.nan
    why: str = ""

    @classmethod
    def of_seeds(
        cls,
        quantity: str,
        paper: str,
        values: NDArray[np.float64],
        paper_mean: float = np.nan,
        why: str = "",
    ) -> "Comparison":
        """Return the comparison of what the paper says, in numbers or words, with `values`, one per seed."""
        return cls(quantity, paper, float(values.mean()), float(deviation(values)), paper_mean, why)

    @property
    def difference(self) -> float:
        """Ours less the paper's; nan where the paper gives no number."""
        return self.ours - self.paper_mean


@dataclass(frozen=True)
class Statement:
    """A sentence about the results that is true or false of the numbers in the table.

    Attributes:
        text: The sentence.
        holds: Whether it is true.
        evidence: The numbers that decide it.
    """

    text: str
    holds: bool
    evidence: str


@dataclass(frozen=True, eq=False)
class Result:
    """One item, computed.

    Attributes:
        tables: Rows by the table's name; the item's main table is named "".
        figure: In the paper's arrangement; None for a table without one.
        comparisons: Rows of "paper, ours, difference, why".
        statements: The paper's qualitative claims, decided.
    """

    tables: Mapping[str, pd.DataFrame]
    figure: Figure | None = None
    comparisons: Sequence[Comparison] = field(default=())
    statements: Sequence[Statement] = field(default=())
