"""The gateway on real nodes: what is sent is mined in order, what is refused is explained."""

from dataclasses import astuple

import pytest
from field import PARAMETERS

from offchain.chain.abi import Interface
from offchain.chain.gateway import GAS_LIMIT, Call, Query, create_address
from offchain.chain.nodes import HISTORY, node_of
from offchain.chain.signing import Signer
from offchain.errors import CallRevertedError, ChainError
from offchain.reference.state import NOBODY

HOLDER, OTHER = Signer(b"\x01" * 32), Signer(b"\x02" * 32)


@pytest.fixture
def token(gateway, contracts):
    gateway.fund([HOLDER.address, OTHER.address])
    return gateway.deploy(HOLDER, Interface(contracts["StakeToken"]), "Stake", "STK", 1000, HOLDER.address)


def transfer(signer, token, to, amount):
    return Call(signer, token, "transfer", (to.address, amount))


def balances(gateway, token):
    return gateway.read([Query(token, "balanceOf", (holder.address,)) for holder in (HOLDER, OTHER)])


def test_a_contract_stands_where_the_nonce_says(gateway, token):
    assert token.address == create_address(HOLDER.address, 0)
    assert gateway.read([Query(token, "totalSupply")]) == [1000]


def test_calls_take_effect_in_the_order_given(gateway, token):
    # In any other order the second would find nothing to send.
    calls = [transfer(HOLDER, token, OTHER, 1000), transfer(OTHER, token, HOLDER, 400)]
    receipts = gateway.send(calls)
    assert balances(gateway, token) == [400, 600]
    assert [receipt.call for receipt in receipts] == calls
    assert all(21_000 < receipt.gas_used < GAS_LIMIT for receipt in receipts)


def test_more_calls_than_a_block_holds_are_all_mined_in_order(gateway, token):
    count = 2 * (gateway._block_gas // GAS_LIMIT + 1)
    gateway.send([transfer(HOLDER, token, OTHER, 1) for _ in range(count)])
    assert balances(gateway, token) == [1000 - count, count]


def test_events_have_names_and_values(gateway, token):
    (receipt,) = gateway.send([transfer(HOLDER, token, OTHER, 7)])
    (event,) = receipt.events
    assert event.name == "Transfer"
    assert event.values == {"from": HOLDER.address, "to": OTHER.address, "value": 7}


def test_a_refusal_names_the_error_and_its_values(gateway, token):
    with pytest.raises(CallRevertedError) as refused:
        gateway.send([transfer(OTHER, token, HOLDER, 5)])
    assert refused.value.call == "transfer"
    assert refused.value.error == "ERC20InsufficientBalance"
    assert refused.value.values == {"sender": OTHER.address, "balance": 0, "needed": 5}
    assert "the contract refused transfer: ERC20InsufficientBalance" in str(refused.value)
    gateway.send([transfer(HOLDER, token, OTHER, 5)])  # Nonces are in step all the same.
    assert balances(gateway, token) == [995, 5]


def test_a_refused_constructor_is_explained(gateway, contracts, token):
    manager = Interface(contracts["RoundManager"])
    parameters = (0, *astuple(PARAMETERS)[1:])
    source = gateway.deploy(HOLDER, Interface(contracts["SimulatedSeed"]), bytes(32))
    with pytest.raises(CallRevertedError) as refused:
        gateway.deploy(HOLDER, manager, token.address, source.address, NOBODY, parameters)
    assert refused.value.error == "InvalidParameter"
    assert refused.value.values == {"name": "proposerStake", "actual": 0, "bound": 1}


def test_an_interface_cannot_be_deployed(gateway, contracts):
    with pytest.raises(ChainError, match="IStakePool has no bytecode"):
        gateway.deploy(HOLDER, Interface(contracts["IStakePool"]))


def test_the_clock_moves_when_told(gateway, token):
    before = gateway.now
    gateway.mine(3)
    assert gateway.now == before + 3
    gateway.warp(before + 100)
    assert gateway.now == before + 100
    gateway.warp(before)  # The past is no reason to mine.
    assert gateway.now == before + 100
    gateway.send([transfer(HOLDER, token, OTHER, 1)])
    assert gateway.now == before + 101


def test_anvil_stores_no_hashes_of_blocks_while_it_is_driven(chain):
    node, state = node_of(chain.provider), chain.provider.web3.eth
    first = node.head()[0]
    node.mine(3)
    assert not state.get_code(HISTORY)
    assert not any(any(state.get_storage_at(HISTORY, block)) for block in range(first, first + 3))
    node.close()
    assert state.get_code(HISTORY)


def test_the_node_in_process_explains_refusals_too(in_process_gateway, contracts):
    gateway = in_process_gateway
    gateway.fund([HOLDER.address, OTHER.address])
    interface = Interface(contracts["StakeToken"])
    token = gateway.deploy(HOLDER, interface, "Stake", "STK", 1000, HOLDER.address)
    with pytest.raises(CallRevertedError) as refused:
        gateway.send([transfer(OTHER, token, HOLDER, 5)])
    assert refused.value.error == "ERC20InsufficientBalance"
    assert refused.value.values == {"sender": OTHER.address, "balance": 0, "needed": 5}


def test_a_view_of_nothing_is_an_error(gateway, token):
    with pytest.raises(KeyError):
        gateway.read([Query(token, "noSuchView")])
