from contextlib import suppress

import pytest
from eth_pydantic_types import HexBytes

HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935"


@pytest.fixture
def no_kept_hashes(chain):
    """A chain without EIP-2935: eight thousand blocks take minutes; tests/forge/units/Windows.t.sol has such chains."""
    with suppress(NotImplementedError):  # Ape's py-evm has no such contract.
        chain.provider.set_code(HISTORY, HexBytes(b""))
