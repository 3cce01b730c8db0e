"""What long work shows while it goes on."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from offchain.runs.scores import shown_score, title
from offchain.settings import SimulationSettings
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord

_LINES = 10


class BarOrLines:
    """A bar with the time left on a terminal; elsewhere a line now and then.

    Args:
        console: Where.
        unit: What is counted, such as "round".
        total: How many there will be.
    """

    def __init__(self, console: Console, unit: str, total: int) -> None:
        self._console = console
        self._unit = unit
        self._total = total
        self._lines = {total * i // _LINES for i in range(1, _LINES + 1)}
        self._bar = Progress(
            TextColumn(unit),
            MofNCompleteColumn(),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}"),
            console=console,
        )

    def __enter__(self) -> Self:
        """Draw the bar where there is a terminal."""
        if self._console.is_terminal:
            self._task = self._bar.add_task(self._unit, total=self._total, now="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bar as it stands."""
        if self._console.is_terminal:
            self._bar.stop()

    def show(self, done: int, now: str) -> None:
        """Show that `done` are done, and what is to be said of it."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, now=now)
        elif done in self._lines:
            self._console.print(f"{self._unit} {done} of {self._total}: {now}")


class RunProgress(BarOrLines):
    """The rounds of a run, with a score of the global model and mean tokens."""

    def __init__(self, console: Console, settings: SimulationSettings, cast: Cast) -> None:
        super().__init__(console, "round", settings.rounds)
        self._groups = {
            "honest": frozenset(range(settings.clients)) - cast.malicious,
            "malicious": cast.malicious,
        }

    def show_round(self, record: RoundRecord) -> None:
        """Show where the run is after a round."""
        shown = shown_score("accuracy", record.scores)
        now = f"{title(shown)} {record.scores[shown]:.3f}"
        for name, clients in self._groups.items():
            tokens = record.mean_tokens(clients)
            now += f", {name} {tokens:.1f} tokens" if tokens is not None else ""
        self.show(record.round, now)
