import ape
import pytest
from raw_chain import Harness, anvil

DEPLOYER = "0x" + "de" * 20


@pytest.fixture(scope="session")
def node():
    with anvil() as chain:
        yield chain


@pytest.fixture(scope="session")
def harness(node):
    """Deploy a harness by name."""

    def deploy(name):
        container = getattr(ape.project, name)
        return Harness(node, node.deploy(DEPLOYER, container), container)

    return deploy
