"""Command-line options of tracking, and what they make."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, get_args

import click

from offchain.tracking.tracker import DEFAULT, Program, Tracking

Command = TypeVar("Command", bound=Callable[..., Any])


def tracking_options(function: Command) -> Command:
    """Adds `--track` and `--track-to`; a command gets what they say as `tracking`."""

    @wraps(function)
    def command(*args: Any, track: Program | None, track_to: str | None, **chosen: Any) -> Any:
        if track is None and track_to is not None:
            raise click.UsageError("--track-to needs --track, tensorboard or mlflow")
        return function(*args, tracking=Tracking(track, track_to or DEFAULT), **chosen)

    made = command
    for decorator in (
        click.option(
            "--track-to",
            metavar="FOLDER",
            help="Where --track writes; for mlflow also a store's URI, such as https://server.  "
            f"[default: {DEFAULT}]",
        ),
        click.option(
            "--track",
            type=click.Choice(get_args(Program)),
            help="Write figures by round for TensorBoard or MLflow, optional packages.",
        ),
    ):
        made = decorator(made)
    return made  # type: ignore[return-value]
