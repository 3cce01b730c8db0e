"""Between a PyTorch module and the flat vector that is averaged, encoded and sent."""

import struct
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from ml.errors import SchemaError
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema
from ml.updates.statistics import DEVIATION, MEAN, VARIANCE, sent_name


class ModuleState:
    """What of a module is trained, then its running statistics, as one float32 vector [schema.size].

    Parameters that require no gradient are never in it; of tied ones there is one. Running statistics of
    normalisation that is trained are in the vector, so that they are averaged as parameters are: the plain
    meaning of federated averaging of such a model, and the only way for voters, who see parameters and
    nothing else, to compute what the proposer computed. Running variances travel as standard deviations:
    those stay within fixed point's ±2048 up to a variance of four million, lose less to its steps of 1e-6,
    and any number that a stranger sends is a valid one once squared.

    Everything else that the module holds is constant: frozen weights, statistics of frozen normalisation,
    which stays in `eval`, other buffers, counters. Each model starts from them as they were made.

    Attributes:
        schema: Of the vector.
        trained: The parameters in it, in order.

    Args:
        module: The module; `load` changes it.

    Raises:
        SchemaError: When it has nothing to train, or parameters whose shapes it does not know yet.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._frozen = [layer for layer in module.modules() if _is_frozen(layer)]
        parameters = dict(module.named_parameters())
        for name, parameter in parameters.items():
            _require_float(name, parameter)
        self._tensors: dict[str, torch.Tensor] = {
            name: p for name, p in parameters.items() if p.requires_grad
        }
        self.trained = list(self._tensors.values())
        if not self.trained:
            raise SchemaError(
                "the module has no parameter that requires a gradient: nothing to train or send"
            )
        statistics = self._statistics()
        self._tensors |= {sent_name(name): buffer for name, buffer in statistics.items()}
        others: dict[str, torch.Tensor] = {name: p for name, p in parameters.items() if not p.requires_grad}
        others |= {name: b for name, b in module.named_buffers() if name not in statistics}
        self._types = {name: tensor.dtype for name, tensor in self._tensors.items()}
        self._layers = dict(module.named_modules())
        self._parameters = [(parameter, parameter.requires_grad) for parameter in parameters.values()]
        self._constants = [(name, tensor, tensor.detach().clone()) for name, tensor in sorted(others.items())]
        self.schema = Schema.of([(name, tuple(tensor.shape)) for name, tensor in self._tensors.items()])
        self._places = [
            (self._tensors[name], shape, place, _is_deviation(name))
            for name, shape, place in self.schema.slices()
        ]

    @property
    def constants(self) -> bytes:
        """32 bytes that differ when any constant does: its name, type, shape or a value."""
        return constants_digest([(name, value) for name, _, value in self._constants])

    def changed(self) -> list[str]:
        """Return the names of constants that are others by now; the next `load` puts them back."""
        return [name for name, now, value in self._constants if not torch.equal(now, value)]

    def to_training(self) -> None:
        """Switch the module to training, without gradients; frozen normalisation, and what was, stays so."""
        self._module.train()
        self._module.zero_grad()
        for parameter, is_trained in self._parameters:
            if parameter.requires_grad != is_trained:
                parameter.requires_grad_(is_trained)
        for layer in self._frozen:
            layer.eval()

    @torch.no_grad()
    def load(self, vector: NDArray[np.float32]) -> None:
        """Set what is trained and running statistics, and put constants back.

        Raises:
            SchemaError: When the vector has another length.
        """
        if vector.shape != (self.schema.size,):
            raise SchemaError(
                f"a vector of {vector.size} parameters does not fit a schema of {self.schema.size}"
            )
        flat = torch.from_numpy(vector)
        for tensor, shape, place, is_deviation in self._places:
            values = flat[place].view(shape)
            tensor.copy_(values.square() if is_deviation else values)
        self.put_back()

    @torch.no_grad()
    def put_back(self) -> None:
        """Set constants to what they were made as."""
        for _, tensor, value in self._constants:
            tensor.copy_(value)

    def require_in_place(self) -> None:
        """Raise SchemaError when the module has another layer, or another tensor in place of the vector's.

        What was put in its place would not be in the vector, nor be put back for the next model.
        """
        layers = dict(self._module.named_modules())
        for name in self._layers | layers:
            if layers.get(name) is not self._layers.get(name):
                raise SchemaError(
                    f"training puts another layer at {name!r} of the module, of which nobody is sent "
                    "anything; make all layers in module()"
                )
        there = dict(self._module.named_parameters()) | dict(self._module.named_buffers())
        for name, tensor in self._tensors.items():
            found = there.get(name.removesuffix(DEVIATION) + VARIANCE if _is_deviation(name) else name)
            if found is tensor and tensor.dtype != self._types[name]:
                raise SchemaError(
                    f"{name!r} is {tensor.dtype} after training, and was {self._types[name]}: leave types as "
                    "they are"
                )
            if found is not tensor:
                raise SchemaError(
                    f"{name!r} is another tensor than before training, and would be lost; change what a "
                    "module has in place, as optimisers and copy_ do"
                )

    @torch.no_grad()
    def store(self) -> NDArray[np.float32]:
        """Return what is trained and running statistics."""
        parts = [tensor.sqrt() if is_deviation else tensor for tensor, _, _, is_deviation in self._places]
        vector: NDArray[np.float32] = torch.cat([part.flatten() for part in parts]).float().cpu().numpy()
        return vector

    def _statistics(self) -> dict[str, torch.Tensor]:
        """Running means and variances of normalisation that is trained, by name, in the module's order."""
        layers = {name: layer for name, layer in self._module.named_modules() if _is_statistical(layer)}
        kept = {
            f"{name}.{buffer}".lstrip(".")
            for name, layer in layers.items()
            if layer not in self._frozen
            for buffer in (MEAN, VARIANCE)
        }
        return {name: buffer for name, buffer in self._module.named_buffers() if name in kept}


