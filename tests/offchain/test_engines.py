"""One game, two engines: the chain and the reference give the same seats, outcomes and balances."""

import os
import signal

import pytest
from engine_play import RULES, deployment, play

from offchain.engines.chain_engine import ChainEngine
from offchain.engines.choice import engine_for
from offchain.engines.deployment import Deployment
from offchain.engines.reference_engine import ReferenceEngine
from offchain.settings import SimulationSettings


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


def test_both_engines_pay_rewards_while_the_budget_lasts(gateway, contracts):
    """Nine vote and one proposes: 2 + 9·.5 tokens where it is included, of a budget of 20."""
    settings = SimulationSettings(clients=10, proposer_reward=2, voter_reward=0.5, budget=20, seed=3)
    d = Deployment.of(settings, RULES)
    story = play(ReferenceEngine(d), 7, 3)
    assert story == play(ChainEngine(gateway, contracts, d), 7, 3)
    outcomes = story[1::2]
    budgets = [outcome.budget for outcome in outcomes]
    assert len(set(budgets)) > 2 and 0 <= budgets[-1] == budgets[-2] < 6 * 10**18, budgets
    for outcome in outcomes:
        assert sum(outcome.balances) + outcome.reward_pool + outcome.budget == (10 * 64 + 20) * 10**18


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_a_run_interrupts_it(number, terminal_that_closes):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), engine_for("reference", deployment(5, 8, 0), ""):
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
