"""`ape run arena`: attacks against policies and defences."""

from functools import partial
from pathlib import Path

import click

from offchain.chain.network_option import network_option
from offchain.command import Command, interruptible
from offchain.console import people_console
from offchain.engines.choice import engine_on
from offchain.reproduction.options import playing_options
from offchain.user_path import UserPath


@click.command(cls=Command)
@network_option
@click.option("--grid", type=UserPath(), help="YAML file of a grid (docs/ARENA.md).  [default: a small one]")
@click.option("--data", type=UserPath(), help="Rows of the grid's tasks that read a file or folder.")
@click.option("--so-far", is_flag=True, help="Play nothing; tell what the runs came to that are kept.")
@playing_options("arena")
def cli(
    network: str,
    grid: Path | None,
    data: Path | None,
    so_far: bool,
    patience: float,
    jobs: int,
    address: str | None,
    out: Path,
) -> None:
    """Play every attack of a grid against every policy and defence; tell what gets through.

    Runs are kept; interrupted work goes on where it stopped.
    """
    # Here for the reason that scripts/simulate.py gives.
    from offchain.arena import checking
    from offchain.arena.arena import fight, told_so_far
    from offchain.arena.grid import DEFAULT, read_grid
    from offchain.reproduction.cluster import cluster

    console = people_console()
    with interruptible(lambda: "What was played is kept; the same command goes on from there."):
        chosen = read_grid(grid) if grid else DEFAULT
        played = checking.checked_cells(chosen, data, min(patience, checking.PATIENCE))
        with cluster(None if so_far else address, [cell.settings for cell in played]):
            at_once = -1 if address else jobs
            written = (
                told_so_far(out, chosen, played, console)
                if so_far
                else fight(out, chosen, played, partial(engine_on, network), at_once, console, patience)
            )
    console.print(f"Written to {out}: {', '.join(written)}")
