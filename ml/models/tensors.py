"""Between flat parameter vectors, arrays and tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.errors import SchemaError
from ml.updates.schema import Schema


def as_tensor(array: NDArray[Any], device: str) -> torch.Tensor:
    """Return `array` as a tensor on `device`, without a copy where the device is the CPU."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)


def unflatten(parameters: torch.Tensor, schema: Schema) -> list[torch.Tensor]:
    """Split the last axis of `parameters` [..., size] into tensors [..., *shape], views where possible."""
    if parameters.shape[-1] != schema.size:
        raise SchemaError(
            f"a vector of {parameters.shape[-1]} parameters does not fit a schema of {schema.size}"
        )
    leading = parameters.shape[:-1]
    return [parameters[..., place].reshape(*leading, *shape) for _, shape, place in schema.slices()]


def flatten(tensors: Sequence[torch.Tensor], schema: Schema) -> torch.Tensor:
    """Join tensors [models, *shape] in schema order into vectors [models, size]; inverse of `unflatten`."""
    flat = torch.cat([tensor.reshape(tensor.shape[0], -1) for tensor in tensors], dim=1)
    if flat.shape[1] != schema.size:
        raise SchemaError(f"tensors with {flat.shape[1]} parameters do not fit a schema of {schema.size}")
    return flat
