"""Contrasts of a round's models on the rows of its voters, beside those of the model that they start from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.judging.contrast import contrasts
from ml.judging.own_rows import OwnRows, Tried

Measured = NDArray[np.float64]


class RoundContrasts:
    """What models of a round change of the contrasts that their parent has.

    Args:
        rows: All clients' rows.
        clients: The voters, as numbers in `rows`.
        parent: The model that they start from, on their rows.
    """

    def __init__(self, rows: OwnRows, clients: Sequence[int], parent: Tried) -> None:
        self._rows = rows
        self._clients = clients
        dealt = rows.dealt(parent.outputs, clients)
        self._counted = [np.isfinite(losses) for losses in dealt]
        self._parent = self._contrasts(parent.losses, dealt, range(len(clients)))

    @property
    def known(self) -> Measured:
        """κ(w) of every voter's rows, [voters]; 0 where there is none to lose."""
        return np.nan_to_num([max(0.0, float(own.mean())) for own in self._parent], posinf=0.0)

    def changes(
        self, outputs: Sequence[Any], losses: Sequence[Measured], voters: Sequence[int]
    ) -> list[Measured]:
        """Return by how much more than the parent's each row's contrast is, float64 [rows] of each voter.

        Args:
            outputs: What a voter's model says of its rows.
            losses: Of these rows.
            voters: By place.
        """
        dealt = self._rows.dealt(outputs, [self._clients[voter] for voter in voters])
        now = self._contrasts(losses, dealt, voters)
        return [each - self._parent[voter] for each, voter in zip(now, voters, strict=True)]

    def _contrasts(
        self, losses: Sequence[Measured], dealt: Sequence[Measured], voters: Sequence[int]
    ) -> list[Measured]:
        counted = np.concatenate([self._counted[voter] for voter in voters], axis=1)
        found = contrasts(np.concatenate(losses), np.concatenate(dealt, axis=1), counted)
        return np.split(found, np.cumsum([len(own) for own in losses])[:-1])
