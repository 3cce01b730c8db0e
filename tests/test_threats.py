"""docs/THREATS.md: every threat has a verdict, and every test that it names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/THREATS.md").read_text().splitlines()
    if re.match(r"\| \d+ \|", line)
]
TESTS = sorted({name for row in ROWS for name in re.findall(r"`([^`]+::[^`]+)`", row[-1])})
FOLDERS = ("tests/attacks", "tests/forge/adversaries")
VERDICTS = ("defended", "cost-bounded", "known gap")


def test_rows_are_numbered_and_have_a_verdict_and_a_test():
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1))
    for row in ROWS:
        assert len(row) == 5, row
        assert row[2] in VERDICTS, row
        assert "::" in row[4], row
    assert {row[2] for row in ROWS} == set(VERDICTS)


@pytest.mark.parametrize("name", TESTS)
def test_every_test_that_is_named_is_there(name):
    file, _, test = name.partition("::")
    assert re.search(rf"^\s*(def|function) {test}\(", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_attack_that_is_tested_is_in_the_table(folder):
    named = {name.partition("::")[2] for name in TESTS}
    for file in sorted((ROOT / folder).glob("*[ts].*")):
        found = re.findall(r"^\s*(?:def|function) (test(?:Fuzz)?_\w+)\(", file.read_text(), re.MULTILINE)
        assert set(found) <= named, file.name
