"""Paths of command-line options."""

from pathlib import Path
from typing import Any

import click

from ml.home import at_home
from ml.private_files import followed, require_writable


class UserPath(click.Path):
    """A path, with the user's home in place of `~`: shells leave it alone in quotes and behind an `=`."""

    def __init__(self, **checks: Any) -> None:
        super().__init__(path_type=Path, **checks)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Raises:
            BadParameter: When it is not what the option asks for.
        """
        if "://" in str(value) and not at_home(value).exists():
            self.fail(f"{value} is a URL, and a path is expected: download it, and give the file", param, ctx)
        return super().convert(at_home(value), param, ctx)


class OutPath(UserPath):
    """A path that will be written to: whether that can be is found out before anything takes long.

    Args:
        folder: Whether it is to be a folder, which may be missing yet, rather than a file.
    """

    def __init__(self, folder: bool = False) -> None:
        super().__init__(dir_okay=folder, file_okay=not folder)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Raises:
            BadParameter: When it is something else, or this user cannot write there.
        """
        path = super().convert(value, param, ctx)
        try:
            require_writable(path)
            if self.dir_okay and path.is_symlink() and not path.exists():
                self.fail(f"{path} cannot be written: it is a link to nothing", param, ctx)
            if not self.dir_okay and not (folder := followed(path).parent).is_dir():
                self.fail(f"{path} cannot be written: there is no folder {folder}; make it first", param, ctx)
        except OSError as error:
            self.fail(f"{path} cannot be written: {error.strerror}", param, ctx)
        return path
