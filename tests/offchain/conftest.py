import pytest
from ape import networks

from offchain.chain.gateway import Gateway
from offchain.chain.nodes import node_of


@pytest.fixture
def contracts(project):
    """The compiled contracts by name."""
    return {name: container.contract_type for name, container in project.load_contracts().items()}


@pytest.fixture
def gateway(chain):
    """A gateway over the node that the tests are connected to."""
    gateway = Gateway(node_of(chain.provider))
    yield gateway
    gateway.close()


@pytest.fixture
def in_process_gateway():
    """A gateway over Ape's own node, whatever the tests are connected to."""
    with networks.parse_network_choice("ethereum:local:test", disconnect_after=True) as provider:
        yield Gateway(node_of(provider))
