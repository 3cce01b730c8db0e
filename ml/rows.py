"""Rows of inputs, as an array or as something that makes batches of one when asked."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Rows(Protocol):
    """Rows float32 [rows, *row]; a NumPy array is one, and so are images kept in a file.

    `rows[places]`, with a slice or int64 places, are those rows as an array.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of one."""
        ...

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def __getitem__(self, places: Any, /) -> NDArray[np.float32]:
        """The rows at `places`."""
        ...
