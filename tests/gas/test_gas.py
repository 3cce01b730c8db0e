"""What each call costs, held to a committed snapshot, and that the number of members is no matter (I14)."""

import json
import os
from pathlib import Path
from statistics import mean

import pytest
from field import AGREED, HARDFORK, SPLIT

SNAPSHOT = Path(__file__).with_name("snapshot.json")
DRIFT = 0.02
TRANSACTION_CAP = 2**24  # EIP-7825.
SENT = (
    *("openRound", "draw", "propose", "publish", "commitBallot", "revealBallot"),
    *("commitBallots", "revealBallots", "finalise"),
)
OF_A_ROUND = ("openRound", "draw", "propose", "publish", "commitBallot", "revealBallot", "finalise")
BEFORE_ADMISSION = 78_388  # Gas of `join`, with fifty members, of the last contracts without admission.
FEW = 300  # Gas by which calls may differ: a zero byte in an address costs 12 less.


OF_MEMBERSHIP = ("deposit first", "deposit", "join")


def third_round(field):
    """The gas of each call when every slot was used before, and of what may happen between rounds."""
    for _ in range(3):
        field.gas = {call: costs for call, costs in field.gas.items() if call in OF_MEMBERSHIP}
        field.play_round()
    field.play_absences()
    field.come_and_go()
    return field.gas


@pytest.fixture(scope="module")
def fifty(field):
    """Fifty members: five propose, the others vote."""
    return third_round(field(50))


@pytest.fixture(scope="module")
def relayed(field):
    """The same, by a relay; on the way seats are settled of a round that was split, or where all agreed."""
    game, rounds = field(50), {}
    for name, ballots in (("split", SPLIT), ("agreed", AGREED)):
        for _ in range(3):
            game.gas = {}
            game.play_relayed_round(ballots)
        rounds[name] = game.gas
    return rounds


@pytest.fixture(scope="module")
def rewarded(field):
    """The same where every round is rewarded: sent directly, then by a relay."""
    game, rounds = field(50, rewarded=True), {}
    for name, play in (
        ("direct", game.play_round),
        ("split", lambda: game.play_relayed_round(SPLIT)),
        ("agreed", lambda: game.play_relayed_round(AGREED)),
    ):
        for _ in range(3):
            game.gas = {call: costs for call, costs in game.gas.items() if call.startswith("fund")}
            play()
        rounds[name] = game.gas
    return rounds


@pytest.fixture(scope="module")
def listed(field):
    """Fifty members of a list that an owner keeps, as they gather."""
    return field(50, listed=True).gas


def means(gas):
    """The mean of each call, per seat where calls come in batches."""
    return {call: round(mean(costs)) for call, costs in sorted(gas.items())}


def report(gas, listed, relayed, rewarded):
    """What is kept: the mean of each call, and all calls of a round together."""
    return {
        "hardfork": HARDFORK,
        "calls": means({**gas, "join listed": listed["join"]}),
        "round": round(sum(sum(gas[call]) for call in OF_A_ROUND)),
        "relayed": {
            name: {**means(costs), "round": round(sum(map(sum, costs.values())))}
            for name, costs in relayed.items()
        },
        "rewarded": {
            name: {**means(costs), "round": round(sum(sum(costs.get(call, ())) for call in SENT))}
            for name, costs in rewarded.items()
        },
    }


def flat(snapshot):
    """Every figure of a snapshot by name."""
    kinds = {
        f"{call} {kind}, {name}": gas
        for kind in ("relayed", "rewarded")
        for name, costs in snapshot[kind].items()
        for call, gas in costs.items()
    }
    return {**snapshot["calls"], "round": snapshot["round"], **kinds}


def test_gas_is_what_the_snapshot_says(fifty, listed, relayed, rewarded):
    actual = report(fifty, listed, relayed, rewarded)
    if os.environ.get("GAS_WRITE"):
        SNAPSHOT.write_text(json.dumps(actual, indent=2) + "\n")
    expected = json.loads(SNAPSHOT.read_text())
    assert actual["hardfork"] == expected["hardfork"]
    before, after = flat(expected), flat(actual)
    assert before.keys() == after.keys()
    drifted = {
        call: f"{before[call]} → {after[call]} ({after[call] / before[call] - 1:+.1%})"
        for call in before
        if abs(after[call] / before[call] - 1) > DRIFT
    }
    assert not drifted, f"gas drifted; `make gas` accepts it: {drifted}"


def test_joining_by_a_registry_costs_five_thousand_more_than_joining_once_did(listed):
    assert mean(listed["join"]) - BEFORE_ADMISSION <= 5_000


def test_a_round_is_what_it_claims_to_be(fifty):
    assert [len(fifty[call]) for call in OF_A_ROUND] == [1, 1, 5, 5, 45, 45, 1]


def test_every_call_fits_a_transaction(field, fifty):
    sixteen = third_round(field(60, proposer_bps=2700))
    assert len(sixteen["propose"]) == 16
    for gas in (fifty, sixteen):
        assert max(max(costs) for costs in gas.values()) < TRANSACTION_CAP / 10


def cheapest(field):
    """The least that each call cost in eight rounds after the first two, each starting with nobody to settle.

    The least, for a seat whose permutation walks twice costs a turn more, in any membership.
    """
    for number in range(10):
        if number == 2:
            field.gas = {call: costs for call, costs in field.gas.items() if call in OF_MEMBERSHIP}
        field.play_round()
        field.settle()
    field.play_absences()
    field.come_and_go()
    return {call: min(costs) for call, costs in field.gas.items()}


def test_no_cost_depends_on_the_number_of_members(field):
    """I14, with one proposer and seven voters whatever the membership."""
    costs = [cheapest(field(members, proposer_bps=1, voter_seats=7)) for members in (8, 50, 300)]
    assert costs[0].keys() == costs[1].keys() == costs[2].keys()
    differing = {call: [c[call] for c in costs] for call in costs[0]}
    differing = {call: c for call, c in differing.items() if max(c) - min(c) > FEW}
    assert not differing, differing
