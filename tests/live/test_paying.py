"""Tokens come into the pool by one transaction where the token takes permits, by two where not."""

import pytest
from eth_account.messages import encode_typed_data
from live import FAST, SEPOLIA, signer

from offchain.chain import allowances
from offchain.chain.gateway import Deployed
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Sender
from offchain.live.client.client import look
from offchain.live.client.paying import Payer
from offchain.live.errors import SigningError

pytestmark = pytest.mark.usefixtures("snapshot")

AMOUNT = 5 * 10**18
HOLDER, CLIENT = signer(71), signer(100)


@pytest.fixture
def paying(founded, anvil_node):
    """Sends what a payer says until the tokens are there; the functions that were sent."""
    deployment, chain = founded
    anvil_node.give(HOLDER.address)
    Sender(chain, signer(1), FAST).send(Invocation(deployment.token, "transfer", (HOLDER.address, AMOUNT)))

    def pay(payer, client):
        sent, sender = [], Sender(chain, HOLDER, FAST)
        free = look(chain, deployment, client).me.free
        while look(chain, deployment, client).me.free == free:
            outlook = look(chain, deployment, client, HOLDER.address)
            call = payer.call(AMOUNT, outlook.wallet.allowance, outlook.view.now)
            sender.send(call)
            sent.append(call.function)
        assert look(chain, deployment, client).me.free == free + AMOUNT
        assert look(chain, deployment, client, HOLDER.address).wallet.balance == 0
        return sent

    return pay


def test_a_permit_makes_it_one_transaction(founded, paying):
    deployment, chain = founded
    payer = Payer(chain, deployment, HOLDER, HOLDER.address)
    assert paying(payer, HOLDER.address) == ["depositWithPermit"]


def test_a_key_that_signs_no_permit_pays_in_two(founded, paying):
    deployment, chain = founded

    class Shy:
        address = HOLDER.address

        def sign_intent(self, message):
            raise SigningError("not today")

    assert paying(Payer(chain, deployment, Shy(), HOLDER.address), HOLDER.address) == ["approve", "deposit"]


@pytest.mark.parametrize("lacks", ["no permit", "another permit"])
def test_a_token_without_it_is_paid_in_two(founded, paying, monkeypatch, lacks):
    """What has no nonces, and what takes another signature than the standard's."""
    deployment, chain = founded
    if lacks == "no permit":
        read = Chain.read

        def refuse(self, calls, *more):
            nonces = Deployed(deployment.manager.interface, deployment.token.address)
            calls = [Invocation(nonces, "phase") if c.function == "nonces" else c for c in calls]
            return read(self, calls, *more)

        monkeypatch.setattr(Chain, "read", refuse)
    else:
        monkeypatch.setattr(allowances, "_PERMIT", bytes(32))
    payer = Payer(chain, deployment, HOLDER, HOLDER.address)
    assert paying(payer, HOLDER.address) == ["approve", "deposit"]


def test_an_operator_pays_for_its_client(founded, paying):
    deployment, chain = founded
    payer = Payer(chain, deployment, HOLDER, CLIENT.address)
    assert paying(payer, CLIENT.address) == ["approve", "depositFor"]


def test_a_permit_is_typed_data():
    fields = {"owner": "address", "spender": "address", "value": "uint256"}
    fields |= {"nonce": "uint256", "deadline": "uint256"}
    token = "0x" + "7e" * 20
    domain = {"name": "Test stake", "version": "1", "chainId": SEPOLIA, "verifyingContract": token}
    values = (HOLDER.address, CLIENT.address, AMOUNT, 3, 99)
    theirs = encode_typed_data(
        domain,
        {"Permit": [{"name": name, "type": of} for name, of in fields.items()]},
        dict(zip(fields, values, strict=True)),
    )
    assert allowances.message(theirs.header, *values) == theirs
