"""One case, played in a process of its own."""

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from ml.judging.policy import Policy
from offchain import memory
from offchain.bench.cases import WARM_UP, Case
from offchain.bench.plain import PlainRound
from offchain.engines.choice import engine_for
from offchain.engines.deployment import Deployment
from offchain.engines.engine import Seating
from offchain.learning.common import Parameters
from offchain.simulation.federation import Federation, all_rows
from offchain.simulation.records import Judgement
from offchain.simulation.simulation import Model, Simulation
from offchain.simulation.stopwatch import Stopwatch
from offchain.stores.memory import MemoryStore

PARTS = ("train", "score", "hash", "store", "chain", "model")
"""Training with encoding; voters' scores; digests, those of fetched bytes too; the store; transactions and
reads; the next model's average, digest and test scores."""

LEARNING = ("train", "score", "model")
"""What is there without a chain, too."""


@dataclass(frozen=True)
class Measurement:
    """Medians over the rounds of one case, seconds.

    Attributes:
        case: What was played.
        parameters: Size of the model.
        round: A whole round, from opening to the record.
        fastest: The fastest round.
        work: Time spent on each of `PARTS`. Scores and the next model are computed beside transactions, so
            the parts can add up to more than the round.
        start: Everything before the first round, without Python's imports.
        memory: Peak memory of the process, bytes; the node's is not in it.
        plain: The same learning in plain PyTorch, measured in turn with the rounds; None where it was not.
    """

    case: Case
    parameters: int
    round: float
    fastest: float
    work: Mapping[str, float]
    start: float
    memory: int
    plain: float | None


def measure(case: Case, network: str, with_plain: bool) -> Measurement:
    """Play `case` on a chain that is started for it, or in memory."""
    started = perf_counter()
    settings = case.settings
    data = all_rows(settings)
    federation = Federation(settings, data)
    deployment = Deployment.of(settings, federation.rules)
    with engine_for(settings.engine, deployment, network) as engine:
        simulation = _Watched(settings, federation, deployment, engine)
        simulation.start()
        start = perf_counter() - started
        plain = PlainRound(data, settings) if with_plain else None
        rounds, parts, beside = [], [], []
        for number in range(settings.rounds):
            simulation.watch = Stopwatch()
            gc.collect()
            record = simulation.play_round()
            rounds.append(record.seconds.total)
            work = {part: simulation.watch.part(part) for part in PARTS}
            work |= {"train": record.seconds.train, "chain": record.seconds.chain}
            parts.append(work)
            if plain:
                beside.append(plain.play(number))
    counted = slice(WARM_UP, None)
    return Measurement(
        case=case,
        parameters=federation.schema.size,
        round=median(rounds[counted]),
        fastest=min(rounds[counted]),
        work={part: median(work[part] for work in parts[counted]) for part in PARTS},
        start=start,
        memory=memory.peak(),
        plain=median(beside[counted]) if plain else None,
    )


class _Store(MemoryStore):
    """A store that is timed."""

    watch = Stopwatch()

    def get(self, root: bytes, size: int) -> bytes | None:
        with self.watch.measure("store"):
            return super().get(root, size)

    def put(self, root: bytes, data: bytes) -> None:
        with self.watch.measure("store"):
            super().put(root, data)


class _Watched(Simulation):
    """A simulation whose work is timed where it is done, not where it is waited for."""

    watch: Stopwatch

    def _put(self, updates: Mapping[int, Parameters]) -> dict[int, bytes]:
        if not isinstance(self._store, _Store):
            self._store = _Store()
        self._store.watch = self.watch
        with self.watch.measure("hash"):
            return super()._put(updates)

    def _fetch(self, roots: Mapping[int, bytes]) -> dict[int, Parameters]:
        with self.watch.measure("hash"):
            return super()._fetch(roots)

    def _found(
        self, policy: str | Policy, fetched: Mapping[int, Parameters], voters: Sequence[int]
    ) -> Judgement:
        with self.watch.measure("score"):
            return super()._found(policy, fetched, voters)

    def _next_model(self, fetched: Mapping[int, Parameters], included: int, seating: Seating) -> Model:
        with self.watch.measure("model"):
            return super()._next_model(fetched, included, seating)
