"""What all tests share: time for anvil to start, and where shared data lies when there is any."""

import os
from pathlib import Path

import pytest

from offchain.chain.network_option import allow_slow_start

pytest_plugins = ["side_by_side", "solidity"]

allow_slow_start()


def shared(name, what):
    """The path of shared data; skips the test, saying `what` is missing, where there is none."""
    root = Path(__file__).resolve().parents[1]
    path = Path(os.environ.get("STAKEFED_SHARED", root.parent / "shared")) / "data" / name
    if not path.exists():
        pytest.skip(f"no {what} at {path}; set STAKEFED_SHARED")
    return path


@pytest.fixture(scope="session")
def real_loans():
    return shared("lendingclub_2007_2011.csv.gz", "real loans")


@pytest.fixture(scope="session")
def real_images():
    """400 chest X-rays in NIH's layout."""
    return shared("nih_sample", "chest X-rays")
