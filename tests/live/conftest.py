import pytest
from ape import accounts, config
from live import found, node, signer, write_configuration

from offchain.live.watching import log_cache


@pytest.fixture(scope="session")
def compiled(project):
    """The compiled contracts by name."""
    return {name: container.contract_type for name, container in project.load_contracts().items()}


@pytest.fixture(scope="session")
def members():
    """Keys of six members."""
    return [signer(100 + number) for number in range(6)]


@pytest.fixture(scope="module")
def anvil_node():
    """A chain with Sepolia's id that mines every transaction at once."""
    with node() as running:
        yield running


@pytest.fixture(scope="module")
def founded_path(tmp_path_factory):
    """Where the configuration of `founded` is."""
    return write_configuration(tmp_path_factory.mktemp("deployments"))


@pytest.fixture(scope="module")
def founded(anvil_node, compiled, members, founded_path):
    """A deployment with six members, and its chain; the node is as it was before after each test."""
    anvil_node.forget_hashes()
    return found(anvil_node, compiled, founded_path, members)


@pytest.fixture(scope="session")
def own_keystore(tmp_path_factory):
    """Ape's folder of accounts in this process, for the whole session: Ape looks for it once."""
    folder = tmp_path_factory.mktemp("keystore")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "DATA_FOLDER", folder)
        vars(accounts).pop("containers", None)  # Some test before may have looked.
        assert accounts.containers["accounts"].data_folder.parent == folder
        yield folder
        accounts.containers["accounts"].loaded_accounts.clear()


@pytest.fixture(autouse=True)
def no_cache_of_the_users(tmp_path, monkeypatch):
    """Commands of this process keep logs in the test's folder."""
    monkeypatch.setattr(log_cache, "FOLDER", tmp_path / "logs")


@pytest.fixture
def snapshot(anvil_node):
    """Takes back what a test did to the shared node."""
    before = anvil_node.rpc.request("evm_snapshot")
    yield
    anvil_node.rpc.request("evm_revert", before)
