"""The perceptron: rows of numbers through ReLU layers to one output or several."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml.updates.schema import Schema

HIDDEN = 128
"""Width of the hidden layers (paper, section V-A)."""

_OUTPUT_GAIN = 2


class PerceptronNetwork(nn.Module):
    """Inputs → hidden layers → outputs, with ReLU; weights are stored as (in, out).

    Attributes:
        widths: Of inputs, of each hidden layer, and of outputs.

    >>> PerceptronNetwork(100)(torch.zeros(3, 100)).shape
    torch.Size([3, 1])
    """

    def __init__(self, inputs: int, hidden: Sequence[int] = (HIDDEN, HIDDEN), outputs: int = 1) -> None:
        super().__init__()
        self.widths = (inputs, *hidden, outputs)
        for number, (fan_in, fan_out) in enumerate(zip(self.widths, self.widths[1:], strict=False), start=1):
            setattr(self, f"layer{number}", _Layer(fan_in, fan_out))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return outputs [rows, outputs] of rows [rows, inputs]."""
        *hidden, last = self.children()
        for layer in hidden:
            rows = torch.relu(layer(rows))
        made: torch.Tensor = last(rows)
        return made

    def initial_parameters(self, seed: int) -> NDArray[np.float32]:
        """Return a first model float32 [size]; see `initial_perceptron`."""
        return initial_perceptron(perceptron_schema(self.widths), seed)


class _Layer(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.addmm(self.bias, rows, self.weight)


def perceptron_schema(widths: Sequence[int]) -> Schema:
    """Return the schema of a perceptron of these widths, inputs and outputs among them.

    >>> perceptron_schema((100, 128, 128, 1)).size
    29569
    """
    entries: OrderedDict[str, tuple[int, ...]] = OrderedDict()
    for number, (fan_in, fan_out) in enumerate(zip(widths, widths[1:], strict=False), start=1):
        entries[f"layer{number}.weight"] = (fan_in, fan_out)
        entries[f"layer{number}.bias"] = (fan_out,)
    return Schema.of(list(entries.items()))


def initial_perceptron(schema: Schema, seed: int) -> NDArray[np.float32]:
    """Return a float32 vector [size]: weights (in, out) from U(−g·√(6/in), g·√(6/in)), zero biases.

    He et al. (2015), made for ReLU, with g = 1; for an output layer of one g = 2. The paper names none. While
    the global model is hardly better than the base rate, a poisoned update that only shifts every logit can
    pass Eq. 2. PyTorch's own default stays there longest; wider logits end it soonest. On the real loans with
    40 % malicious clients and policy `verdict` these keep 6 % of their tokens over 150 rounds, with g = 1
    throughout 10 %, at the same accuracy. NumPy draws, so that the genesis model does not depend on PyTorch's
    version.
    """
    generator = np.random.default_rng(seed)
    parameters = np.zeros(schema.size, dtype=np.float32)
    for _, shape, place in schema.slices():
        if len(shape) == 2:
            bound = np.sqrt(6 / shape[0]) * (_OUTPUT_GAIN if shape[1] == 1 else 1)
            parameters[place] = generator.uniform(-bound, bound, place.stop - place.start)
    return parameters
