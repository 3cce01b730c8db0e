"""Rows that one run leaves for the next: many runs differ only in what is done to the same rows."""

from ml.data.splits import FederatedData
from offchain.settings import SimulationSettings
from offchain.simulation.federation import all_rows

_READ_BY = frozenset(
    (
        *("task", "task_options", "metric", "data", "clients_data"),
        *("clients", "shares", "dirichlet_alpha", "rows", "seed"),
    )
)
"""The settings that rows follow from."""


class RowsAtHand:
    """Reads a run's rows as `all_rows` does, unless they are the ones that it read last."""

    def __init__(self) -> None:
        self._last: tuple[str, FederatedData] | None = None

    def __call__(self, settings: SimulationSettings) -> FederatedData:
        """Return every client's rows and the test rows of a run; errors as of `all_rows`."""
        wanted, last = settings.model_dump_json(include=set(_READ_BY)), self._last
        if last is None or last[0] != wanted:
            last = self._last = None  # Both need not fit into memory.
            last = self._last = wanted, all_rows(settings)
        return last[1]
