"""From a grid to its results: the runs that are not kept, then what all of them came to."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from offchain.arena import report
from offchain.arena.grid import Cell, Grid
from offchain.arena.outcome import Outcome, outcome
from offchain.errors import ArenaError
from offchain.reproduction.claimed_folder import claim
from offchain.reproduction.grid import play_all
from offchain.reproduction.kept_runs import EngineOf, KeptRuns
from offchain.reproduction.options import PATIENCE
from offchain.runs.data_digest import data_digest
from offchain.settings import SimulationSettings

_GRID = "grid.json"


def fight(
    path: Path,
    grid: Grid,
    played: Sequence[Cell],
    engine_of: EngineOf,
    jobs: int,
    console: Console,
    patience: float = PATIENCE,
) -> list[str]:
    """Play a grid's cells, those that are not kept, and write what they came to; the names of the files.

    A cell whose attack or rule fails is told beside the others.

    Args:
        path: Folder of the results and the runs; of one grid.
        grid: What is played.
        played: Its cells.
        engine_of: Enters a run's engine.
        jobs: Runs at once.
        console: Where progress is shown.
        patience: Seconds in which a cell with code of a user's own has to finish a round.

    Raises:
        ReproductionError: When the folder is another grid's.
        ArenaError: When no cell could be played.
    """
    kept = _kept(path, grid, played)
    failed: dict[SimulationSettings, str] = {}
    play_all(
        [cell.settings for cell in played],
        kept,
        engine_of,
        jobs,
        console,
        lambda run, error: failed.update({run: str(error)}),
        patience,
    )
    outcomes = _outcomes(played, kept)
    if not outcomes:
        raise ArenaError(f"no cell could be played; the first: {next(iter(failed.values()))}")
    failures = {name_of(cell): failed[cell.settings] for cell in played if cell.settings in failed}
    for name, why in failures.items():
        console.print(f"failed: {name}: {why}", highlight=False, markup=False, soft_wrap=True)
    return _written(path, outcomes, failures, 0, console)


def told_so_far(path: Path, grid: Grid, played: Sequence[Cell], console: Console) -> list[str]:
    """Write what the cells came to whose runs are kept, and play none; the names of the files.

    Raises:
        ReproductionError: When the folder is another grid's.
        ArenaError: When no run is kept.
    """
    outcomes = _outcomes(played, _kept(path, grid, played))
    if not outcomes:
        raise ArenaError(f"no run of this grid is kept in {path}; leave out --so-far to play some")
    console.print(f"{len(outcomes)} of {len(played)} runs are kept")
    return _written(path, outcomes, {}, len(played) - len(outcomes), console)


def described(grid: Grid, played: Sequence[Cell]) -> dict[str, object]:
    """Return what a grid's numbers follow from: the grid, and its data by content, not by path."""
    data = {cell.labels.task: data_digest(cell.settings.data) for cell in played}
    content = grid.model_dump(mode="json")
    content["tasks"] = {
        label: {name: value for name, value in task.items() if name != "data"}
        for label, task in content["tasks"].items()
    }
    content["settings"] = {k: v for k, v in content["settings"].items() if k != "data"}
    return content | {"data": data}


def name_of(cell: Cell) -> str:
    """Return a cell's labels, for people."""
    of = cell.labels
    parts = (of.task, of.decider, of.attack, f"votes {of.votes}", f"η = {of.malicious:g}")
    return ", ".join((*parts, f"seed {of.seed}"))


def _written(
    path: Path, outcomes: Sequence[Outcome], failures: Mapping[str, str], missing: int, console: Console
) -> list[str]:
    if idle := report.unseated(outcomes):
        console.print(idle, highlight=False, markup=False, soft_wrap=True)
    return report.write(path, outcomes, failures, missing)


def _kept(path: Path, grid: Grid, played: Sequence[Cell]) -> KeptRuns:
    claim(path, _GRID, described(grid, played))
    return KeptRuns(path / "runs")


def _outcomes(played: Sequence[Cell], kept: KeptRuns) -> list[Outcome]:
    return [_outcome(cell, played, kept) for cell in played if kept.find(cell.settings)]


def _outcome(cell: Cell, played: Sequence[Cell], kept: KeptRuns) -> Outcome:
    clean = next(each for each in played if each.labels == cell.labels.clean)
    beside = kept.records(clean.settings) if kept.find(clean.settings) else None
    return outcome(cell, kept.records(cell.settings), beside)
