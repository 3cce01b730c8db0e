"""`ape run reproduce`: the paper's tables and figures."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from offchain.chain.network_option import network_option
from offchain.command import INTERRUPTED, Command
from offchain.console import people_console
from offchain.engines.choice import engine_on
from offchain.named_values import named_values
from offchain.reproduction.options import playing_options
from offchain.user_path import UserPath

if TYPE_CHECKING:
    from ml.tasks.built_in.lending_club.columns import Features


@click.command(cls=Command)
@network_option
@click.argument("items", metavar="ITEM...", nargs=-1, required=True)
@click.option("--data", type=UserPath(), help="Lending Club's CSV or CSV.GZ.  [default: built-in loans]")
@click.option(
    "--features",
    type=click.Choice(("all", "application")),
    default="all",
    show_default=True,
    help="Columns of Lending Club's file; all of them, as the paper, leak the outcome.",
)
@click.option(
    "--images",
    type=UserPath(),
    help="Chest X-rays, NIH's folder or MedMNIST's chestmnist.npz.  [default: built-in digits]",
)
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Runs of each setting.")
@click.option(
    "--rounds", type=click.IntRange(1), help="Rounds of a run.  [default: 200 on loans, 60 on images]"
)
@click.option(
    "--engine",
    type=click.Choice(("chain", "reference")),
    help="Contracts, or the same rules in memory.  [default: contracts for table3, fig6, fig14]",
)
@click.option("--set", "loans", metavar="NAME=VALUE", multiple=True, help="Setting of all runs on loans.")
@click.option("--set-images", metavar="NAME=VALUE", multiple=True, help="Setting of all runs on images.")
@playing_options("results")
def cli(
    network: str,
    items: tuple[str, ...],
    data: Path | None,
    features: "Features",
    images: Path | None,
    seeds: int,
    rounds: int | None,
    engine: str | None,
    loans: tuple[str, ...],
    set_images: tuple[str, ...],
    jobs: int,
    address: str | None,
    out: Path,
) -> None:
    """Reproduce items of the paper: fig4 to fig14, table3, table4, cost, theorem1, all; `list` lists them.

    Runs that several items share are played once and kept; interrupted work goes on where it stopped.
    """
    # Here for the reason that scripts/simulate.py gives.
    from offchain.reproduction.cluster import cluster
    from offchain.reproduction.reproduce import chosen, planned, reproduce, table_of_items
    from offchain.reproduction.results_folder import ResultsFolder
    from offchain.reproduction.study import Study

    console = people_console()
    if "list" in items:
        console.print(table_of_items())
        return
    try:
        wanted = chosen(items)
        study = Study(
            data=data,
            features=features,
            images=images,
            seeds=seeds,
            rounds=rounds,
            settings=named_values(loans),
            image_settings=named_values(set_images),
        )
        runs = planned(wanted, study, engine)
        with cluster(address, runs):
            # Only now that settings and cluster are known to be good.
            folder = ResultsFolder(out, study)
            at_once = -1 if address else jobs
            reproduce(wanted, study, folder, runs, partial(engine_on, network), at_once, console)
    except KeyboardInterrupt:
        console.print("Interrupted. What was played is kept; the same command goes on from there.")
        raise SystemExit(INTERRUPTED) from None
