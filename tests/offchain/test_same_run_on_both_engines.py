"""A run with real learning ends the same through deployed contracts and in memory."""

from small_runs import records, small, timeless

from offchain.chain_engine import ChainEngine

SETTINGS = small(rounds=8, proposer_stake=32, voter_stake=16, malicious_voters=0.2, seed=5)


def test_accuracy_and_tokens_are_the_same_through_contracts_and_in_memory(gateway, contracts):
    on_chain = records(SETTINGS, lambda deployment: ChainEngine(gateway, contracts, deployment))
    in_memory = records(SETTINGS)
    assert [timeless(record) for record in on_chain] == [timeless(record) for record in in_memory]
    assert any(record.removed for record in on_chain), "nobody was removed: a weak test"
    assert any(record.included for record in on_chain), "nothing was included: a weak test"
    assert all(record.gas_total > 0 for record in on_chain)
    assert not any(record.gas for record in in_memory)
