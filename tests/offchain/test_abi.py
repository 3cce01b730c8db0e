import ape.utils.abi  # noqa: F401  Gives the registry that everyone shares a laxer decoder.
import pytest
from eth_abi.abi import decode
from eth_abi.exceptions import InsufficientDataBytes
from ethpm_types import ContractType

from offchain.chain.abi import Interface

VIEW = {"type": "function", "name": "total", "stateMutability": "view", "inputs": []}


@pytest.mark.parametrize("answer", [b"", bytes(10), bytes(31)])
def test_a_number_that_was_not_answered_is_not_zero(answer):
    total = VIEW | {"outputs": [{"name": "", "type": "uint256"}]}
    interface = Interface(ContractType.model_validate({"contractName": "Token", "abi": [total]}))
    assert decode(["uint256"], answer) == (0,), "Ape has changed; so may offchain.chain.abi"
    with pytest.raises(InsufficientDataBytes):
        interface.decode_result("total", answer)
    assert interface.decode_result("total", bytes(31) + b"\x05") == (5,)
