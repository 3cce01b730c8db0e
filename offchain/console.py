"""Where commands write for people."""

from rich.console import Console

_UNCUT = 1000  # Characters; wider than any table.


def people_console() -> Console:
    """Return the console of standard output: as wide as the terminal; in a file or a pipe nothing is cut."""
    console = Console()
    return console if console.is_terminal else Console(width=_UNCUT)
