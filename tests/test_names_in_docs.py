"""docs/ARENA.md and docs/JUDGING.md have every name that a grid or a policy may use."""

import re
from pathlib import Path

import pytest

from ml.attacks.registry import ATTACKS
from ml.attacks.votes import VOTES
from ml.defences import DEFENCES
from ml.judging.kinds import TESTS
from ml.judging.policy import DEFAULT, NAMED, OF_SCORES

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("ARENA.md", [*ATTACKS, *VOTES, *DEFENCES]),
        ("JUDGING.md", [*OF_SCORES, *NAMED, *TESTS]),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_every_name_is_in_a_list_or_a_table(page, names):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert {name for name in names if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("page", ["ARENA.md", "JUDGING.md"])
def test_the_default_is_the_one_that_is_told(page):
    text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
    (told,) = re.findall(r"\*\*`([\w-]+)` is the default|the default policy, `([\w-]+)`", text)
    assert "".join(told) == DEFAULT
