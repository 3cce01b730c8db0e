"""What the mechanism costs: measured on the chain in small, and worked out where it is arithmetic."""

import gzip
import json

import pandas as pd
import pytest
from small_runs import records, small

from offchain.chain.abi import Interface
from offchain.engines.chain_engine import ChainEngine
from offchain.engines.deployment import ALL_OTHERS, Deployment
from offchain.errors import ReproductionError
from offchain.reproduction.items import cost, cost_bytes, cost_gas
from offchain.reproduction.items.cost_gas import Shape
from offchain.reproduction.items.cost_report import comparisons, statements
from offchain.reproduction.study import Study
from offchain.settings import SimulationSettings
from offchain.simulation.records import gas_uses

RULES = b"\x07" * 32
PLAN = cost.Plan(rounds=3, sixteen_rounds=3, check_members=155, check_rounds=3)
PAPER = Shape(50, 5, 45)


@pytest.fixture
def reported(gateway, contracts):
    study = Study(seeds=1, settings={"rows": 4000})
    return cost.compute(
        study, lambda s: records(s, lambda deployment: ChainEngine(gateway, contracts, deployment)), PLAN
    )


def test_costs_are_measured_through_the_contracts(reported):
    assert [statement.text for statement in reported.statements if not statement.holds] == []
    assert len(reported.statements) == 7
    assert reported.figure is not None
    rounds = reported.tables[""].set_index(["members", "committee"])
    assert rounds.proposers.tolist() == [5, 5, 16, 16, 16, 16]
    assert rounds.voters.tolist() == [45, 45, 984, 45, 9984, 45]
    assert 4e6 < rounds.loc[(50, "all others"), "mean"] < 5.5e6
    assert rounds.loc[(1000, "45"), "mean"] == rounds.loc[(10_000, "45"), "mean"]
    check = reported.tables["check"].iloc[0]
    assert (check.members, check.proposers, check.voters) == (155, 16, 139)
    calls = reported.tables["calls"]
    of_check = calls[calls.members == 155]
    assert of_check[of_check.call == "round"].transactions.tolist() == [1 + 1 + 2 * 16 + 2 * 139 + 1]
    for members, proposers, voters in ((50, 5, 45), (1000, 16, 45)):  # Priced by runs with as many proposers.
        means = calls[(calls.members == 50) & (calls.proposers == proposers)].set_index("call")["mean"]
        priced = Shape(members, proposers, voters).gas(means)
        assert rounds.loc[(members, "45"), "mean"] == pytest.approx(priced, rel=1e-12)
    whole = of_check[of_check.call == "all 3 rounds"].iloc[0]
    assert whole.transactions == 3 * 313
    assert whole["mean"] == pytest.approx(3 * of_check[of_check.call == "round"]["mean"].iloc[0], rel=0.1)
    assert_fails_when_it_should(reported.tables)


def assert_fails_when_it_should(tables):
    for table, where, column, value, begins in (
        ("check", ("members", 155), "relative", -0.03, "Gas of a call"),
        ("bytes", ("what", "a voter fetches all updates"), "bytes", 10**8, "A client sends"),
        ("bytes", ("what", "the chain keeps for ever"), "bytes", 10**4, "The chain keeps"),
        ("bytes", ("what", "the chain is given, arguments of all calls"), "bytes", 10**5, "All calls"),
        ("", ("members", 50), "mean", 1e10, "Keeping one update"),
        ("", ("members", 10_000), "mean", 6e7, "With 45 voters"),
        ("", ("members", 10_000), "mean", 6e7, "With all others"),
    ):
        changed = {name: frame.copy() for name, frame in tables.items()}
        changed[table].loc[changed[table][where[0]] == where[1], column] = value
        assert any(s.text.startswith(begins) and not s.holds for s in statements(changed)), begins


def test_the_papers_bytes(tables):
    found = {c.quantity: c for c in comparisons(tables)}
    assert found["the chain keeps of a round, MB"].paper == "28.66"
    assert found["the chain keeps of a round, MB"].paper_mean == pytest.approx(28.66, abs=0.005)
    uploaded = found["uploaded a round, updates as large as the paper's, MB"]
    assert uploaded.ours == pytest.approx(2.87, abs=0.005)  # Five uploads, not fifty.
    assert found["an update, kB"].ours == 36_097 * 4 / 1024
    assert found["a voter fetches a round, kB"].ours == 5 * found["an update, kB"].ours
    assert "all 5 updates" in found["a voter fetches a round, kB"].why


@pytest.fixture
def tables():
    return {"bytes": pd.DataFrame(cost._bytes(PAPER, 36_097 * 4))}


def test_an_update_has_four_bytes_a_parameter():
    settings = small()
    inputs = (cost_bytes.update_bytes(settings) / 4 - 129 * 128 - 257) / 128
    assert inputs == int(inputs) > 10
    # Of a float32 model of the paper's shape 587 kB are 1,043 inputs.
    assert round((587 * 1024 / 4 - 129 * 128 - 257) / 128) == 1043


