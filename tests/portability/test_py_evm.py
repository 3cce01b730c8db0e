"""Some tests of the contracts on py-evm, in an Ape of its own; `make portability` runs them all."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A whole round, and what leans on a chain's own clock, block hashes, precompiles, logs and revert data.
FILES = (
    *("test_happy_round", "test_draw", "test_reanchor", "test_relay"),
    *("seeds/test_blockhash_seed", "seeds/test_prevrandao_seed"),
)


def test_the_contracts_pass_there_too(ape_that_has_imported):
    files = [f"tests/contracts/{name}.py" for name in FILES]
    run = subprocess.run(
        [ape_that_has_imported, "test", *files, "--network", "ethereum:local:test", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,  # So that what hangs fails: a busy machine takes more than five minutes.
        env=os.environ | {"PYTEST_ADDOPTS": ""},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^\d+ passed(, \d+ warnings?)? in ", run.stdout, re.MULTILINE), run.stdout
