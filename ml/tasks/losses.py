"""The loss of a row by what the target is: what voters compare, and what clients train on by default.

Versions are bound by a deployment's rules: other arithmetic is another version.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from ml.errors import TrainingError
from ml.tasks.targets import MASKED, Classes, Labels, Numbers, Target

VERSIONS: Mapping[type, str] = {
    Classes: "cross-entropy 1",
    Labels: "binary cross-entropy 1",
    Numbers: "squared error halved 1",
}
"""Names of the losses below; a target that is not here has none of its own."""


def row_losses(target: Target, outputs: Any, targets: Any) -> Tensor:
    """Return the loss of each row [rows]: the mean over what of it is known, 0 where nothing is.

    Raises:
        TrainingError: When outputs have another shape than targets call for, or the target is `Other`.
    """
    values, known = _losses(target, outputs, targets)
    values, known = values.reshape(len(values), -1), known.reshape(len(known), -1)
    return values.sum(1) / known.sum(1).clamp(min=1)


def batch_loss(target: Target, outputs: Any, targets: Any, is_whole: bool = False) -> Tensor:
    """Return the mean loss over all that is known in a batch, what PyTorch's own losses reduce to; see above.

    Where rows know unequally much of their targets, it is not the mean of `row_losses`.

    Args:
        target: What outputs are of.
        outputs: Of the module.
        targets: Of the same rows.
        is_whole: Whether all are known to be known, which takes as long to find out as a small batch's loss.
    """
    if is_whole or nothing_is_masked(target, targets):
        return _WHOLE[type(target)](target, outputs, targets)
    values, known = _losses(target, outputs, targets)
    return values.sum() / known.sum().clamp(min=1)


def nothing_is_masked(target: Target, targets: Any) -> bool:
    """Return whether all targets are known, of a kind that has a loss here."""
    if type(target) not in _WHOLE:
        return False
    masked = targets == MASKED if isinstance(target, Classes) else torch.isnan(targets)
    return not masked.any()


def _whole_classes(target: Any, outputs: Any, targets: Tensor) -> Tensor:
    _require_shape(target, outputs, (*targets.shape, target.count))
    if targets.ndim > 1:
        outputs, targets = outputs.reshape(-1, target.count), targets.reshape(-1)
    return cross_entropy(outputs, targets)


def _whole_labels(target: Any, outputs: Any, targets: Tensor) -> Tensor:
    """In one operation, whose last bits are those of the paper's runs."""
    return binary_cross_entropy_with_logits(_same(target, outputs, targets), targets)


def _whole_numbers(target: Any, outputs: Any, targets: Tensor) -> Tensor:
    return mse_loss(_same(target, outputs, targets), targets, reduction="sum") / (2 * targets.numel())


_WHOLE: Mapping[type, Callable[..., Tensor]] = {
    Classes: _whole_classes,
    Labels: _whole_labels,
    Numbers: _whole_numbers,
}


def _losses(target: Target, outputs: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """The loss of each element, 0 where it is not known, and which are known."""
    compute = _BY_TARGET.get(type(target))
    if compute is None:
        raise TrainingError(f"target {target} has no loss of its own: the task has to define losses")
    return compute(target, outputs, targets)


def _of_classes(target: Any, outputs: Any, targets: Tensor) -> tuple[Tensor, Tensor]:
    _require_shape(target, outputs, (*targets.shape, target.count))
    flat = cross_entropy(
        outputs.reshape(-1, target.count), targets.reshape(-1), ignore_index=MASKED, reduction="none"
    )
    return flat.reshape(targets.shape), targets != MASKED


def _of_labels(target: Any, outputs: Any, targets: Tensor) -> tuple[Tensor, Tensor]:
    outputs, known = _same(target, outputs, targets), ~torch.isnan(targets)
    values = binary_cross_entropy_with_logits(outputs, torch.where(known, targets, 0.0), reduction="none")
    return torch.where(known, values, 0.0), known


def _of_numbers(target: Any, outputs: Any, targets: Tensor) -> tuple[Tensor, Tensor]:
    outputs, known = _same(target, outputs, targets), ~torch.isnan(targets)
    return torch.where(known, (outputs - torch.where(known, targets, 0.0)).square() / 2, 0.0), known


_BY_TARGET: Mapping[type, Callable[..., tuple[Tensor, Tensor]]] = {
    Classes: _of_classes,
    Labels: _of_labels,
    Numbers: _of_numbers,
}


def _same(target: Target, outputs: Any, targets: Tensor) -> Tensor:
    """Outputs of the targets' shape; a last dimension of one is dropped."""
    if isinstance(outputs, Tensor) and outputs.shape == (*targets.shape, 1):
        return outputs.squeeze(-1)
    _require_shape(target, outputs, tuple(targets.shape))
    made: Tensor = outputs
    return made


def _require_shape(target: Target, outputs: Any, expected: tuple[int, ...]) -> None:
    found = list(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
    if found != list(expected):
        hint = _hint(target, found, list(expected))
        raise TrainingError(f"the module's outputs are {found}; target {target} takes {list(expected)}{hint}")


def _hint(target: Target, found: Any, expected: list[int]) -> str:
    """What is likely meant by outputs of another shape."""
    if isinstance(found, str):
        return ": return that tensor alone, or give the task losses of its own, which get all"
    rows, *places = expected if not isinstance(target, Classes) else expected[:-1]
    if places == [1] and found == [rows, *expected[2:]]:
        return ", where targets are a column [rows, 1]: give them as [rows], by reshape(-1)"
    if isinstance(target, Labels) and found == [rows, 2]:
        return ": give one a row, how likely it is 1, or say Classes(2)"
    return _hint_of_classes(found, expected) if isinstance(target, Classes) else ""


def _hint_of_classes(found: list[int], expected: list[int]) -> str:
    rows, *places, count = expected
    if places and found == [rows, *places]:
        return ", where targets are numbers of classes: of one-hot ones give argmax(-1)"
    return ", classes last: give outputs.movedim(1, -1)" if found == [rows, count, *places] else ""
