"""The perceptron's passes written out: forward, backward, Adam, in buffers that are made once.

Autograd finds the same gradients, but notes and allocates what three layers do not need.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ml.data.stored_rows import StoredRows
from ml.models.tensors import as_tensor, unflatten
from ml.settings import TrainingSettings
from ml.updates.schema import Schema

BLOCK_ROWS = 512
"""Rows that a model is tried on at once, few enough for the processor's cache."""

_relu_backward = torch.ops.aten.threshold_backward.grad_input


@torch.inference_mode()
def logits(params: torch.Tensor, schema: Schema, sets: Sequence[torch.Tensor | StoredRows]) -> torch.Tensor:
    """Return the logits of one model [size] on sets of rows [rows, inputs], one set after another.

    A set's blocks begin at its first row, so its logits are, to the last bit, those it gives by itself.
    """
    w1, b1, w2, b2, w3, b3 = unflatten(params, schema)
    result = params.new_empty(sum(rows.shape[0] for rows in sets))
    hidden1, hidden2 = params.new_empty(2, BLOCK_ROWS, len(b1))
    start = 0
    for each in sets:
        rows = as_tensor(each[:], params.device) if isinstance(each, StoredRows) else each
        for block in torch.split(rows, BLOCK_ROWS) if rows.shape[0] > BLOCK_ROWS else (rows,):
            count = block.shape[0]
            h1, h2 = hidden1[:count], hidden2[:count]
            torch.addmm(b1, block, w1, out=h1).relu_()
            torch.addmm(b2, h1, w2, out=h2).relu_()
            torch.addmv(b3, h2, w3.view(-1), out=result[start : start + count])
            start += count
    return result


class Training:
    """One model on its way: parameters, gradient, Adam's moments, and buffers for the largest batch.

    Args:
        start: The model [size] to begin with; left as it is.
        schema: Its.
        settings: Batch size and step size.
        divergence_weight: λ of the term λ·‖w − start‖² beside the loss.
    """

    def __init__(
        self, start: torch.Tensor, schema: Schema, settings: TrainingSettings, divergence_weight: float
    ) -> None:
        self.params = start.clone()
        self._start = start
        self._gradient, self._mean, self._square = start.new_zeros(3, len(start))
        self._weights = unflatten(self.params, schema)
        self._gradients = unflatten(self._gradient, schema)
        self._steps = torch.zeros((), device=start.device)
        self._settings = settings
        self._divergence_weight = divergence_weight
        self._buffers: dict[int, _Buffers] = {}

    def step(self, rows: torch.Tensor | StoredRows, labels: torch.Tensor, batch: torch.Tensor) -> None:
        """Take one step of Adam on the rows [rows, inputs] and labels [rows] at the places of `batch`."""
        buffers = self._buffers.get(len(batch))
        if buffers is None:
            buffers = self._buffers[len(batch)] = _Buffers.of(len(batch), self._weights[0])
        _gather(rows, batch, buffers.rows)
        torch.index_select(labels, 0, batch, out=buffers.labels)
        self._find_gradient(buffers)
        if self._divergence_weight:
            self._gradient.add_(self.params - self._start, alpha=2 * self._divergence_weight)
        self._descend()

    def _find_gradient(self, b: "_Buffers") -> None:
        w1, b1, w2, b2, w3, b3 = self._weights
        d_w1, d_b1, d_w2, d_b2, d_w3, d_b3 = self._gradients
        torch.addmm(b1, b.rows, w1, out=b.hidden1).relu_()
        torch.addmm(b2, b.hidden1, w2, out=b.hidden2).relu_()
        torch.addmv(b3, b.hidden2, w3.view(-1), out=b.output)

        # Of the mean cross-entropy by the logits: (σ(z) − y) / n; then backwards, layer by layer.
        b.output.sigmoid_().sub_(b.labels).mul_(1 / len(b.labels))
        torch.mv(b.hidden2.t(), b.output, out=d_w3.view(-1))
        torch.sum(b.output, 0, keepdim=True, out=d_b3)
        torch.outer(b.output, w3.view(-1), out=b.d_hidden2)
        _relu_backward(b.d_hidden2, b.hidden2, 0, grad_input=b.d_hidden2)
        torch.mm(b.hidden1.t(), b.d_hidden2, out=d_w2)
        torch.sum(b.d_hidden2, 0, out=d_b2)
        torch.mm(b.d_hidden2, w2.t(), out=b.d_hidden1)
        _relu_backward(b.d_hidden1, b.hidden1, 0, grad_input=b.d_hidden1)
        torch.mm(b.rows.t(), b.d_hidden1, out=d_w1)
        torch.sum(b.d_hidden1, 0, out=d_b1)

    def _descend(self) -> None:
        # All parameters are one vector, so PyTorch's fused Adam passes over the memory once; what its
        # optimiser does around that takes twice as long as a step of so few.
        self._steps.add_(1)
        torch._fused_adam_(
            [self.params],
            [self._gradient],
            [self._mean],
            [self._square],
            [],
            [self._steps],
            lr=self._settings.learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )


def _gather(rows: torch.Tensor | StoredRows, places: torch.Tensor, out: torch.Tensor) -> None:
    """Copy the rows at some places."""
    if isinstance(rows, torch.Tensor):
        torch.index_select(rows, 0, places, out=out)
    else:
        out.copy_(as_tensor(rows[places.cpu().numpy()], "cpu"))


@dataclass(frozen=True, eq=False)
class _Buffers:
    """What a batch of some length passes through."""

    rows: torch.Tensor
    labels: torch.Tensor
    hidden1: torch.Tensor
    hidden2: torch.Tensor
    output: torch.Tensor
    d_hidden1: torch.Tensor
    d_hidden2: torch.Tensor

    @classmethod
    def of(cls, count: int, first_weight: torch.Tensor) -> "_Buffers":
        """Return buffers for `count` rows, of the type and on the device of the first weights."""
        inputs, hidden = first_weight.shape
        widths: tuple[tuple[int, ...], ...] = ((inputs,), (), (hidden,), (hidden,), (), (hidden,), (hidden,))
        return cls(*(first_weight.new_empty((count, *width)) for width in widths))
