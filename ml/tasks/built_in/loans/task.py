"""Built-in synthetic loans: is a loan paid back?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, validate_call

from ml.data.rows import Rows, Shape
from ml.models.perceptron import HIDDEN, PerceptronNetwork
from ml.tasks.built_in.lending_club.columns import Features, typed
from ml.tasks.built_in.lending_club.unfitted import loan_rows
from ml.tasks.targets import Labels
from ml.tasks.task import PAPERS, Task

if TYPE_CHECKING:
    from torch import nn

_FEATURES: Features = "application"


class Loans(Task):
    """A book of loans that is made, not sampled from data, and has the signal that real ones lack.

    Args:
        rows: Loans in the book; a longer one is another book.
        hidden: Width of the perceptron's two hidden layers.
    """

    target = Labels(names=("Fully Paid",))
    takes = ""
    simulation = {**PAPERS, "metric": "accuracy"}

    @validate_call
    def __init__(
        self,
        rows: Annotated[int, Field(ge=1)] = 40_000,
        hidden: Annotated[int, Field(ge=1, le=8192)] = HIDDEN,
    ) -> None:
        self._rows = rows
        self._hidden = hidden

    def module_for(self, row: Shape, label: Shape) -> "nn.Module":
        """Return the paper's perceptron for as many inputs as the encoding makes."""
        (inputs,) = row
        return PerceptronNetwork(int(inputs), (self._hidden, self._hidden))

    def rows(self, path: Path | None) -> Rows:
        """Return the book, to be encoded by what is trained on."""
        # Here: pandas, in which the book is made, is nothing that a live client needs in memory.
        from ml.tasks.built_in.loans.book import book

        loans = {str(name): column for name, column in book(self._rows).items()}
        return loan_rows(typed(loans, _FEATURES), _FEATURES)
