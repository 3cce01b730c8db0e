"""From item names to files: the runs that are missing, then every item's tables, figure and page."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from offchain.errors import ReproductionError
from offchain.reproduction.catalogue import ITEMS, Item
from offchain.reproduction.grid import play_all
from offchain.reproduction.kept_runs import EngineOf, run_digest
from offchain.reproduction.options import PATIENCE
from offchain.reproduction.result import Result
from offchain.reproduction.results_folder import ResultsFolder
from offchain.reproduction.study import Study
from offchain.settings import SimulationSettings

ALL = "all"


def chosen(names: Sequence[str]) -> list[Item]:
    """Return the items of `names`, all of them for "all".

    Raises:
        ReproductionError: When there is no such item.
    """
    unknown = [name for name in names if name not in (*ITEMS, ALL)]
    if unknown:
        raise ReproductionError(f"there is no item {unknown[0]!r}; there are {', '.join(ITEMS)}, and {ALL}")
    return list(ITEMS.values()) if ALL in names else [ITEMS[name] for name in dict.fromkeys(names)]


def planned(items: Iterable[Item], study: Study, engine: str | None) -> list[SimulationSettings]:
    """Return the runs that items need, each once.

    Args:
        items: Which.
        study: Settings of all runs.
        engine: "chain" or "reference" for all runs; None for the chain where an item is a headline.

    Raises:
        SettingsError: When the study's settings do not fit.
    """
    found: dict[str, SimulationSettings] = {}
    for item in items:
        name = engine or ("chain" if item.headline else "reference")
        for run in item.runs(study):
            key = run_digest(run)
            # A run through contracts does for an item that needs it in memory.
            if key not in found or name == "chain":
                found[key] = run.model_copy(update={"engine": name})
    return list(found.values())


def reproduce(
    items: Sequence[Item],
    study: Study,
    folder: ResultsFolder,
    runs: Sequence[SimulationSettings],
    engine_of: EngineOf,
    jobs: int,
    console: Console,
    patience: float = PATIENCE,
) -> None:
    """Make items, playing the runs that are not kept.

    Args:
        items: Which.
        study: Settings of all runs.
        folder: Where runs are kept and results written.
        runs: What they need, as `planned` says.
        engine_of: Enters a run's engine.
        jobs: Runs at once.
        console: Where progress and results are shown.
        patience: Seconds in which a run with code of a user's own has to finish a round.
    """
    play_all(runs, folder.runs, engine_of, jobs, console, patience=patience)
    for item in items:
        result = item.compute(study, folder.runs)
        written = folder.write(item, result)
        _show(console, item, result)
        console.print(f"Written to {folder.path}: {', '.join(written)}\n")


def table_of_items() -> Table:
    """The catalogue for people."""
    table = Table("item", "what it shows", "runs through", box=None)
    for item in ITEMS.values():
        needs = "no training" if not item.runs(Study()) else "contracts" if item.headline else "memory"
        table.add_row(item.name, item.title, needs)
    return table


def _show(console: Console, item: Item, result: Result) -> None:
    console.print(f"[bold]{item.name}: {item.title}")
    if result.comparisons:
        table = Table("", "paper", "ours", "difference", box=None)
        for c in result.comparisons:
            spread = f" ± {c.spread:.3g}" if c.spread == c.spread else ""
            difference = f"{c.difference:+.3g}" if c.difference == c.difference else ""
            table.add_row(c.quantity, c.paper, f"{c.ours:.4g}{spread}", difference)
        console.print(table)
    for statement in result.statements:
        mark = "[green]holds[/]" if statement.holds else "[red]FAILS[/]"
        console.print(f"{mark}  {statement.text} ({statement.evidence})", highlight=False)
