"""`ape run calibrate`: what tolerances the data bears, told by rounds in which everyone is honest."""

from pathlib import Path
from typing import Any

import click

from ml.private_files import write_whole
from offchain.command import Command
from offchain.console import people_console, say
from offchain.runs.settings_options import settings_of_play
from offchain.settings import load_settings
from offchain.user_path import OutPath, UserPath

_ROUNDS = 30
_NOBODY_IS = (
    *("malicious", "malicious_voters", "attack", "attack_options", "aimed", "coalition_votes", "sleep_until"),
    *("withhold_bytes", "commitments_broken", "defence", "assumed_faulty", "honest_only"),
    *("shadow_policy", "proposer_stake", "voter_stake", "engine", "relay"),
)
"""Settings of attackers and of what rounds in memory do without."""


@click.command(cls=Command)
@settings_of_play({"rounds": _ROUNDS}, hidden=_NOBODY_IS)
@click.option("--settings", type=UserPath(), help="YAML file of settings; options override it.")
@click.option("--out", type=OutPath(), help="JSON file to write as well.")
@click.option(
    "--policy-out",
    type=OutPath(),
    help="YAML file to write the recommended policy to, or the policy where it will do: for --settings of a "
    "simulation, --policy of `ape run task describe`, --shadow-policy of a client.",
)
def cli(settings: Path | None, out: Path | None, policy_out: Path | None, **options: Any) -> None:
    """Tell what tolerances the data bears: 30 rounds in memory in which everyone is honest, unless --rounds.

    Policies of one score are told by the tests of the default.
    """
    # Here, since Ape loads every script to run one.
    from offchain.runs.calibration_report import policy_text, print_calibration
    from offchain.simulation.calibration import calibrate
    from offchain.simulation.federation import all_rows

    given = {name: value for name, value in options.items() if value is not None}
    honest = {"malicious": 0, "malicious_voters": 0, "attack": "none"}
    chosen = load_settings(settings, {"rounds": _ROUNDS, **given, **honest})
    data = all_rows(chosen)
    say(data.said)
    found = calibrate(chosen, data)
    for path, text in ((out, found.model_dump_json(indent=2) + "\n"), (policy_out, policy_text(found))):
        if path is not None:
            write_whole(path, text)
    print_calibration(people_console(), found)
