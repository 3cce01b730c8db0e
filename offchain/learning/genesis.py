"""The first global model: the same wherever it is made, or read from the founders' file."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ml.seeds import derive_seed
from ml.updates.fixed_point import decode, encode
from ml.updates.schema import Schema
from offchain.errors import SettingsError

if TYPE_CHECKING:
    from ml.training import Learner

_GENESIS = 3  # Under a run's seed; other paths are data, cast and training.


def genesis_model(learner: "Learner", seed: int) -> NDArray[np.int32]:
    """Return the parameters int32 [size], in fixed point, with which a run of `seed` starts."""
    return encode(learner.initial_parameters(derive_seed(seed, _GENESIS)))


def write_genesis(path: Path, first: NDArray[np.int32], schema: Schema) -> None:
    """Write a model int32 [size] as safetensors: floats that `genesis_in` encodes to the same integers.

    Raises:
        SettingsError: When the file cannot be written.
    """
    values = decode(first)
    tensors = {name: values[place].reshape(shape).copy() for name, shape, place in schema.slices()}
    try:
        save_file(tensors, path)
    except (OSError, SafetensorError) as error:
        raise SettingsError(f"genesis {path} cannot be written ({error})") from error


def genesis_in(path: Path, schema: Schema) -> NDArray[np.int32]:
    """Return the first model that a safetensors file holds, int32 [size].

    Raises:
        SettingsError: When it is not there, or of other tensors.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise SettingsError(f"genesis {path} cannot be read as safetensors ({error})") from error
    model = np.empty(schema.size, dtype=np.float32)
    for name, shape, place in schema.slices():
        found = tensors.pop(name, None)
        if found is None or found.shape != shape:
            has = "none" if found is None else list(found.shape)
            raise SettingsError(
                f"genesis {path}: tensor {name} of shape {list(shape)} was expected, it has {has}"
            )
        model[place] = found.astype(np.float32).ravel()
    if tensors:
        raise SettingsError(
            f"genesis {path} has the tensor {sorted(tensors)[0]}, which the module does not train"
        )
    return encode(model)
