"""Paths of command-line options."""

from pathlib import Path
from typing import Any

import click

from ml.home import at_home


class UserPath(click.Path):
    """A path, with the user's home in place of `~`: shells leave it alone in quotes and behind an `=`."""

    def __init__(self, **checks: Any) -> None:
        super().__init__(path_type=Path, **checks)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Raises:
            BadParameter: When it is not what the option asks for.
        """
        return super().convert(at_home(value), param, ctx)
