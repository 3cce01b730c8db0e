"""Rounds judged by each of several policies in turn, on one deployment: what a policy costs, as a ratio."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean, median
from time import process_time

from ml.data.rows import length
from ml.data.splits import FederatedData
from ml.settings import DEFAULT_POLICY, Policy
from offchain.engines.choice import engine_for
from offchain.engines.deployment import Deployment
from offchain.settings import SimulationSettings
from offchain.simulation.adversary import Adversary
from offchain.simulation.federation import Federation, all_rows
from offchain.simulation.simulation import Simulation

POLICIES: tuple[Policy, ...] = ("verdict", "aggregate", "evidence", DEFAULT_POLICY)
"""The first is what others are compared with."""

TURNS = 7
"""Of each policy, after one that is not counted: storage slots are new, and libraries allocate."""

_COUNTED = 2  # Rounds of a turn, after one that fills what a policy keeps of the parent.


@dataclass(frozen=True)
class Cost:
    """What rounds by one policy took.

    Attributes:
        rows: Rows of a client, its validation rows among them.
        policy: By what voters judged.
        round: Seconds of a whole round; the median of its turns.
        processor: Seconds of a processor that this process took, all threads; the node is another process.
        ratio: `round` as a multiple of the first policy's in the same turn; the median of all turns.
        processor_ratio: The same of `processor`.
    """

    rows: int
    policy: Policy
    round: float
    processor: float
    ratio: float
    processor_ratio: float


def costs(
    settings: SimulationSettings, network: str, policies: Sequence[Policy] = POLICIES, turns: int = TURNS
) -> list[Cost]:
    """Play rounds of settings, everybody honest, by each policy in turn; what each took, in their order."""
    data = all_rows(settings)
    with _taking_turns(settings, data, network, policies) as play:
        found = [{policy: _turn(play, policy) for policy in policies} for _ in range(turns + 1)][1:]
    rows = fmean(length(own.y_train) + length(own.y_validation) for own in data.clients)
    return [cost(round(rows), policy, policies[0], found) for policy in policies]


class InTurn(Simulation):
    """A run whose voters, and whoever sends what they accept, change to another policy between rounds."""

    def judge_by(self, settings: SimulationSettings, federation: Federation) -> None:
        """Go on with the settings and the learning of another policy."""
        self._settings = settings
        self._federation = federation
        self._adversary = Adversary(settings, federation, self.cast)


Play = Callable[[Policy], tuple[float, float]]
"""Plays a round by a policy; its seconds, and those of a processor."""


@contextmanager
def _taking_turns(
    settings: SimulationSettings, data: FederatedData, network: str, policies: Sequence[Policy]
) -> Iterator[Play]:
    given = {policy: _judged_by(settings, policy) for policy in policies}
    first = given[policies[0]]
    # One of each: they keep what they found of recent models.
    federations = {policy: Federation(each, data) for policy, each in given.items()}
    deployment = Deployment.of(first, federations[policies[0]].rules)
    with engine_for(first.engine, deployment, network) as engine:
        simulation = InTurn(first, federations[policies[0]], deployment, engine)
        simulation.start()

        def play(policy: Policy) -> tuple[float, float]:
            simulation.judge_by(given[policy], federations[policy])
            gc.collect()
            started = process_time()
            record = simulation.play_round()
            return record.seconds.total, process_time() - started

        yield play


def _judged_by(settings: SimulationSettings, policy: Policy) -> SimulationSettings:
    # With nobody malicious everybody stays, however many rounds are played.
    return settings.model_copy(
        update={"policy": policy, "malicious": 0.0, "baselines": False, "honest_only": False}
    )


def _turn(play: Play, policy: Policy) -> tuple[float, float]:
    played = [play(policy) for _ in range(1 + _COUNTED)][1:]
    seconds, processor = (fmean(column) for column in zip(*played, strict=True))
    return seconds, processor


def cost(
    rows: int, policy: Policy, first: Policy, turns: Sequence[Mapping[Policy, tuple[float, float]]]
) -> Cost:
    """Return what a policy took beside `first`; of each turn, seconds and those of a processor."""
    own = [turn[policy] for turn in turns]
    ratios = [tuple(a / b for a, b in zip(turn[policy], turn[first], strict=True)) for turn in turns]
    seconds, processor = (median(column) for column in zip(*own, strict=True))
    ratio, processor_ratio = (median(column) for column in zip(*ratios, strict=True))
    return Cost(rows, policy, seconds, processor, ratio, processor_ratio)
