"""`ape run bench`: where the seconds of a round go."""

from pathlib import Path

import click

from ml.private_files import write_whole
from offchain.chain.network_option import network_option
from offchain.command import Command, interruptible
from offchain.console import people_console
from offchain.user_path import OutPath, UserPath


@click.command(cls=Command)
@network_option
@click.option(
    "--full", is_flag=True, help="Also other numbers of members and proposers, and sizes of models."
)
@click.option(
    "--in-turn", is_flag=True, help="Only rounds judged by each policy in turn, as ratios; nothing is kept."
)
@click.option(
    "--settings", type=UserPath(), help="With --in-turn: rounds of these settings, a YAML file's, instead."
)
@click.option("--data", type=UserPath(), help="With --settings: the file or folder of their task's rows.")
@click.option(
    "--out",
    type=OutPath(folder=True),
    default=Path(".build/bench"),
    show_default=True,
    help="Folder for the figures; what it holds already is not measured again.",
)
def cli(network: str, full: bool, in_turn: bool, settings: Path | None, data: Path | None, out: Path) -> None:
    """Measure rounds on a local chain: seconds by part, memory, plain PyTorch and others beside them."""
    if settings and not in_turn or data and not settings:
        raise click.UsageError(
            "--settings goes with --in-turn, and --data with --settings; add what is missing"
        )
    if in_turn:
        _in_turn(network, settings, data)
    else:
        _rounds(network, full, out)


def _in_turn(network: str, settings: Path | None, data: Path | None) -> None:
    # Here for the reason that scripts/simulate.py gives.
    from offchain.bench.cases import IN_TURN
    from offchain.bench.report import costs_table
    from offchain.bench.turns import costs
    from offchain.settings import load_settings

    if settings:
        asked = load_settings(settings, {"data": data} if data else {})
        click.echo(costs_table(costs(asked, network)))
        return
    for case in IN_TURN:
        click.echo(costs_table(costs(case.settings, network)) + "\n")


def _rounds(network: str, full: bool, out: Path) -> None:
    from offchain.bench.bench import measure_all, peer_seconds, update_speeds
    from offchain.bench.cases import FULL, QUICK
    from offchain.bench.report import learning_table, plot, ratios_table, rounds_table, updates_table

    console, measurements = people_console(), []
    with interruptible(lambda: "What was measured is kept; the same command goes on from there."):
        for m in measure_all(FULL if full else QUICK, out, network):
            measurements.append(m)
            console.print(f"{m.case.key}: {1000 * m.round:.0f} ms a round", soft_wrap=True, highlight=False)
    tables = [
        f"Milliseconds a round, medians\n\n{rounds_table(measurements)}",
        f"Against others\n\n{ratios_table(measurements, peer_seconds(out, 'flower'))}",
        f"Learning against pfl-research\n\n{learning_table(measurements, peer_seconds(out, 'pfl'))}",
        f"Milliseconds of an update\n\n{updates_table(update_speeds(out))}",
    ]
    write_whole(out / "tables.md", "\n\n".join(tables) + "\n")
    plot(out / "rounds.png", measurements)
    click.echo("\n\n".join(tables))
    console.print(f"Written to {out}: tables.md, rounds.png, rounds.jsonl, updates.json")
