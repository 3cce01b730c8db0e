"""What makes a round's next model of the updates that entered it: the average, or a rule without votes."""

from collections.abc import Callable, Collection

import numpy as np

from ml.defences import Knowledge, combined, load_defence
from ml.defences.base import Vector
from ml.seeds import derive_seed
from ml.updates.fixed_point import decode_exactly, encode_nearest
from offchain.learning.common import Parameters
from offchain.settings import SimulationSettings
from offchain.simulation.cast import Cast
from offchain.simulation.federation import Federation

Combine = Callable[[Collection[Parameters], Parameters, int], Parameters]
"""From updates, their parent and the round's number to the next model; parameters are int32 [size]."""

_RULE = 9  # Under a run's seed.
_ROOT_STEPS = 16


def defending(settings: SimulationSettings, federation: Federation, cast: Cast) -> Combine:
    """Return what a run's settings ask for: the average of what was voted in, or a rule that takes all.

    Raises:
        MLError: When there is no such rule.
    """
    if settings.defence is None:
        return lambda updates, parent, round_: federation.average(updates, parent)
    return _Rule(settings, federation, cast)


class _Rule:
    """A defence without votes: it knows how many updates to mistrust, and one honest client's own rows."""

    def __init__(self, settings: SimulationSettings, federation: Federation, cast: Cast) -> None:
        assert settings.defence is not None
        self._name, self._seed = settings.defence, settings.seed
        self._rule = load_defence(settings.defence)
        self._federation = federation
        self._seats, self._faulty = settings.proposers, settings.faulty
        honest = sorted(set(range(settings.clients)) - cast.malicious)
        self._trusted = honest[0] if honest else None

    def __call__(self, updates: Collection[Parameters], parent: Parameters, round_: int) -> Parameters:
        if not updates:
            return parent
        knowledge = Knowledge(
            decode_exactly(parent),
            max(0, self._faulty - (self._seats - len(updates))),  # Who sent nothing cannot be malicious too.
            self._root(parent),
            derive_seed(self._seed, _RULE, round_),
        )
        models = np.array([decode_exactly(update) for update in updates])
        return encode_nearest(combined(self._rule, self._name, models, knowledge))

    def _root(self, parent: Parameters) -> Vector | None:
        if self._trusted is None or self._name != "fltrust":
            return None
        return decode_exactly(self._federation.reference(parent, self._trusted, _ROOT_STEPS))
