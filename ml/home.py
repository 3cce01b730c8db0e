"""Paths as people write them."""

import os
from pathlib import Path


def at_home(path: str | os.PathLike[str]) -> Path:
    """Return a path with the user's home in place of a leading `~`, which shells leave alone in quotes.

    A name that begins with the `~` of no user stays as it is.

    >>> at_home("data/~x").as_posix()
    'data/~x'
    """
    return Path(os.path.expanduser(path))


def cache_folder() -> Path:
    """Return the folder for what can be made again: `stakefed` in $XDG_CACHE_HOME, or in ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "stakefed"
