"""Code that is not what this version compiles is noticed, whatever parameters it shows."""

from dataclasses import replace

import pytest
from live import FAST, signer

from offchain.errors import OffchainError
from offchain.live.access.chain import Invocation
from offchain.live.access.network import Nodes
from offchain.live.access.sender import Sender
from offchain.live.deploying.code_check import require_code
from offchain.live.errors import DeploymentError, NodeRefusedError
from offchain.live.starting import connect_to

pytestmark = pytest.mark.usefixtures("snapshot")

CONTRACTS = ("RoundManager", "StakePool", "StakeToken", "PrevrandaoSeed", "Relay")


def test_what_was_deployed_here_is_what_is_compiled_here(founded):
    require_code(founded[1], founded[0])


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_changed_byte_is_noticed(founded, anvil_node, name):
    deployment, chain = founded
    address = deployment.book.contracts[name].address
    code = bytearray(chain.code(address))
    code[len(code) // 3] ^= 1
    anvil_node.rpc.request("anvil_setCode", address, "0x" + code.hex())
    with pytest.raises(
        DeploymentError, match=f"the code of {name} at {address} is not what this version compiles"
    ):
        require_code(chain, deployment)


def test_the_compilers_note_on_the_source_does_not_count(founded, anvil_node):
    deployment, chain = founded
    address = deployment.pool.address
    code = bytearray(chain.code(address))
    code[-20] ^= 1
    anvil_node.rpc.request("anvil_setCode", address, "0x" + code.hex())
    require_code(chain, deployment)


def test_commands_warn_of_it_and_go_on(founded, anvil_node, caplog):
    deployment, chain = founded
    anvil_node.rpc.request("anvil_setCode", deployment.relay.address, "0x6001")
    connect_to(deployment, Nodes(anvil_node.url))
    assert "do not stake on it unless you know why" in caplog.text


def test_a_node_that_cannot_imagine_is_no_obstacle(founded, anvil_node, monkeypatch):
    from offchain.live.access.chain import Chain

    def refuse(self, *arguments):
        raise NodeRefusedError("eth_call", "too many arguments, want at most 2")

    monkeypatch.setattr(Chain, "imagine", refuse)
    connect_to(founded[0], Nodes(anvil_node.url))
    with pytest.raises(NodeRefusedError):
        require_code(founded[1], founded[0])


def test_a_node_that_takes_no_notice_of_imagined_states_is_not_believed(founded, anvil_node, monkeypatch):
    deployment, chain = founded
    ask = chain.rpc.request
    monkeypatch.setattr(chain.rpc, "request", lambda method, *given: ask(method, *given[:2]))
    with pytest.raises(NodeRefusedError, match="it imagines no other states of accounts"):
        require_code(chain, deployment)


def test_a_client_does_not_join_it_and_may_leave_it(founded, anvil_node, members):
    from offchain.live.client.choices import ClientOptions
    from offchain.live.client.own_data import DataOptions
    from offchain.live.client.start import prepare

    deployment, chain = founded
    learning = replace(deployment.parameters, rules=deployment.configuration.learning.rules)
    deployment = replace(deployment, parameters=learning)
    stranger = signer(60).address
    bond = deployment.parameters.bond
    Sender(chain, signer(1), FAST).send(Invocation(deployment.token, "transfer", (stranger, bond)))
    anvil_node.give(stranger)
    anvil_node.rpc.request("anvil_setCode", deployment.relay.address, "0x6001")
    options = ClientOptions(DataOptions(share=(0, 8)), stores=())
    with pytest.raises(DeploymentError, match="not what this version compiles"):
        prepare(chain, deployment, stranger, options, None)
    with pytest.raises(OffchainError, match="row"):  # A member gets past it, to what is wrong next.
        prepare(chain, deployment, members[0].address, options, None)
