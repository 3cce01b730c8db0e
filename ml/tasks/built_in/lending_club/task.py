"""Lending Club's loans from Kaggle's file: is a loan paid back?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, validate_call

from ml.data.rows import Rows, Shape
from ml.errors import DataError
from ml.models.perceptron import HIDDEN, PerceptronNetwork
from ml.tasks.built_in.lending_club.columns import Features
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding, read_encoding
from ml.tasks.built_in.lending_club.comparing import compare
from ml.tasks.built_in.lending_club.reading import read
from ml.tasks.built_in.lending_club.unfitted import loan_rows
from ml.tasks.encoded import FittedEncoding
from ml.tasks.federating import require_outcomes
from ml.tasks.targets import Labels
from ml.tasks.task import PAPERS, Task

if TYPE_CHECKING:
    from torch import nn


class LendingClub(Task):
    """Loans of any vintage that are paid or charged off.

    Args:
        features: Columns known at application time, or all, which leak the outcome.
        hidden: Width of the perceptron's two hidden layers.
        encoding: The founders' file by which all members encode loans (`ape run encoding`); none to fit one
            on what is trained on, as a simulation can.
    """

    file_options = ("encoding",)

    target = Labels(names=("Fully Paid",))
    takes = "its CSV file, plain or compressed, or a Parquet file"

    @validate_call
    def __init__(
        self,
        features: Features = "application",
        hidden: Annotated[int, Field(ge=1, le=8192)] = HIDDEN,
        encoding: Path | None = None,
    ) -> None:
        self._encoding = None if encoding is None else read_encoding(encoding)
        self._features: Features = features
        self._hidden = hidden
        # At application time nothing predicts much better than the base rate, where accuracy stays.
        self.simulation = {**PAPERS, "metric": "accuracy" if features == "all" else "auroc"}

    def module_for(self, row: Shape, label: Shape) -> "nn.Module":
        """Return the paper's perceptron for as many inputs as the encoding makes."""
        (inputs,) = row
        return PerceptronNetwork(int(inputs), (self._hidden, self._hidden))

    def rows(self, path: Path | None) -> Rows:
        """Return the usable loans of a file, to be encoded by what is trained on.

        Raises:
            DataError: When no path is given, or the file cannot be used.
        """
        if path is None:
            raise DataError(f"Lending Club's loans need the path of {self.takes}")
        if self._encoding is None:
            loans = read(path, self._features, self.allow_missing)
            return loan_rows(loans.table, self._features, loans.usage)
        loans = read(path, self._encoding.features, self.allow_missing)
        told = tuple(compare(self._encoding, loans.table, insist=not self.accept_rows))
        return Rows(self._encoding.encode(loans.table), loans.table.labels, usage=loans.usage, told=told)

    def fitted_encoding(self, path: Path) -> FittedEncoding:
        """Return the encoding of a file's usable loans."""
        loans = read(path, self._features, self.allow_missing)
        require_outcomes(self.target, loans.table.labels, f"loans of {path}")
        encoding = CommonEncoding.fit(loans.table, self._features)
        return FittedEncoding("encoding", encoding.model_dump_json(indent=2), loans.usage.told())
