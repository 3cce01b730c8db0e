"""The tests that docs/OPERATE.md names, and the options that it explains, are there."""

import re
from pathlib import Path

from scripts.client import cli

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs/OPERATE.md").read_text()


def test_every_test_named_for_a_fault_exists():
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    code = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 20 and {name for name in named if f"def {name}(" not in code} == set()


def test_every_option_of_the_table_is_one_of_the_client():
    table = TEXT.partition("| option |")[2].partition("\n\n")[0]
    known = {name for parameter in cli.params for name in parameter.opts}
    named = set(re.findall(r"`(--[a-z-]+)", table))
    assert named and named <= known
