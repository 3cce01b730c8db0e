"""CONTRIBUTING.md's tree of folders: what it names is there, and what is there it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TREE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Where things are")[2]


def places():
    """The tree's paths, from its indentation."""
    above, found = [], []
    for line in TREE.split("```")[1].strip("\n").splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        for name in re.split(r", ", re.split(r" {2,}", line.strip())[0]):
            found.append("".join([*above[:depth], name]))
        above = [*above[:depth], name]
    return found


def test_what_it_names_is_there():
    missing = [place for place in places() if not (ROOT / place).exists()]
    assert len(places()) > 40 and missing == []


@pytest.mark.parametrize("folder", ["contracts", "ml", "offchain", "offchain/live"])
def test_every_folder_is_named(folder):
    inside = {each.parent for suffix in ("py", "sol") for each in (ROOT / folder).glob(f"*/*.{suffix}")}
    assert len(inside) >= 4
    assert {f"{folder}/{each.name}/" for each in inside} - set(places()) == set()
