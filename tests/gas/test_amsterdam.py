"""What docs/GAS.md says of the Amsterdam fork is what counted slots and bytes come to, within its limits."""

import json
import os

import pytest
from amsterdam import DATA, NEW_SLOT, measure, rendered, write
from tables import PAGE, with_tables

EXECUTED_AT_MOST = 2**24  # EIP-7825, which state gas does not count against from Amsterdam on.
BLOCK = 60_000_000


@pytest.fixture(scope="module")
def data(project):
    if os.environ.get("GAS_AMSTERDAM"):
        write(project)
    return json.loads(DATA.read_text(encoding="utf-8"))


def test_the_page_prints_what_was_computed(data):
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page, rendered(data)) == page


def test_what_was_computed_is_what_this_state_of_the_contracts_comes_to(data, project):
    actual = measure(project)
    for name in actual["deployment"]:
        assert actual["deployment"][name] == pytest.approx(data["deployment"][name], rel=0.02), name
    for round_ in ("first", "third"):
        for call, (means, count) in actual[round_].items():
            assert (count, means) == (data[round_][call][1], pytest.approx(data[round_][call][0], rel=0.02))


def test_every_transaction_executes_what_one_may_and_fits_a_block_with_its_state(data):
    priced = [*data["deployment"].values(), *(m for r in ("first", "third") for m, _ in data[r].values())]
    for executed, state in priced:
        assert executed < EXECUTED_AT_MOST and (executed + state) * 5 // 4 < BLOCK


def test_a_round_in_steady_state_makes_little_state(data):
    first = {call: means[1] for call, (means, _) in data["first"].items()}
    third = {call: means[1] for call, (means, _) in data["third"].items()}
    assert first["publish"] >= NEW_SLOT, "a slot for the root, which one relayed entry did not have gas for"
    assert sum(third.values()) < sum(first.values())
