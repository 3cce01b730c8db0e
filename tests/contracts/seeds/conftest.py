from contextlib import suppress

import pytest
from eth_pydantic_types import HexBytes

from offchain.chain.nodes import HISTORY


@pytest.fixture
def no_kept_hashes(chain):
    """A chain without EIP-2935: eight thousand blocks take minutes; tests/forge/units/Windows.t.sol has such chains."""
    with suppress(NotImplementedError):  # Ape's py-evm has no such contract.
        chain.provider.set_code(HISTORY, HexBytes(b""))
