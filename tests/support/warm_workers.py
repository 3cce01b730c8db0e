"""One process that has imported what tests and their processes do; those side by side share it."""

import os
from pathlib import Path

from side_by_side import HASHES, ONE_THREAD
from warm_ape import DOOR, warm

ROOT = Path(__file__).parents[2]


def pytest_xdist_setupnodes(config, specs):
    opened = warm(ROOT, {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), **HASHES})
    python = f"{opened.__enter__()}/python"
    config.add_cleanup(lambda: opened.__exit__(None, None, None))
    for spec in specs:
        spec.python = python
        spec.env[DOOR] = python
