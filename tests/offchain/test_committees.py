"""Captured committees: the formula against seats as they are drawn, and docs/MONEY.md's table against it."""

import re
from pathlib import Path
from random import Random

import pytest

from offchain.reference import seats
from offchain.reference.committees import captured

PAGE = (Path(__file__).parents[2] / "docs" / "MONEY.md").read_text()
ROWS = re.findall(r"^\| ([\d,]+) \| (\d+) \| (\d+) % \| ([\d.]+) % \|", PAGE, re.MULTILINE)


def test_the_audits_figures():
    """C2's appendix: 15 of 50 at 40 and 30 %, 45 of 1,000 at 40 %."""
    shares = [captured(50, 20, 15), captured(50, 15, 15), captured(1000, 400, 45)]
    assert [f"{share:.1%}" for share in shares] == ["17.2%", "2.3%", "8.2%"]


def test_nobody_captures_without_a_majority_and_everybody_with_all():
    assert captured(50, 7, 15) == 0
    assert captured(50, 50, 15) == 1
    assert captured(10, 2, 4) == 0  # Two of four are a tie, and include nothing.


@pytest.mark.parametrize(("members", "coalition", "voters"), [(50, 20, 15), (20, 8, 6)])
def test_drawn_seats_are_captured_as_often(members, coalition, voters):
    rng, draws = Random(2026), 4_000
    proposers, _ = seats.counts(members, 1000, voters)
    won = 0
    for _ in range(draws):
        seed = rng.getrandbits(96)
        places = [seats.position(seed, index, members) for index in range(coalition)]
        won += 2 * sum(proposers <= place < proposers + voters for place in places) > voters
    share = captured(members, coalition, voters)
    assert abs(won / draws - share) < 4 * (share * (1 - share) / draws) ** 0.5


def test_the_table_of_the_readme_is_what_the_formula_says():
    assert len(ROWS) >= 12
    for members, voters, share, rounds in ROWS:
        count = int(members.replace(",", ""))
        exact = 100 * captured(count, count * int(share) // 100, int(voters))
        assert rounds == f"{exact:.1f}", (members, voters, share)