def test_shapes_are_the_protocols():
    assert Shape.of(50, 1000, ALL_OTHERS) == PAPER
    assert Shape.of(10_000, 1000, 45) == Shape(10_000, 16, 45)
    assert Shape.of(50, cost.MANY_PROPOSERS_BPS, ALL_OTHERS).proposers == 16
    assert Shape.of(155, 1000, ALL_OTHERS).proposers == 16 > Shape.of(154, 1000, ALL_OTHERS).proposers
    assert sum(PAPER.transactions.values()) == 103


def test_a_round_is_priced_by_its_calls():
    means = dict(
        openRound=1, draw=2, finalise=4, propose=10, publish=20, commitBallot=1000, revealBallot=5000
    )
    assert PAPER.gas(means) == 7 + 5 * 30 + 45 * 6000


def test_means_leave_out_the_first_two_rounds():
    (record,) = records(small(rounds=1))
    played = [
        record.model_copy(update={"gas": gas_uses(gas)})
        for gas in ({"a": [900]}, {"a": [900]}, {"a": [1, 2], "b": [5]}, {"a": [6]})
    ]
    assert cost_gas.call_means(played) == {"a": 3, "b": 5}
    assert cost_gas.round_mean(played) == (8 + 6) / 2


def test_runs_without_gas_are_refused():
    played = records(small(rounds=3))
    for few in (played, played[:2]):
        with pytest.raises(ReproductionError, match="do not tell what a round costs; it takes more than 2"):
            cost_gas.steady(few)


def test_the_runs_are_those_that_are_played():
    study = Study(seeds=2, settings={"rows": 4000})
    runs = cost.runs(study, PLAN)
    asked = []

    def play(settings):
        asked.append(settings)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        cost.compute(study, play, PLAN)
    assert asked == runs[:1]
    assert [(s.seed, s.clients, s.rounds, s.engine) for s in runs] == [
        (seed, clients, rounds, "chain")
        for seed in (0, 1)
        for clients, rounds in ((50, 3), (50, 3), (155, 3))
    ]


def test_calldata_is_as_counted(contracts):
    manager = Interface(contracts["RoundManager"])
    arguments = dict(
        openRound=(),
        draw=(b"",),
        propose=(bytes(24),),
        publish=(bytes(32), 1, bytes(32)),
        commitBallot=(bytes(24),),
        revealBallot=(1, bytes(32)),
        finalise=(),
    )
    sizes = {call: len(manager.encode(call, *values)) for call, values in arguments.items()}
    assert sizes == cost_bytes.CALLDATA
    assert cost_bytes.calldata_bytes(PAPER) == 4 + 68 + 4 + 5 * (36 + 100) + 45 * (36 + 68)


def test_the_chain_keeps_two_words_a_round(chain, gateway, contracts):
    """Counted in the whole state of a node before and after each round."""
    if "anvil" not in chain.provider.web3.client_version.lower():
        pytest.skip("only anvil shows its whole state")
    settings = SimulationSettings(clients=12, proposer_bps=2500, proposer_stake=8, voter_stake=1)
    engine = ChainEngine(gateway, contracts, Deployment.of(settings, RULES))
    empty = words(chain, engine)
    engine.start()
    before = words(chain, engine)
    base = len(before) - len(empty) - cost_bytes.MEMBER_WORDS * settings.clients
    assert 0 < base <= cost_bytes.HEAD_WORDS
    shape = Shape(12, 3, 9)
    for number in range(1, 6):
        seating = engine.open_round()
        engine.submit_updates({client: (bytes([client + number]) * 32, 1) for client in seating.proposers})
        engine.submit_ballots({client: (0b110, 0b001)[client % 3 == 0] for client in seating.voters})
        engine.close_round()
        after = words(chain, engine)
        if number > 1:  # The first round writes roots and samples where nothing was.
            assert len(after) - len(before) == len(after.keys() - before.keys()) == cost_bytes.RECORD_WORDS
            rewritten = sum(after[place] != before[place] for place in before)
            assert shape.proposers + 2 * shape.voters <= rewritten
            assert rewritten * cost_bytes.WORD <= cost_bytes.state_bytes(shape)
        before = after


def words(chain, engine):
    """The contracts' words that are not zero, by contract and place; nothing before they are deployed."""
    dump = chain.provider.web3.provider.make_request("anvil_dumpState", [])["result"]
    accounts = json.loads(gzip.decompress(bytes.fromhex(dump[2:])))["accounts"]
    own = {c.address for c in (getattr(engine, "_manager", None), getattr(engine, "_pool", None)) if c}
    return {
        (address, place): value
        for address, account in accounts.items()
        if address in own
        for place, value in account["storage"].items()
        if int(value, 16)
    }


def test_storing_an_update_takes_a_slot_for_every_word():
    assert cost_bytes.storing_gas(33) == 2 * 22_100
    assert cost_bytes.storing_gas(64) == 2 * 22_100
