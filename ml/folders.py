"""Folders of others, some of which this user may not look into."""

import os
from pathlib import Path
from typing import NoReturn


def require_readable(folder: Path) -> None:
    """Require a folder and all below it to be readable: `Path.glob` leaves out without a word what is not.

    Raises:
        OSError: With the first that is not.
    """
    for _ in os.walk(folder, onerror=_raise):
        pass


def _raise(error: OSError) -> NoReturn:
    raise error
