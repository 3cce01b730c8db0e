"""Between a PyTorch module and the flat vector that is averaged, encoded and sent."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml.errors import SchemaError
from ml.updates.schema import Schema

_VARIANCE, _DEVIATION = "running_var", "running_std"


class ModuleState:
    """A module's parameters, then its running statistics, as one float32 vector [schema.size].

    Running statistics of BatchNorm are in the vector, so that they are averaged as parameters are: the plain
    meaning of federated averaging of such a model, and the only way for voters, who see parameters and
    nothing else, to compute what the proposer computed. Running variances travel as standard deviations:
    those stay within fixed point's ±2048 up to a variance of four million, lose less to its steps of 1e-6,
    and any number that a stranger sends is a valid one once squared. Counters of batches are left out: with a
    fixed momentum, as here, nothing depends on them.

    Args:
        module: The module; `load` changes it.

    Raises:
        SchemaError: When it has float buffers of other kinds than running means and variances.
    """

    def __init__(self, module: nn.Module) -> None:
        self._tensors: dict[str, torch.Tensor] = dict(module.named_parameters())
        for name, buffer in module.named_buffers():
            if buffer.is_floating_point():
                self._tensors[_transmitted(name)] = buffer
        self.schema = Schema.of([(name, tuple(tensor.shape)) for name, tensor in self._tensors.items()])

    @torch.no_grad()
    def load(self, vector: NDArray[np.float32]) -> None:
        """Set the module's parameters and running statistics.

        Raises:
            SchemaError: When the vector has another length.
        """
        if vector.shape != (self.schema.size,):
            raise SchemaError(
                f"a vector of {vector.size} parameters does not fit a schema of {self.schema.size}"
            )
        flat = torch.from_numpy(vector)
        for name, shape, place in self.schema.slices():
            values = flat[place].view(shape)
            self._tensors[name].copy_(values.square() if _is_deviation(name) else values)

    @torch.no_grad()
    def store(self) -> NDArray[np.float32]:
        """Return the module's parameters and running statistics."""
        vector = np.empty(self.schema.size, dtype=np.float32)
        for name, _, place in self.schema.slices():
            values = self._tensors[name].flatten().cpu()
            vector[place] = (values.sqrt() if _is_deviation(name) else values).numpy()
        return vector


def initial_vector(schema: Schema, seed: int) -> NDArray[np.float32]:
    """Return a model [size] to start from, by the names and shapes of `schema`.

    Weights of convolutions and linear layers from a normal distribution of variance 2 / (inputs of an
    output), as He et al. (2015); scales and running deviations 1; biases and running means 0. NumPy draws, so
    that the genesis model does not depend on PyTorch's version.
    """
    generator = np.random.default_rng(seed)
    vector = np.zeros(schema.size, dtype=np.float32)
    for name, shape, place in schema.slices():
        if len(shape) > 1:
            deviation = np.sqrt(2 / np.prod(shape[1:]))
            vector[place] = generator.normal(0, deviation, place.stop - place.start)
        elif name.endswith(("weight", _DEVIATION)):
            vector[place] = 1
    return vector


def _transmitted(name: str) -> str:
    if name.endswith(_VARIANCE):
        return name.removesuffix(_VARIANCE) + _DEVIATION
    if name.endswith("running_mean"):
        return name
    raise SchemaError(f"buffer {name!r} is neither a running mean nor a running variance; say how to send it")


def _is_deviation(name: str) -> bool:
    return name.endswith(_DEVIATION)
