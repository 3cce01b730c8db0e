"""Seconds of a round, split by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from rich.table import Table

from ml.data import load
from ml.data.shares import TEST_SHARE
from ml.settings import Policy
from offchain.deployment import Deployment
from offchain.engines import engine_for
from offchain.federation import Federation
from offchain.records import Seconds
from offchain.settings import SimulationSettings
from offchain.simulation import Simulation

WARM_UP = 2  # Rounds in which storage slots are new and libraries allocate.


@dataclass(frozen=True)
class Measurement:
    """Medians over the rounds of one run, seconds.

    Attributes:
        rows: Rows of a client, its validation rows among them.
        policy: What voters compute.
        train: Local training of all proposers.
        score: All voters' ballots.
        chain: All transactions and reads, signing included.
        other: Encoding, digests, averaging, test scores.
        total: The round.
    """

    rows: int
    policy: Policy
    train: float
    score: float
    chain: float
    other: float
    total: float


def measure(
    rows: Sequence[int], policies: Sequence[Policy], rounds: int, network: str, clients: int = 50
) -> Iterator[Measurement]:
    """Play rounds on the built-in loans for every number of rows per client and every policy."""
    for per_client in rows:
        for policy in policies:
            settings = SimulationSettings(
                clients=clients,
                rows=round(clients * per_client / (1 - TEST_SHARE)),
                policy=policy,
                rounds=WARM_UP + rounds,
                baselines=False,
            )
            yield _measure(settings, per_client, network)


def table(measurements: Sequence[Measurement]) -> Table:
    """The measurements for people: milliseconds a round."""
    result = Table(title="Milliseconds a round, medians", title_justify="left")
    for heading in ("rows a client", "policy", "train", "score", "chain", "other", "total"):
        result.add_column(heading, justify="left" if heading == "policy" else "right")
    for m in measurements:
        parts = (m.train, m.score, m.chain, m.other, m.total)
        result.add_row(f"{m.rows:,}", m.policy, *(f"{1000 * seconds:.0f}" for seconds in parts))
    return result


def _measure(settings: SimulationSettings, rows: int, network: str) -> Measurement:
    federation = Federation(settings, load(settings.data_settings))
    deployment = Deployment.of(settings, federation.rules)
    with partial(engine_for, settings.engine, network=network)(deployment) as engine:
        simulation = Simulation(settings, federation, deployment, engine)
        simulation.start()
        seconds = [simulation.play_round().seconds for _ in range(settings.rounds)][WARM_UP:]
    return Measurement(
        rows=rows,
        policy=settings.policy,
        train=median(s.train for s in seconds),
        score=median(s.score for s in seconds),
        chain=median(s.chain for s in seconds),
        other=median(_other(s) for s in seconds),
        total=median(s.total for s in seconds),
    )


def _other(seconds: Seconds) -> float:
    return seconds.total - seconds.train - seconds.score - seconds.chain - seconds.baselines
