import ape
import pytest
from field import HARDFORK, Field
from raw_chain import anvil


@pytest.fixture(scope="module")
def field():
    """A deployment on a chain of its own, with so many members; close it by leaving the module."""
    chains = []

    def deploy(members, **parameters):
        context = anvil(HARDFORK)
        chains.append(context)
        field = Field(context.__enter__(), ape.project, members, **parameters)
        field.gather()
        return field

    yield deploy
    for context in chains:
        context.__exit__(None, None, None)
