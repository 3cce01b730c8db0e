"""Arrays in safetensors that others wrote: no code, and no more memory than there are bytes."""

from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load


def tensors_in(content: bytes) -> dict[str, NDArray[Any]]:
    """Return arrays by name.

    Raises:
        ValueError: When the bytes are no safetensors, or hold a type that NumPy has not, such as bfloat16.
    """
    try:
        return load(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    except (KeyError, TypeError) as error:
        raise ValueError(f"it holds numbers of a type that NumPy has not: {error.args[0]}") from error
