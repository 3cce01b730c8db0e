"""A run with real learning ends the same through deployed contracts, by a relay too, and in memory."""

import pytest
from small_runs import records, small, timeless

from offchain.engines.chain_engine import ChainEngine

SETTINGS = small(rounds=8, proposer_stake=32, voter_stake=16, malicious_voters=0.2, seed=5)
DIRECT = {"propose", "publish", "commitBallot", "revealBallot"}
BATCHES = {"relay propose", "relay publish", "relay commitBallots", "relay revealBallots"}


@pytest.mark.parametrize("relay", [False, True], ids=["direct", "relayed"])
def test_accuracy_and_tokens_are_the_same_through_contracts_and_in_memory(gateway, contracts, relay):
    settings = SETTINGS.model_copy(update={"relay": relay})
    on_chain = records(settings, lambda deployment: ChainEngine(gateway, contracts, deployment))
    in_memory = records(SETTINGS)
    assert [timeless(record) for record in on_chain] == [timeless(record) for record in in_memory]
    assert any(record.removed for record in on_chain), "nobody was removed: a weak test"
    assert any(record.included for record in on_chain), "nothing was included: a weak test"
    calls = {call for record in on_chain for call in record.gas}
    assert calls & (DIRECT | BATCHES) == (BATCHES if relay else DIRECT)
    assert not any(record.gas for record in in_memory)
