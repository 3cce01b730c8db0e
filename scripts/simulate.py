"""`ape run simulate`: clients, some malicious, learn together under stakes and votes."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from offchain.chain.network_option import network_option
from offchain.command import Command, interruptible
from offchain.console import people_console
from offchain.engines.choice import engine_on
from offchain.errors import RunFolderError
from offchain.runs.settings_options import settings_options
from offchain.settings import load_settings
from offchain.system_errors import of_the_system
from offchain.tracking.options import tracking_options
from offchain.tracking.tracker import Tracking
from offchain.user_path import OutPath, UserPath


@click.command(cls=Command)
@network_option
@settings_options
@click.option("--settings", type=UserPath(), help="YAML file of settings; options override it.")
@click.option("--out", type=OutPath(folder=True), help="Folder for the results.  [default: runs/001, ...]")
@click.option("--resume", type=UserPath(), help="Folder of an interrupted run to continue.")
@tracking_options
def cli(
    network: str,
    settings: Path | None,
    out: Path | None,
    resume: Path | None,
    tracking: Tracking,
    **options: Any,
) -> None:
    """Simulate federated learning with stakes and votes, on a local chain or in memory."""
    # Here, since Ape loads every script to run one: torch and pandas take seconds, and memory of a daemon.
    from offchain.runs.report import print_report
    from offchain.runs.run import PICTURE, resume_run, start_run
    from offchain.runs.run_folder import RunFolder, holds_unfinished_run, next_free, require_free
    from offchain.tracking.of_run import telling

    console = people_console()
    given = {name: value for name, value in options.items() if value is not None}
    path = resume or out or next_free(Path("runs"))
    try:
        with interruptible(lambda: _how_to_go_on(path)):
            if resume:
                _refuse_beside_resume({**given, "settings": settings, "out": out})
                with telling(tracking, path, RunFolder.open(path).settings) as tell:
                    summary = resume_run(path, partial(engine_on, network), console, tell=tell)
            else:
                chosen = load_settings(settings, given)
                require_free(path)
                with telling(tracking, path, chosen) as tell:
                    summary = start_run(path, chosen, engine_on(network, chosen), console, tell=tell)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or not holds_unfinished_run(path):
            raise
        again = f"continue with `ape run simulate --resume {path}`"
        raise RunFolderError(of_the_system(error, again)) from error
    print_report(console, summary)
    console.print(f"Written to {path}: summary.json, rounds.jsonl, {PICTURE}")


def _how_to_go_on(path: Path) -> str:
    from offchain.runs.run_folder import holds_complete_run, holds_unfinished_run

    if holds_unfinished_run(path):
        return f"To continue: ape run simulate --resume {path}"
    return f"All rounds are in {path}." if holds_complete_run(path) else "Nothing was written."


def _refuse_beside_resume(options: dict[str, Any]) -> None:
    given = sorted(name.replace("_", "-") for name, value in options.items() if value is not None)
    if given:
        raise click.UsageError(
            f"--resume continues a run with its own settings; leave out --{', --'.join(given)}."
        )
