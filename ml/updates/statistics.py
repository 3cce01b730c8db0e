"""Running statistics of normalisation as they are sent: variances as standard deviations (decision 33)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEAN, VARIANCE, DEVIATION = "running_mean", "running_var", "running_std"
_COUNTER = "num_batches_tracked"
"""Of batches, which is not sent and does not matter."""


def sent_name(name: str) -> str:
    """Return the name under which a tensor of a module is sent.

    >>> sent_name("1.running_var"), sent_name("1.weight")
    ('1.running_std', '1.weight')
    """
    return name.removesuffix(VARIANCE) + DEVIATION if name.endswith(VARIANCE) else name


def as_sent(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return tensors of a module's `state_dict` as they are sent; those that are already stay so."""
    return {
        sent_name(name): np.sqrt(each) if name.endswith(VARIANCE) and each.dtype.kind == "f" else each
        for name, each in tensors.items()
        if not name.endswith(_COUNTER)
    }
