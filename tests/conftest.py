"""What all tests share: time for anvil to start, and where shared data lies when there is any."""

import gc
import os
import signal
from multiprocessing import spawn
from pathlib import Path

import ape
import pytest
from ape.api import ReceiptAPI
from ape.contracts.base import ContractCallHandler
from ape.pytest.runners import PytestApeRunner
from ape_ethereum.ecosystem import Ethereum
from ape_ethereum.transactions import TransactionType
from warm_ape import DOOR, SELDOM, warm

from offchain.chain.compiled import forget_stale_contracts
from offchain.chain.network_option import allow_slow_start, give_a_free_port
from offchain.worker import process as worker

pytest_plugins = ["fresh_process", "side_by_side", "solidity", "warm_workers"]

# Thousands of tests lie in memory: Python's collector looked through them for a sixth of the time.
gc.set_threshold(*SELDOM)
allow_slow_start()
give_a_free_port()
forget_stale_contracts(ape.project)
SETS_UP_ISOLATION = PytestApeRunner._setup_isolation
OF_THE_CHAIN = {"accounts", "chain", "networks", "Contract", "provider"}


def isolate_what_meets_the_chain(runner, item):
    """Ape takes a snapshot of its chain for every test, and most neither ask nor change it."""
    if OF_THE_CHAIN & set(item.fixturenames):
        SETS_UP_ISOLATION(runner, item)


PytestApeRunner._setup_isolation = isolate_what_meets_the_chain


def pytest_collection_finish():
    gc.collect()
    gc.freeze()


ROOT = Path(__file__).resolve().parents[1]


def shared(name, what):
    """The path of shared data; skips the test, saying `what` is missing, where there is none."""
    path = Path(os.environ.get("STAKEFED_SHARED", ROOT.parent / "shared")) / "data" / name
    if not path.exists():
        pytest.skip(f"no {what} at {path}; set STAKEFED_SHARED")
    return path


@pytest.fixture(scope="session", autouse=True)
def ape_does_not_look_twice():
    """What Ape does beside a call takes most of its time: it reads the settings of all networks, asks for the
    code, and traces every transaction for lines of a console, of which these contracts write none.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ethereum, "default_transaction_type", TransactionType.DYNAMIC)
        patch.setattr(ContractCallHandler, "_validate_is_contract", lambda handler: None)
        patch.setattr(ReceiptAPI, "show_debug_logs", lambda receipt: None)
        yield


@pytest.fixture(scope="session")
def python_that_has_imported():
    if DOOR in os.environ:
        yield os.environ[DOOR]
        return
    with warm(ROOT, os.environ) as folder:
        yield f"{folder}/python"


@pytest.fixture(scope="session")
def ape_that_has_imported(python_that_has_imported):
    """The path of an `ape` for commands that are run in this folder."""
    return str(Path(python_that_has_imported).with_name("bin") / "ape")


@pytest.fixture(scope="module")
def warm_processes(python_that_has_imported):
    """Workers and spawned processes of the module are forked from one that has imported what they need."""
    cold = spawn.get_executable()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "PYTHON", python_that_has_imported)
        spawn.set_executable(python_that_has_imported)
        yield
    spawn.set_executable(cold)


@pytest.fixture
def terminal_that_closes():
    """A closed terminal is told to this process, even where `nohup make test` wants it to outlive one."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def real_loans():
    return shared("lendingclub_2007_2011.csv.gz", "real loans")


@pytest.fixture(scope="session")
def real_images():
    """400 chest X-rays in NIH's layout."""
    return shared("nih_sample", "chest X-rays")
