import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from expectations import emitted, expected, reverts

SUPPLY = 5_000


@pytest.fixture
def stake_token(project, owner, member):
    return owner.deploy(project.StakeToken, "Some stake", "SOME", SUPPLY, member)


def permit(token, signer, spender, value, nonce, deadline, chain_id):
    """An ERC-2612 permit, to be signed."""
    types = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256"}
    types |= {"deadline": "uint256"}
    message = {"owner": signer.address, "spender": spender.address, "value": value}
    message |= {"nonce": nonce, "deadline": deadline}
    domain = {"name": "Some stake", "version": "1", "chainId": chain_id, "verifyingContract": token.address}
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    return encode_typed_data(domain, {"Permit": fields}, message)


def signature_of(signer, message):
    signed = Account.sign_message(message, signer.private_key)
    return signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)


def test_the_whole_supply_goes_to_the_holder(stake_token, member):
    assert (stake_token.name(), stake_token.symbol(), stake_token.decimals()) == ("Some stake", "SOME", 18)
    assert stake_token.totalSupply() == stake_token.balanceOf(member) == SUPPLY


def test_there_is_no_other_mint(project):
    calls = {abi.name for abi in project.StakeToken.contract_type.mutable_methods}
    assert calls == {"approve", "permit", "transfer", "transferFrom"}


def test_a_transfer_moves_tokens(stake_token, member, outsider):
    tx = stake_token.transfer(outsider, 7, sender=member)
    transfer = {"from": member.address, "to": outsider.address, "value": 7}
    assert emitted(tx) == expected(stake_token.Transfer(**transfer))
    assert (stake_token.balanceOf(member), stake_token.balanceOf(outsider)) == (SUPPLY - 7, 7)


def test_more_than_the_balance_is_refused(stake_token, member, outsider):
    with reverts(
        stake_token.ERC20InsufficientBalance, sender=member.address, balance=SUPPLY, needed=SUPPLY + 1
    ):
        stake_token.transfer(outsider, SUPPLY + 1, sender=member)


def test_a_permit_gives_an_allowance(chain, stake_token, member, outsider):
    deadline = chain.pending_timestamp + 100
    signature = signature_of(member, permit(stake_token, member, outsider, 7, 0, deadline, chain.chain_id))
    tx = stake_token.permit(member, outsider, 7, deadline, *signature, sender=outsider)

    approval = stake_token.Approval(owner=member.address, spender=outsider.address, value=7)
    assert emitted(tx) == expected(approval)
    assert stake_token.allowance(member, outsider) == 7
    assert stake_token.nonces(member) == 1


def test_a_permit_serves_once(chain, stake_token, member, outsider):
    deadline = chain.pending_timestamp + 100
    signature = signature_of(member, permit(stake_token, member, outsider, 7, 0, deadline, chain.chain_id))
    stake_token.permit(member, outsider, 7, deadline, *signature, sender=outsider)
    # The same signature under the next nonce is another's.
    used = permit(stake_token, member, outsider, 7, 1, deadline, chain.chain_id)
    stranger = Account.recover_message(used, signature)
    with reverts(stake_token.ERC2612InvalidSigner, signer=stranger, owner=member.address):
        stake_token.permit(member, outsider, 7, deadline, *signature, sender=outsider)


def test_a_permit_after_its_deadline_is_refused(chain, stake_token, member, outsider):
    deadline = chain.pending_timestamp + 100
    signature = signature_of(member, permit(stake_token, member, outsider, 7, 0, deadline, chain.chain_id))
    chain.pending_timestamp = deadline + 1
    with reverts(stake_token.ERC2612ExpiredSignature, deadline=deadline):
        stake_token.permit(member, outsider, 7, deadline, *signature, sender=outsider)
