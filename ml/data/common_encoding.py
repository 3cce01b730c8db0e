"""An encoding of loans that institutions agree on beforehand, as a file: nobody fits it on anyone's rows."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ml.data.columns import CATEGORICAL, Features, encoded_numbers
from ml.errors import DataError
from ml.updates.hashing import keccak256
from ml.validation import first_fault


class Spread(BaseModel):
    """How a column of numbers is standardised: (value − mean) / scale."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float = Field(allow_inf_nan=False)
    scale: float = Field(gt=0, allow_inf_nan=False)


class CommonEncoding(BaseModel):
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
        return self

    @classmethod
    def fit(cls, loans: pd.DataFrame, features: Features) -> "CommonEncoding":
        """Return the encoding of loans as `ml.data.columns.typed` makes them, such as a public file's."""
        numbers = {name: loans[name].to_numpy(np.float64) for name in encoded_numbers(features)}
        return cls(
            features=features,
            categories={name: tuple(sorted(loans[name].astype(str).unique())) for name in CATEGORICAL},
            numbers={
                name: Spread(mean=float(values.mean()), scale=float(values.std()) or 1.0)
                for name, values in numbers.items()
            },
        )

    @property
    def inputs(self) -> int:
        """Inputs of a model."""
        return sum(len(values) for values in self.categories.values()) + len(self.numbers)

    @property
    def digest(self) -> bytes:
        """32 bytes that differ when any value does, whatever the file's spacing."""
        return keccak256(self.model_dump_json().encode())

    def encode(self, loans: pd.DataFrame) -> NDArray[np.float32]:
        """Return loans as float32 [rows, inputs]."""
        parts: list[NDArray[np.float32]] = []
        for name, values in self.categories.items():
            column = loans[name].astype(str).to_numpy(str)
            parts.append((column[:, None] == np.array(values)[None, :]).astype(np.float32))
        for name, spread in self.numbers.items():
            standard = (loans[name].to_numpy(np.float64) - spread.mean) / spread.scale
            parts.append(standard.astype(np.float32)[:, None])
        return np.concatenate(parts, axis=1)


def read_encoding(path: Path) -> CommonEncoding:
    """Return the encoding that a JSON file holds.

    Raises:
        DataError: When it cannot be read as one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"there is no encoding {path}; the deployment's founders hand it out") from None
    except (OSError, ValueError) as error:
        raise DataError(f"encoding {path} cannot be read as JSON ({error})") from error
    if not isinstance(content, Mapping):
        raise DataError(f"encoding {path} holds no mapping of names to values")
    try:
        return CommonEncoding.model_validate(content)
    except ValidationError as error:
        raise DataError(f"encoding {path}: {first_fault(error, 'the whole')}") from error
