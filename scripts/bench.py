"""`ape run bench`: where the seconds of a round go."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from ml.errors import MLError
from ml.settings import POLICIES
from offchain.errors import OffchainError
from offchain.network_option import network_option


@click.command()
@network_option
@click.option(
    "--rows",
    type=click.IntRange(20),
    multiple=True,
    default=(500, 8000),
    show_default=True,
    help="Rows per client; repeat for several.",
)
@click.option("--rounds", type=click.IntRange(1), default=10, show_default=True, help="Rounds counted.")
@click.option("--out", type=click.Path(path_type=Path), help="JSON file for the figures.")
def cli(network: str, rows: tuple[int, ...], rounds: int, out: Path | None) -> None:
    """Play rounds on a local chain and print the seconds of a round, split by part."""
    # Here for the reason that scripts/simulate.py gives.
    from offchain.bench import measure, table

    console = Console()
    measurements = []
    try:
        for measurement in measure(rows, POLICIES, rounds, network):
            measurements.append(measurement)
            console.print(f"{measurement.rows} rows, {measurement.policy}: {measurement.total:.3f} s a round")
    except (OffchainError, MLError) as error:
        raise click.ClickException(str(error)) from error
    console.print(table(measurements))
    if out:
        out.write_text(json.dumps([asdict(measurement) for measurement in measurements], indent=2) + "\n")
