"""What clients sign, against eth-account's own reading of EIP-712."""

import pytest
from eth_account.messages import encode_typed_data

from offchain.chain import intents

MANAGER = "0x" + "a5" * 20
CLIENT = "0x" + "c1" * 20


@pytest.mark.parametrize("kind", ["Propose", "CommitBallot"])
def test_an_intent_is_typed_data(kind):
    domain = {"name": "StakeFed", "version": "1", "chainId": 5, "verifyingContract": MANAGER}
    fields = {"client": "address", "round": "uint256", "commitment": "bytes24"}
    types = {kind: [{"name": name, "type": of} for name, of in fields.items()]}
    theirs = encode_typed_data(domain, types, {"client": CLIENT, "round": 9, "commitment": b"\x5c" * 24})
    assert intents.message(kind, 5, MANAGER, CLIENT, 9, b"\x5c" * 24) == theirs
