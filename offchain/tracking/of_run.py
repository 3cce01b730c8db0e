"""A simulation's rounds as figures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from offchain.settings import SimulationSettings
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord
from offchain.tracking.tracker import Tracking


def name_of_run(path: Path) -> str:
    """Return what a run is called elsewhere.

    >>> name_of_run(Path("runs/001"))
    'runs-001'
    """
    return "-".join(path.resolve().parts[-2:])


@contextmanager
def telling(
    tracking: Tracking, path: Path, settings: SimulationSettings
) -> Iterator[Callable[[RoundRecord], None]]:
    """Yield what takes a run's rounds to a tracker.

    Raises:
        TrackingError: When the package is missing, or the place cannot be written.
    """
    cast = Cast.of(settings)
    with tracking.tracker(name_of_run(path), settings.model_dump(mode="json")) as tracker:
        yield lambda record: tracker.log(record.round, figures_of_round(record, cast))


def figures_of_round(record: RoundRecord, cast: Cast) -> dict[str, float]:
    """Return what a tracker is told of a simulation's round."""
    everyone = frozenset(range(len(record.balances)))
    groups = {"honest": everyone - cast.malicious, "malicious": cast.malicious}
    tokens = {f"tokens/{name}": record.mean_tokens(clients) for name, clients in groups.items()}
    learned = {"run": record.scores, **record.baselines}
    found = {f"{name}/{score}": value for name, scores in learned.items() for score, value in scores.items()}
    found |= {name: mean for name, mean in tokens.items() if mean is not None}
    found |= {
        "updates/included": len(record.included_clients),
        "updates/excluded": len(record.excluded_clients),
    }
    found |= {"gas": record.gas_total} if record.gas else {}
    found |= {} if record.epsilon is None else {"privacy/epsilon": record.epsilon}
    return found | {"seconds": record.seconds.total}
