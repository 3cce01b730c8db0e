"""What makes a round's next model of the updates that entered it: the average, or a rule without votes."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml.defences import Knowledge, combined, load_defence
from ml.defences.base import Vector, Vectors
from ml.defences.incentives import agreeing, reputation
from ml.seeds import derive_seed
from ml.updates.fixed_point import decode_exactly, encode_nearest
from offchain.engines.engine import Seating
from offchain.learning.common import Parameters
from offchain.settings import SimulationSettings
from offchain.simulation.cast import Cast
from offchain.simulation.federation import Federation

_RULE = 9  # Under a run's seed.
_REPUTATION = "reputation-auction"


class Combine(Protocol):
    """Makes the next model; parameters are int32 [size]."""

    def __call__(self, updates: Mapping[int, Parameters], parent: Parameters, seating: Seating) -> Parameters:
        """Return the next model, of updates by client and their parent, in a round."""
        ...

    def agreed(
        self, updates: Mapping[int, Parameters], parent: Parameters, model: Parameters
    ) -> tuple[int, ...] | None:
        """Return whose updates a rule with a memory takes for good once the next model is known."""
        ...

    def recall(self, clients: Sequence[int], agreed: Sequence[int] | None) -> None:
        """Remember a round, played or recorded: who sent updates, and whose were good."""
        ...


def defending(settings: SimulationSettings, federation: Federation, cast: Cast) -> Combine:
    """Return what a run's settings ask for: the average of what was voted in, or a rule that takes all.

    Raises:
        MLError: When there is no such rule.
    """
    return _Average(federation) if settings.defence is None else _Rule(settings, federation, cast)


class _Average:
    def __init__(self, federation: Federation) -> None:
        self._federation = federation

    def __call__(self, updates: Mapping[int, Parameters], parent: Parameters, seating: Seating) -> Parameters:
        return self._federation.average(updates.values(), parent)

    def agreed(
        self, updates: Mapping[int, Parameters], parent: Parameters, model: Parameters
    ) -> tuple[int, ...] | None:
        return None

    def recall(self, clients: Sequence[int], agreed: Sequence[int] | None) -> None:
        pass


class _Rule:
    """A defence without votes: it knows how many updates to mistrust, and what its kind may know.

    One honest client's own rows for a rule that trusts a root; the round's voters for a committee, of which
    malicious voters find the opposite; clients' rounds so far for one that keeps reputations.
    """

    def __init__(self, settings: SimulationSettings, federation: Federation, cast: Cast) -> None:
        assert settings.defence is not None
        self._name, self._seed = settings.defence, settings.seed
        self._rule = load_defence(settings.defence)
        self._federation = federation
        self._seats, self._faulty = settings.proposers, settings.faulty
        self._cast = cast
        honest = sorted(set(range(settings.clients)) - cast.malicious)
        self._trusted = honest[0] if honest else None
        self._rounds = np.zeros((settings.clients, 2), dtype=np.int64)  # Good and bad ones.

    def __call__(self, updates: Mapping[int, Parameters], parent: Parameters, seating: Seating) -> Parameters:
        if not updates:
            return parent
        committee = [client for client in seating.voters if client not in seating.unable]
        knowledge = Knowledge(
            decode_exactly(parent),
            max(0, self._faulty - (self._seats - len(updates))),  # Who sent nothing cannot be malicious too.
            self._root(parent),
            derive_seed(self._seed, _RULE, seating.round),
            scores=lambda models: self._scores(models, committee),
            reputations=np.array([reputation(*self._rounds[client]) for client in updates]),
        )
        return encode_nearest(combined(self._rule, self._name, _exactly(updates), knowledge))

    def agreed(
        self, updates: Mapping[int, Parameters], parent: Parameters, model: Parameters
    ) -> tuple[int, ...] | None:
        if self._name != _REPUTATION or not updates:
            return None
        good = agreeing(_exactly(updates), decode_exactly(parent), decode_exactly(model))
        return tuple(client for client, is_good in zip(updates, good, strict=True) if is_good)

    def recall(self, clients: Sequence[int], agreed: Sequence[int] | None) -> None:
        for client in clients if agreed is not None else ():
            self._rounds[client, 0 if client in (agreed or ()) else 1] += 1

    def _root(self, parent: Parameters) -> Vector | None:
        if self._trusted is None or self._name != "fltrust":
            return None
        return decode_exactly(self._federation.reference(parent, self._trusted))

    def _scores(self, models: Vectors, committee: Sequence[int]) -> NDArray[np.float64]:
        """What members find, [models, members]; malicious voters say the opposite."""
        found = np.array([self._federation.scores(encode_nearest(model), committee) for model in models])
        lying = np.array([client in self._cast.voters for client in committee])
        return np.where(lying, 1 - found, found)


def _exactly(updates: Mapping[int, Parameters]) -> Vectors:
    return np.array([decode_exactly(update) for update in updates.values()])
