"""An encoding of loans that institutions agree on beforehand, as a file: nobody fits it on anyone's rows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, ValidationError, model_validator

from ml.data.checks import Spread
from ml.data.table import Table
from ml.errors import DataError
from ml.json_file import read_value
from ml.messages import reason
from ml.tasks.built_in.lending_club.columns import CATEGORICAL, Features, encoded_numbers
from ml.updates.hashing import keccak256
from ml.validation import Written, first_fault


class CommonEncoding(Written):
    """One-hot categories and standardised numbers, in the order that every client shares.

    Attributes:
        features: Which columns.
        categories: By column, the values that have an input of their own; any other value is all zeros.
        numbers: By column.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: Features
    categories: dict[str, tuple[str, ...]]
    numbers: dict[str, Spread]

    @model_validator(mode="after")
    def _names_every_column(self) -> "CommonEncoding":
        for what, have, want in (
            ("categories", tuple(self.categories), CATEGORICAL),
            ("numbers", tuple(self.numbers), encoded_numbers(self.features)),
        ):
            if have != want:
                raise ValueError(f"{what} must be the columns {', '.join(want)}, in this order")
        for name, values in self.categories.items():
            if len(set(values)) < len(values):
                raise ValueError(f"categories.{name} has a value twice")
        return self

    @classmethod
    def fit(cls, loans: Table, features: Features) -> "CommonEncoding":
        """Return the encoding of loans, such as a public file's or a simulation's training rows."""
        numbers = {name: loans.numbers[name] for name in encoded_numbers(features)}
        return cls(
            features=features,
            categories={name: loans.categories[name].present for name in CATEGORICAL},
            numbers={
                name: Spread(mean=float(values.mean()), scale=float(values.std()) or 1.0)
                for name, values in numbers.items()
            },
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        one_hot = (f"{name}_{value}" for name, values in self.categories.items() for value in values)
        return (*one_hot, *self.numbers)

    @property
    def inputs(self) -> int:
        """Inputs of a model."""
        return sum(len(values) for values in self.categories.values()) + len(self.numbers)

    @property
    def digest(self) -> bytes:
        """32 bytes that differ when any value does, whatever the file's spacing."""
        return keccak256(self.model_dump_json().encode())

    def encode(self, loans: Table) -> NDArray[np.float32]:
        """Return loans as float32 [rows, inputs]."""
        X = np.zeros((len(loans), self.inputs), np.float32)
        first = 0
        for name, values in self.categories.items():
            places = loans.categories[name].where(values)
            known = np.flatnonzero(places < len(values))
            X[known, first + places[known]] = 1
            first += len(values)
        for i, (name, spread) in enumerate(self.numbers.items(), first):
            X[:, i] = (loans.numbers[name] - spread.mean) / spread.scale
        return X


def read_encoding(path: Path) -> CommonEncoding:
    """Return the encoding that a JSON file holds.

    Raises:
        DataError: When it cannot be read as one.
    """
    try:
        content = read_value(path)
    except FileNotFoundError:
        raise DataError(f"there is no encoding {path}; the deployment's founders hand it out") from None
    except (OSError, ValueError) as error:
        raise DataError(f"encoding {path} cannot be read as JSON ({reason(error)})") from error
    if not isinstance(content, Mapping):
        raise DataError(f"encoding {path} holds no mapping of names to values")
    try:
        return CommonEncoding.model_validate(content)
    except ValidationError as error:
        raise DataError(f"encoding {path}: {first_fault(error, 'the whole')}") from error
