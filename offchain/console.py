"""Where commands write for people."""

from collections.abc import Iterable

import click
from rich.console import Console

_UNCUT = 1000  # Characters; wider than any table.


def say(sentences: Iterable[str]) -> None:
    """Say what people should know beside what a command prints: on standard error."""
    for sentence in sentences:
        click.echo(sentence, err=True)


def people_console() -> Console:
    """Return the console of standard output: as wide as the terminal; in a file or a pipe nothing is cut."""
    console = Console()
    return console if console.is_terminal else Console(width=_UNCUT)
