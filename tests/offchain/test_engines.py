"""One game, two engines: the chain and the reference give the same seats, outcomes and balances."""

import pytest
from engine_play import deployment, play

from offchain.engines.chain_engine import ChainEngine
from offchain.engines.reference_engine import ReferenceEngine


@pytest.mark.parametrize(("clients", "stake", "seed"), [(25, 8, 0), (16, 32, 1)])
def test_the_chain_plays_as_the_reference_does(gateway, contracts, clients, stake, seed):
    d = deployment(clients, stake, seed)
    on_chain = play(ChainEngine(gateway, contracts, d), 12, seed)
    in_memory = play(ReferenceEngine(d), 12, seed)
    assert on_chain == in_memory
    if stake == 32:
        assert any(outcome.removed for outcome in on_chain[1::2]), "nobody was removed: a weak test"


def test_the_node_in_process_plays_as_the_reference_does(in_process_gateway, contracts):
    d = deployment(5, 32, 3)
    assert play(ChainEngine(in_process_gateway, contracts, d), 4, 3) == play(ReferenceEngine(d), 4, 3)


def test_gas_is_told_by_call(gateway, contracts):
    engine = ChainEngine(gateway, contracts, deployment(20, 8, 2))
    engine.start()
    seating = engine.open_round()
    engine.submit_updates({client: (bytes([client + 1]) * 32, 1) for client in seating.proposers})
    engine.submit_ballots({client: 0b11 for client in seating.voters})
    gas = engine.close_round().gas
    counts = {call: len(amounts) for call, amounts in gas.items()}
    assert counts == {
        "openRound": 1,
        "draw": 1,
        "propose": 2,
        "publish": 2,
        "commitBallot": 18,
        "revealBallot": 18,
        "finalise": 1,
    }
