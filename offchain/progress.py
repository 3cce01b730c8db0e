"""What a run shows while it goes on."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from offchain.cast import Cast
from offchain.records import RoundRecord
from offchain.settings import SimulationSettings

_LINES = 10


class RunProgress:
    """A bar on a terminal; elsewhere a line now and then."""

    def __init__(self, console: Console, settings: SimulationSettings, cast: Cast) -> None:
        self._console = console
        self._rounds = settings.rounds
        self._cast = cast
        self._honest = frozenset(range(settings.clients)) - cast.malicious
        self._bar = Progress(
            TextColumn("round"),
            MofNCompleteColumn(),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}"),
            console=console,
        )

    def __enter__(self) -> "RunProgress":
        """Draw the bar where there is a terminal."""
        if self._console.is_terminal:
            self._task = self._bar.add_task("rounds", total=self._rounds, now="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bar as it stands."""
        if self._console.is_terminal:
            self._bar.stop()

    def show(self, record: RoundRecord) -> None:
        """Show where the run is after a round."""
        now = f"accuracy {record.scores.accuracy:.3f}"
        for name, clients in (("honest", self._honest), ("malicious", self._cast.malicious)):
            tokens = record.mean_tokens(clients)
            now += f", {name} {tokens:.1f} tokens" if tokens is not None else ""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=record.round, now=now)
        elif record.round in self._shown:
            self._console.print(f"round {record.round} of {self._rounds}: {now}")

    @property
    def _shown(self) -> set[int]:
        return {self._rounds * i // _LINES for i in range(1, _LINES + 1)}
