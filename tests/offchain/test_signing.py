import pytest
from eth_account import Account
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from ml.updates.hashing import keccak256
from offchain.chain import intents
from offchain.chain.signing import Signer, Transaction, unsigned

KEYS = st.integers(1, 2**255).map(lambda value: value.to_bytes(32))


@given(
    key=KEYS,
    nonce=st.integers(0, 2**32),
    to=st.binary(min_size=20, max_size=20),
    data=st.binary(max_size=200),
    tip=st.integers(0, 10**9),
)
def test_the_bytes_are_those_of_eth_account(key, nonce, to, data, tip):
    transaction = Transaction(nonce, to, data, 400_000, 10**11, tip, 31_337)
    theirs = Account.sign_transaction(
        {
            "type": 2,
            "nonce": nonce,
            "to": to_checksum_address(to),
            "data": data,
            "gas": 400_000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": tip,
            "chainId": 31_337,
            "value": 0,
        },
        key,
    )
    assert Signer(key).sign(transaction) == bytes(theirs.raw_transaction)
    signature = Account.from_key(key).unsafe_sign_hash(keccak256(unsigned(transaction)))
    assert (signature.r, signature.s) == (theirs.r, theirs.s)


@given(key=KEYS)
def test_the_address_is_that_of_eth_account(key):
    assert Signer(key).address == Account.from_key(key).address.lower()


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32), b"\xff" * 32])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(ValueError):
        Signer(key)


@given(key=KEYS, commitment=st.binary(min_size=24, max_size=24))
def test_the_signature_of_an_intent_is_that_of_eth_account(key, commitment):
    message = intents.message("Propose", 5, "0x" + "a5" * 20, "0x" + "c1" * 20, 9, commitment)
    theirs = Account.from_key(key).sign_message(message)
    vs = theirs.s | (theirs.v - 27) << 255
    assert Signer(key).sign_intent(message) == (theirs.r.to_bytes(32), vs.to_bytes(32))