def constants_digest(constants: Sequence[tuple[str, torch.Tensor]]) -> bytes:
    """Return 32 bytes of tensors by name."""
    parts = [b"StakeFed constants 1"]
    for name, value in constants:
        head = f"{name} {value.dtype} {list(value.shape)}".encode()
        content = value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        parts += [struct.pack("<Q", len(head)), head, keccak256(content)]
    return keccak256(b"".join(parts))


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
        elif name.endswith(("weight", DEVIATION)):
            vector[place] = 1
    return vector


def mixes_rows(layer: nn.Module) -> bool:
    """Return whether what a layer makes of a row in training depends on the rows beside it."""
    return (isinstance(layer, _BatchNorm) or _is_statistical(layer)) and not _is_frozen(layer)


def _is_statistical(layer: nn.Module) -> bool:
    return isinstance(layer, _NormBase) and layer.running_mean is not None


def _is_frozen(layer: nn.Module) -> bool:
    """Whether a normalisation is not trained: its parameters need no gradient, or it was made in `eval`."""
    if not _is_statistical(layer):
        return False
    parameters = list(layer.parameters())
    return not layer.training or (bool(parameters) and not any(p.requires_grad for p in parameters))


def _require_float(name: str, parameter: torch.Tensor) -> None:
    if isinstance(parameter, nn.parameter.UninitializedParameter):
        raise SchemaError(f"parameter {name!r} has no shape yet: give lazy modules their sizes")
    if parameter.requires_grad and parameter.dtype != torch.float32:
        todo = "" if parameter.is_complex() else ": end module() with .float()"
        raise SchemaError(f"parameter {name!r} is {parameter.dtype}; what is trained is torch.float32{todo}")


def _is_deviation(name: str) -> bool:
    return name.endswith(DEVIATION)
