"""The last included models, as far as a client has their bytes: what it may build on, and compares with."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from offchain.errors import BytesGoneError
from offchain.live.client.artefacts import ClientArtefacts, Gathered
from offchain.live.verifying.lineage import Lineage, Model
from offchain.live.watching.decisions import Inclusion

_log = logging.getLogger(__name__)

_GENESIS = Inclusion(0, ())


class Awaited(Enum):
    """What there is time to wait for."""

    NEWEST = auto()
    """The global model, though nobody had it yet, and what stores are being asked for."""
    COMING = auto()
    """What stores are being asked for."""
    NOTHING = auto()


@dataclass(frozen=True)
class Known:
    """Which models of the lineage a client has, and which not.

    Attributes:
        newest: What the global model is made of.
        there: What models that it has are made of, newest first.
        coming: Of the others those whose bytes are on their way.
        missing: Those that nobody had when asked, newest first.
    """

    newest: Inclusion
    there: tuple[Inclusion, ...]
    coming: tuple[Inclusion, ...]
    missing: tuple[Inclusion, ...]


@dataclass(frozen=True, eq=False)
class KnownModel:
    """A model int32 [size] that a client may build on, and the round that made it, 0 for the genesis."""

    round: int
    parameters: Model


class KnownModels:
    """The models that a client may build on, brought into its cache one after another, the newest first.

    They are the last `memory` included ones whose bytes it can have; where that is none of them, the newest
    older one. Nobody has to be asked for the genesis.

    Args:
        lineage: What the models are made of.
        artefacts: The client's.
        memory: How many inclusions count, the genesis among them.
    """

    def __init__(self, lineage: Lineage, artefacts: ClientArtefacts, memory: int) -> None:
        self._lineage = lineage
        self._artefacts = artefacts
        self._memory = memory
        self._given_up: set[Inclusion] = set()

    def gather(self, again: bool = False) -> Known:
        """Return what is known of the lineage as it is checked so far; what is missing is fetched beside.

        Args:
            again: Whether to ask once more for bytes that nobody had; never for those of older models.
        """
        found: dict[Gathered, list[Inclusion]] = {state: [] for state in Gathered}
        for place, inclusion in enumerate(self._lineage.inclusions):
            counts = place < self._memory
            if found[Gathered.THERE] and not counts:
                break
            if not found[Gathered.COMING] or (again and counts):
                state = self._artefacts.gather(inclusion.roots, again and counts, newest=not place)
                found[state].append(inclusion)
            elif self._artefacts.has_all(inclusion.roots):  # Fetched one after another, the newest first.
                found[Gathered.THERE].append(inclusion)
        known = Known(next(self._lineage.inclusions), *(tuple(found[state]) for state in Gathered))
        if not known.coming:
            asked = (*known.there, *known.missing)
            self._artefacts.forget_but({root for inclusion in asked for root in inclusion.roots})
        return known

    def models(self, awaited: Awaited) -> list[KnownModel] | None:
        """Return the models to build on, oldest first, at least one; None while others may come.

        Args:
            awaited: What there is time for. What was waited for in vain is not waited for again.
        """
        known = self.gather()
        late = {*known.coming, *known.missing} - self._given_up
        if late & _worth_waiting(known, awaited):
            return None
        models = list(self._made(known.there)) or [KnownModel(0, self._lineage.model(_GENESIS))]
        for inclusion in late:
            _log.warning(
                "bytes of the model of round %d are not to be had: going on without it",
                inclusion.round,
                extra={"newest": models[-1].round},
            )
        self._given_up |= late
        return models

    def needed(self) -> set[bytes]:
        """Return roots of the updates that may be asked for again.

        Those of the last inclusions, of one more, which a reorganisation may bring back, and of whatever else
        the client builds on.
        """
        last = islice(self._lineage.inclusions, self._memory + 1)
        return {root for inclusion in (*last, *self.gather().there) for root in inclusion.roots}

    def _made(self, there: Sequence[Inclusion]) -> Iterator[KnownModel]:
        """The models of these inclusions, oldest first."""
        for inclusion in reversed(there):
            try:
                yield KnownModel(inclusion.round, self._lineage.model(inclusion))
            except BytesGoneError as error:
                _log.warning("%s, and the cache's copy is damaged", error)


def _worth_waiting(known: Known, awaited: Awaited) -> set[Inclusion]:
    if awaited is Awaited.NOTHING:
        return set()
    newest = {known.newest} if awaited is Awaited.NEWEST else set()
    return newest.union(known.coming)
