"""`ape run detection`: what voters of few rows can tell apart, as curves."""

from pathlib import Path
from typing import Any

import click

from offchain.command import Command
from offchain.console import people_console, say
from offchain.runs.settings_options import settings_of_play
from offchain.settings import load_settings
from offchain.user_path import OutPath, UserPath

_ROUNDS = 20
_MALICIOUS = 0.4
_UNUSED = (
    *("malicious_voters", "attack", "coalition_votes", "sleep_until", "withhold_bytes", "defence"),
    *("assumed_faulty", "honest_only", "shadow_policy", "proposer_stake", "voter_stake", "engine", "relay"),
)
"""Settings of votes, and of what rounds in memory do without."""
_KINDS = ("label-flip", "sign-flip", "anti")
_ROWS = (10, 20, 50, 100, 200, 500)


@click.command(cls=Command)
@settings_of_play({"rounds": _ROUNDS, "malicious": _MALICIOUS}, hidden=_UNUSED)
@click.option("--settings", type=UserPath(), help="YAML file of settings; options override it.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    default=_KINDS,
    show_default=True,
    help="Attack that is to be told. Repeatable.",
)
@click.option(
    "--judging-rows",
    "counts",
    multiple=True,
    type=click.IntRange(2),
    default=_ROWS,
    show_default=True,
    help="Rows on which a voter judges. Repeatable.",
)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Seeds, from --seed on.")
@click.option(
    "--out",
    type=OutPath(folder=True),
    default=Path("detection"),
    show_default=True,
    help="Folder of results.",
)
def cli(
    settings: Path | None,
    kinds: tuple[str, ...],
    counts: tuple[int, ...],
    seeds: int,
    out: Path,
    **options: Any,
) -> None:
    """Tell what voters of 10 to 500 rows can tell apart: 20 rounds in memory, unless --rounds.

    Half of the clients learns, honestly; a coalition's updates of the same rounds are judged beside, by the
    other half, and never included.
    """
    # Here, since Ape loads every script to run one.
    from offchain.runs.detection_report import write_detection
    from offchain.simulation.detection import detection
    from offchain.simulation.federation import all_rows

    given = {name: value for name, value in options.items() if value is not None}
    first = load_settings(settings, {"rounds": _ROUNDS, "malicious": _MALICIOUS, **given})
    runs = [first.model_copy(update={"seed": first.seed + place}) for place in range(seeds)]
    data = [all_rows(run) for run in runs]
    say(data[0].said)
    found = detection(list(zip(runs, data, strict=True)), kinds, counts)
    described = first.set_values({"data", "clients_data"})
    names = write_detection(out, found, described | {"seeds": [run.seed for run in runs]})
    people_console().print(f"Written to {out}: {', '.join(names)}")
