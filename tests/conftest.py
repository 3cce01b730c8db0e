"""What all tests share: time for anvil to start, and where shared data lies when there is any."""

import os
from pathlib import Path

import pytest

from offchain.network_option import allow_slow_start

allow_slow_start()


@pytest.fixture(scope="session")
def real_loans():
    root = Path(__file__).resolve().parents[1]
    path = (
        Path(os.environ.get("STAKEFED_SHARED", root.parent / "shared"))
        / "data"
        / "lendingclub_2007_2011.csv.gz"
    )
    if not path.is_file():
        pytest.skip(f"no real loans at {path}; set STAKEFED_SHARED")
    return path
