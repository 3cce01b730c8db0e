"""docs/GAS.md says what was measured, and what was measured is what this state of the contracts costs."""

import json
import os
from pathlib import Path

import pytest
from field import HARDFORK, Field
from raw_chain import anvil
from tables import DATA, PAGE, measure, rendered, with_tables, write

DRIFT = 0.02
README = PAGE.parents[1] / "README.md"
SNAPSHOT = Path(__file__).with_name("snapshot.json")


@pytest.fixture(scope="module")
def data(project):
    if os.environ.get("GAS_TABLES"):
        write(project)
    return json.loads(DATA.read_text(encoding="utf-8"))


def test_the_page_prints_the_tables(data):
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page, rendered(data)) == page


def test_the_readme_and_the_page_print_the_snapshot():
    snapshot = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    split, agreed = snapshot["relayed"]["split"], snapshot["relayed"]["agreed"]
    figures = [snapshot["calls"][call] for call in ("propose", "publish", "commitBallot", "revealBallot")]
    figures += [snapshot["calls"]["finalise"], snapshot["round"]]
    figures.append(snapshot["calls"]["openRound"] + snapshot["calls"]["draw"])
    relayed = [each[call] for each in (split, agreed) for call in ("commitBallots", "revealBallots", "round")]
    readme, page = README.read_text(encoding="utf-8"), PAGE.read_text(encoding="utf-8")
    assert [f"{gas:,}" for gas in figures + relayed if f" {gas:,} |" not in readme] == []
    told = [*figures[-3:], snapshot["calls"]["join listed"], *relayed]
    assert [f"{gas:,}" for gas in told if f" {gas:,} |" not in page] == []


def test_the_smallest_membership_costs_what_the_tables_say(data, project):
    actual, expected = measure(project, 50), data["members"]["50"]
    for kind, measured in actual.items():
        for call, gas in {**measured["calls"], "round": measured["round"]}.items():
            before = {**expected[kind]["calls"], "round": expected[kind]["round"]}[call]
            assert gas == pytest.approx(before, rel=DRIFT), (
                f"{call}, {kind}: `make gas-tables` writes it anew"
            )


def test_members_that_are_written_are_those_that_joined(project):
    with anvil(HARDFORK) as chain:
        joined, written = (Field(chain, project, 8) for _ in range(2))
        joined.gather()
        written.write_members()
        assert written.storage() == joined.storage()
        assert len(written.storage()) > 3 * 8


def test_no_cost_grows_with_the_membership(data):
    """What settles nothing costs the same; a round differs by who has a seat to settle, and in no order."""
    fifty, *others = data["members"].values()
    for other in others:
        for call in ("openRound", "draw", "revealBallot", "finalise"):
            assert other["direct"]["calls"][call] == pytest.approx(fifty["direct"]["calls"][call], rel=0.001)
        for kind in fifty:
            assert other[kind]["round"] < 1.08 * fifty[kind]["round"]
    assert others[-1]["direct"]["round"] == pytest.approx(others[-2]["direct"]["round"], rel=0.005)


def test_parts_add_up_to_the_call(data):
    for kind, measured in data["parts"].items():
        for call, parts in measured["parts"].items():
            assert sum(parts.values()) == pytest.approx(measured["calls"][call], rel=0.005), (kind, call)
            assert min(parts.values()) >= 0, (kind, call)
