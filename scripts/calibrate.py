"""`ape run calibrate`: what tolerances the data bears, told by rounds in which everyone is honest."""

from pathlib import Path
from typing import Any

import click

from ml.errors import MLError
from offchain.console import people_console
from offchain.errors import OffchainError
from offchain.runs.settings_options import settings_options
from offchain.settings import load_settings
from offchain.user_path import UserPath

_ROUNDS = 30


@click.command()
@settings_options
@click.option("--settings", type=UserPath(), help="YAML file of settings; options override it.")
@click.option("--out", type=UserPath(), help="JSON file to write as well.")
def cli(settings: Path | None, out: Path | None, **options: Any) -> None:
    """Tell what tolerances the data bears: 30 rounds in memory in which everyone is honest, unless --rounds.

    Policies of one score are told by the tests of `evidence`.
    """
    # Here, since Ape loads every script to run one.
    from offchain.runs.calibration_report import print_calibration
    from offchain.simulation.calibration import calibrate
    from offchain.simulation.federation import all_rows

    given = {name: value for name, value in options.items() if value is not None}
    try:
        honest = {"malicious": 0, "malicious_voters": 0, "attack": "none"}
        chosen = load_settings(settings, {"rounds": _ROUNDS, **given, **honest})
        found = calibrate(chosen, all_rows(chosen))
        if out is not None:
            out.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except (OffchainError, MLError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from error
    print_calibration(people_console(), found)
