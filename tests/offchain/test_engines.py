"""One game, two engines: the chain and the reference give the same seats, outcomes and balances."""

import random
from dataclasses import replace

import pytest

from offchain.engines.chain_engine import ChainEngine
from offchain.engines.deployment import Deployment
from offchain.engines.reference_engine import ReferenceEngine
from offchain.settings import SimulationSettings

RULES = b"\x07" * 32


def deployment(clients, stake, seed):
    settings = SimulationSettings(clients=clients, proposer_stake=stake, voter_stake=stake, seed=seed)
    return Deployment.of(settings, RULES)


def play(engine, rounds, seed):
    """Rounds of random updates and ballots, and whatever the engine reports of them."""
    generator = random.Random(seed)
    engine.start()
    story = []
    for _ in range(rounds):
        seating = engine.open_round()
        able = [c for c in seating.proposers if c not in seating.unable]
        updates = {c: (generator.randbytes(32), 1) for c in able}
        engine.submit_updates(updates)
        voters = [c for c in seating.voters if c not in seating.unable]
        ballots = {c: generator.choice([0, 0b111, 0b1, generator.getrandbits(16)]) for c in voters}
        engine.submit_ballots(ballots if updates else {})
        outcome = engine.close_round()
        story += [seating, replace(outcome, gas={})]
    return story


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
