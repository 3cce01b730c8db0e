"""Between flat parameter vectors, arrays and tensors."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.errors import SchemaError
from ml.updates.schema import Schema


def as_tensor(array: NDArray[Any], device: str | torch.device) -> torch.Tensor:
    """Return `array` as a tensor on `device`, without a copy where the device is the CPU."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)


def placed(array: Any, device: str) -> torch.Tensor:
    """Return an array or tensor on `device`, the copy to an accelerator going on beside the processor."""
    tensor = array if isinstance(array, torch.Tensor) else as_tensor(array, "cpu")
    # From pinned memory a copy to the accelerator does not keep the processor waiting.
    return tensor if device == "cpu" else tensor.pin_memory().to(device, non_blocking=True)


def unflatten(parameters: torch.Tensor, schema: Schema) -> list[torch.Tensor]:
    """Split the last axis of `parameters` [..., size] into tensors [..., *shape], views where possible.

    Raises:
        SchemaError: When the shapes take another number of parameters.
    """
    if parameters.shape[-1] != schema.size:
        raise SchemaError(
            f"a vector of {parameters.shape[-1]} parameters does not fit a schema of {schema.size}"
        )
    leading = parameters.shape[:-1]
    return [parameters[..., place].reshape(*leading, *shape) for _, shape, place in schema.slices()]
