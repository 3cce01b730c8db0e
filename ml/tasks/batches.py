"""A member's rows batch by batch, as a training goes through them."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ml.data.rows import Rows, batch, each, is_in_memory
from ml.settings import TrainingSettings


class Batches:
    """(inputs, targets) on a device, batch by batch, of as many passes as settings say.

    Each pass is a permutation of the rows drawn from the seed; whoever goes through them again gets others.

    Args:
        rows: What to go through.
        seed: What permutations follow from.
        settings: Passes, and rows of a batch.
        device: Where batches are.
        workers: Processes that make inputs ready beforehand, for those that are read row by row.
    """

    def __init__(
        self, rows: Rows, seed: int, settings: TrainingSettings, device: str = "cpu", workers: int = 0
    ) -> None:
        self._rows, self._settings, self._device, self._workers = rows, settings, device, workers
        self._shuffle = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        """Number of batches of all passes."""
        rows = len(self._rows)
        steps = self._settings.steps_of_a_pass(rows) - _leaves_one(rows, self._settings)
        return self._settings.passes(rows) * steps

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield each, inputs and targets by name where the rows have them so."""
        places = list(permuted(len(self._rows), self._shuffle, self._settings))
        targets, inputs = as_tensors(self._rows.targets, self._device), self._rows.inputs
        ahead = _made_ahead(inputs, places, self._workers) if self._workers else _made_now(inputs, places)
        for chosen, some in zip(places, ahead, strict=True):
            yield as_tensors(some, self._device), _picked(targets, chosen.to(self._device))


def permuted(rows: int, shuffle: torch.Generator, settings: TrainingSettings) -> Iterator[Tensor]:
    """Yield the places of each batch, int64, of as many passes as the settings say.

    A batch of one that is left over at the end of a pass is skipped: it has no variance for a normalisation
    to divide by.
    """
    kept = rows - _leaves_one(rows, settings)
    for _ in range(settings.passes(rows)):
        yield from torch.split(torch.randperm(rows, generator=shuffle)[:kept], settings.batch)


def _leaves_one(rows: int, settings: TrainingSettings) -> bool:
    return rows > 1 and rows % settings.batch == 1


def as_tensors(of: Any, device: str) -> Any:
    """Return an array, or each of several by name, as tensors on the device."""
    if isinstance(of, Tensor) and device == "cpu":
        return of
    from ml.models.tensors import placed

    return each(of, lambda array: placed(array, device))


def _picked(tensors: Any, places: Tensor) -> Any:
    """Rows of a tensor, or of several by name; sooner than by an index, which small batches feel."""
    if isinstance(tensors, Mapping):
        return {name: tensor.index_select(0, places) for name, tensor in tensors.items()}
    return tensors.index_select(0, places)


def _made_now(inputs: Any, places: list[Tensor]) -> Iterator[Any]:
    if is_in_memory(inputs):
        tensors = as_tensors(inputs, "cpu")
        return (_picked(tensors, chosen) for chosen in places)
    return (batch(inputs, chosen.numpy()) for chosen in places)


def _made_ahead(inputs: Any, places: list[Tensor], workers: int) -> Iterator[Any]:
    loader = torch.utils.data.DataLoader(_Ahead(inputs, places), batch_size=None, num_workers=workers)
    return iter(loader)


class _Ahead(torch.utils.data.Dataset[Any]):
    def __init__(self, inputs: Any, places: list[Tensor]) -> None:
        self._inputs, self._places = inputs, places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Any:
        return batch(self._inputs, self._places[number].numpy())
