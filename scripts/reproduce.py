"""`ape run reproduce`: the paper's tables and figures."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.chain.network_option import network_option
from offchain.command import Command, interruptible
from offchain.console import people_console
from offchain.engines.choice import engine_on
from offchain.named_values import named_values
from offchain.reproduction.options import playing_options
from offchain.reproduction.papers_data import DATA_HELP, FEATURES, FEATURES_HELP, IMAGES_HELP
from offchain.runs.settings_options import task_settings
from offchain.settings import rows_chosen
from offchain.user_path import UserPath

if TYPE_CHECKING:
    from offchain.reproduction.study import Study

_INSTEAD = {
    "task": "the paper's own data, or what stands in for them",
    "data": f"where no task is named, {DATA_HELP}",
}


def _listed(ctx: click.Context, param: click.Parameter, items: tuple[str, ...]) -> tuple[str, ...]:
    """Lists what there is where that is wanted, which needs no folder that can be written."""
    if "list" in items and not ctx.resilient_parsing:
        from offchain.reproduction.reproduce import table_of_items

        people_console().print(table_of_items())
        ctx.exit()
    return items


@click.command(cls=Command)
@network_option
@click.argument("items", metavar="ITEM...", nargs=-1, required=True, is_eager=True, callback=_listed)
@task_settings(_INSTEAD)
@click.option("--features", type=click.Choice(FEATURES), help=f"{FEATURES_HELP}  [default: all]")
@click.option("--images", type=UserPath(), help=f"For section VI without --task: {IMAGES_HELP}")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Runs of each setting.")
@click.option(
    "--rounds", type=click.IntRange(1), help="Rounds of a run.  [default: 200 of section V, 60 of section VI]"
)
@click.option(
    "--engine",
    type=click.Choice(("chain", "reference")),
    help="Contracts, or the same rules in memory.  [default: contracts for table3, fig6, fig14]",
)
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Setting of all runs of section V; with --task, of all runs.",
)
@click.option("--set-images", metavar="NAME=VALUE", multiple=True, help="Setting of all runs of section VI.")
@playing_options("results")
def cli(
    network: str,
    items: tuple[str, ...],
    engine: str | None,
    settings: tuple[str, ...],
    set_images: tuple[str, ...],
    jobs: int,
    address: str | None,
    patience: float,
    out: Path,
    **of_study: Any,
) -> None:
    """Reproduce items of the paper: fig4 to fig14, table3, table4, cost, theorem1, all; `list` lists them.

    Runs that several items share are played once and kept; interrupted work goes on where it stopped.
    """
    # Here for the reason that scripts/simulate.py gives.
    from offchain.reproduction.cluster import cluster
    from offchain.reproduction.reproduce import chosen, planned, reproduce
    from offchain.reproduction.results_folder import ResultsFolder

    console = people_console()
    with interruptible(lambda: "What was played is kept; the same command goes on from there."):
        wanted = chosen(items)
        study = _study(settings=named_values(settings), image_settings=named_values(set_images), **of_study)
        runs = planned(wanted, study, engine)
        with cluster(address, runs):
            # Only now that settings and cluster are known to be good.
            folder = ResultsFolder(out, study)
            at_once = -1 if address else jobs
            reproduce(wanted, study, folder, runs, partial(engine_on, network), at_once, console, patience)


def _study(**options: Any) -> "Study":
    from offchain.reproduction.study import Study

    given = rows_chosen({name: value for name, value in options.items() if value is not None})
    papers = [name for name in ("features", "images") if name in given]
    if "task" in given and papers:
        raise click.UsageError(f"--{papers[0]} is of the paper's own data; leave it out beside --task")
    if "clients_data" in given and "task" not in given:
        raise click.UsageError("--clients-data is of a task: name it with --task")
    return Study(**given)
