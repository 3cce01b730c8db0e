"""What processes that are started anew need from this one."""

import sys
from pathlib import Path


def let_processes_import() -> None:
    """Let processes that start from now on import the project's packages.

    They start with this one's path, of which `ape run` takes the project again once a script is loaded.
    """
    root = str(Path(__file__).parents[1])
    if root not in sys.path:
        sys.path.append(root)
