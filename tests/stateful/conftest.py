import ape
import pytest
from budgets import BUDGET, SEED
from duel import Arena
from raw_chain import anvil
from scenes import SCENES


def pytest_report_header():
    return f"stateful: STATEFUL_SEED={SEED}, STATEFUL_BUDGET={BUDGET}"


@pytest.fixture(scope="session")
def chain():
    with anvil() as chain:
        yield chain


@pytest.fixture(scope="session")
def arenas(chain):
    """Deployed in one order, so that addresses, and with them seats, are the same in every run."""
    return {scene.name: Arena(chain, ape.project, scene) for scene in SCENES}
