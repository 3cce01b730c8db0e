"""Command-line options of what plays many runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from offchain.finite_range import FiniteRange
from offchain.user_path import OutPath

Command = TypeVar("Command", bound=Callable[..., Any])

PATIENCE = 600.0
"""Seconds in which a run with code of a user's own has to finish a round."""


def playing_options(folder: str) -> Callable[[Command], Command]:
    """Adds `--jobs`, `--cluster` (as `address`), `--patience`, and `--out`, which is `folder` by default."""

    def add(function: Command) -> Command:
        for option in (
            click.option(
                "--patience",
                type=FiniteRange(min=0, min_open=True),
                default=PATIENCE,
                show_default=True,
                metavar="SECONDS",
                help="Time in which a run with a task or functions of your own has to finish a round.",
            ),
            click.option(
                "--out",
                type=OutPath(folder=True),
                default=Path(folder),
                show_default=True,
                help="Folder for results and for the runs that they are made of.",
            ),
            click.option(
                "--cluster",
                "address",
                metavar="URL",
                help="Play on a cluster: dask://HOST:PORT or ray://HOST:PORT.",
            ),
            click.option(
                "--jobs",
                type=click.IntRange(1),
                default=1,
                show_default=True,
                help="Runs at once on this machine.",
            ),
        ):
            function = option(function)
        return function

    return add
