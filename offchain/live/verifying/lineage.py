"""The lineage of global models, computed again from logs and artefacts; nobody's word is taken for it."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.updates.canonical import from_bytes
from ml.updates.fixed_point import aggregate
from ml.updates.schema import Schema
from offchain.errors import BytesGoneError
from offchain.live.watching.decisions import Decisions, Inclusion, Step
from offchain.live.watching.rounds import Publication
from offchain.reference import Parameters

Model = NDArray[np.int32]

Fetch = Callable[[bytes], bytes | None]
"""Artefacts by root, checked against it; None when no store has it."""


RECENT_MODELS = 2
"""Models held in memory, at least: the newest, and the one that a reorganisation may bring back."""


@dataclass(frozen=True, eq=False)
class GlobalModel:
    """The global model after a round.

    Attributes:
        round: 0 for the genesis model.
        id: As the contract has it, 32 bytes.
        parameters: int32 [size], in fixed point.
    """

    round: int
    id: bytes
    parameters: Model


class Lineage(Decisions):
    """Ids and decisions from the first round on, and the models of the last few, computed when asked for.

    Args:
        genesis: Makes the first model, int32 [size].
        parameters: The deployment's; `rules` is the first model's id.
        schema: The models'.
        fetch: Where artefacts come from.
        memory: How many of the last models somebody asks for again and again.
    """

    def __init__(
        self,
        genesis: Callable[[], Model],
        parameters: Parameters,
        schema: Schema,
        fetch: Fetch,
        memory: int = 1,
    ) -> None:
        super().__init__(parameters)
        self._genesis = genesis
        self._schema = schema
        self._fetch = fetch
        self._held = max(RECENT_MODELS, memory)
        self._models: OrderedDict[tuple[Publication, ...], Model] = OrderedDict()

    @property
    def latest(self) -> GlobalModel:
        """The global model from `head` on; asks for the updates of the last inclusion, and for no others.

        Raises:
            BytesGoneError: When one cannot be had.
        """
        return self.at(self.head)

    def at(self, step: Step) -> GlobalModel:
        """Return the global model from a checked round on; see `latest`."""
        return GlobalModel(step.round, step.id, self.model(step.inclusion))

    def model(self, inclusion: Inclusion) -> Model:
        """Return the model that an inclusion makes, int32 [size].

        Raises:
            BytesGoneError: When no store has an included update.
        """
        key = inclusion.updates
        if key not in self._models:
            self._models[key] = self._average(inclusion) if key else self._genesis()
        self._models.move_to_end(key)
        if len(self._models) > self._held:
            self._models.popitem(last=False)
        return self._models[key]

    def _average(self, inclusion: Inclusion) -> Model:
        updates = []
        for publication in inclusion.updates:
            data = self._fetch(publication.root)
            if data is None:
                raise BytesGoneError(
                    f"round {inclusion.round}: no store has the included update {publication.root.hex()} of "
                    f"{publication.client}"
                )
            updates.append(from_bytes(data, self._schema))
        return aggregate(updates, [publication.samples for publication in inclusion.updates])
