import pytest
from deployment import DEPOSIT
from eth_account import Account
from expectations import emitted, expected, reverts

AMOUNT = 12_345
ZERO = "0x0000000000000000000000000000000000000000"


@pytest.fixture
def depositor(game, outsider):
    """Not a member, with tokens of its own and no allowance."""
    game.send(game.owner, game.token.transfer, outsider, AMOUNT)
    return outsider


def transfer(token, source, target, value):
    return token.Transfer(**{"from": str(source), "to": str(target), "value": value})


def signed_permit(game, signer, value, deadline) -> tuple[int, bytes, bytes]:
    """An ERC-2612 permit for the pool."""
    fields = [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
    domain = {
        "name": "StakeFed",
        "version": "1",
        "chainId": game.provider.chain_id,
        "verifyingContract": game.token.address,
    }
    message = {
        "owner": signer.address,
        "spender": game.pool.address,
        "value": value,
        "nonce": game.token.nonces(signer),
        "deadline": deadline,
    }
    signature = Account.sign_typed_data(signer.private_key, domain, {"Permit": fields}, message)
    return signature.v, signature.r.to_bytes(32), signature.s.to_bytes(32)


def test_anyone_deposits(game, manager, pool, token, depositor):
    game.send(depositor, token.approve, pool, AMOUNT)
    tx = pool.deposit(AMOUNT, sender=depositor)

    assert emitted(tx) == expected(
        transfer(token, depositor.address, pool.address, AMOUNT),
        pool.Deposited(client=depositor.address, amount=AMOUNT),
    )
    account = manager.accountOf(depositor)
    assert (account.free, account.releaseAt) == (AMOUNT, 0)
    game.clients.append(depositor)


def test_deposits_add_up(game, manager, member):
    game.deposit(member, AMOUNT)
    game.deposit(member, 1)
    assert manager.accountOf(member).free == DEPOSIT + AMOUNT + 1


def test_every_phase_takes_deposits(game, manager, pool, token, depositor):
    game.send(depositor, token.approve, pool, AMOUNT)
    for _ in game.walk():
        game.send(depositor, pool.deposit, 1)
    assert manager.accountOf(depositor).free == 8
    game.clients.append(depositor)


def test_nothing_is_a_deposit_of_nothing(pool, token, outsider):
    tx = pool.deposit(0, sender=outsider)
    assert emitted(tx) == expected(
        transfer(token, outsider.address, pool.address, 0),
        pool.Deposited(client=outsider.address, amount=0),
    )


def test_no_allowance_is_refused(pool, token, depositor):
    with reverts(token.ERC20InsufficientAllowance, spender=pool.address, allowance=0, needed=AMOUNT):
        pool.deposit(AMOUNT, sender=depositor)


def test_more_than_the_balance_is_refused(game, pool, token, depositor):
    game.send(depositor, token.approve, pool, AMOUNT + 1)
    with reverts(token.ERC20InsufficientBalance, sender=depositor.address, balance=AMOUNT, needed=AMOUNT + 1):
        pool.deposit(AMOUNT + 1, sender=depositor)


def test_a_token_with_fees_is_refused(project, owner):
    pool = owner.deploy(project.StakePool, owner.deploy(project.FeeToken))
    with reverts(pool.UnexpectedTransfer, received=AMOUNT - 1, expected=AMOUNT):
        pool.deposit(AMOUNT, sender=owner)


def test_a_token_that_calls_back_is_refused(project, owner):
    pool = owner.deploy(project.StakePool, owner.deploy(project.ReentrantToken))
    with reverts(pool.ReentrancyGuardReentrantCall):
        pool.deposit(AMOUNT, sender=owner)


def test_a_token_that_calls_back_is_refused_for_another(project, owner, outsider):
    pool = owner.deploy(project.StakePool, owner.deploy(project.ReentrantToken))
    with reverts(pool.ReentrancyGuardReentrantCall):
        pool.depositFor(outsider, AMOUNT, sender=owner)


def test_anyone_deposits_for_another(game, manager, pool, token, depositor, member):
    game.send(depositor, token.approve, pool, AMOUNT)
    tx = pool.depositFor(member, AMOUNT, sender=depositor)

    assert emitted(tx) == expected(
        transfer(token, depositor.address, pool.address, AMOUNT),
        pool.Deposited(client=member.address, amount=AMOUNT),
    )
    assert (manager.accountOf(member).free, manager.accountOf(depositor).free) == (DEPOSIT + AMOUNT, 0)
    assert token.balanceOf(depositor) == 0


def test_a_deposit_for_nobody_is_refused(game, pool, token, depositor):
    game.send(depositor, token.approve, pool, AMOUNT)
    with reverts(pool.InvalidClient, client=ZERO):
        pool.depositFor(ZERO, AMOUNT, sender=depositor)
    assert token.balanceOf(depositor) == AMOUNT


def test_what_another_pays_in_waits_as_the_rest_does(game, manager, pool, token, depositor, member):
    game.send(member, manager.requestExit)
    release = manager.accountOf(member).releaseAt
    game.send(depositor, token.approve, pool, AMOUNT)
    game.send(depositor, pool.depositFor, member, AMOUNT)
    assert manager.accountOf(member).releaseAt == release
    game.next_block_at(release - 1)
    with reverts(manager.TooEarly, actual=release - 1, required=release):
        manager.withdraw(AMOUNT, sender=member)


def test_a_permit_takes_the_place_of_an_approval(game, manager, pool, token, depositor):
    deadline = game.now + 100
    v, r, s = signed_permit(game, depositor, AMOUNT, deadline)
    tx = pool.depositWithPermit(AMOUNT, deadline, v, r, s, sender=depositor)

    assert emitted(tx) == expected(
        token.Approval(owner=depositor.address, spender=pool.address, value=AMOUNT),
        transfer(token, depositor.address, pool.address, AMOUNT),
        pool.Deposited(client=depositor.address, amount=AMOUNT),
    )
    assert manager.accountOf(depositor).free == AMOUNT
    game.clients.append(depositor)


def test_a_permit_that_another_submitted_serves_too(game, pool, token, depositor, member):
    deadline = game.now + 100
    v, r, s = signed_permit(game, depositor, AMOUNT, deadline)
    game.send(member, token.permit, depositor, pool, AMOUNT, deadline, v, r, s)

    tx = pool.depositWithPermit(AMOUNT, deadline, v, r, s, sender=depositor)
    assert emitted(tx) == expected(
        transfer(token, depositor.address, pool.address, AMOUNT),
        pool.Deposited(client=depositor.address, amount=AMOUNT),
    )
    game.clients.append(depositor)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_permit_counts_until_its_deadline(game, pool, token, depositor, late):
    deadline = game.now + 100
    v, r, s = signed_permit(game, depositor, AMOUNT, deadline)
    game.next_block_at(deadline + late)

    if late > 0:
        with reverts(token.ERC20InsufficientAllowance, spender=pool.address, allowance=0, needed=AMOUNT):
            pool.depositWithPermit(AMOUNT, deadline, v, r, s, sender=depositor)
    else:
        pool.depositWithPermit(AMOUNT, deadline, v, r, s, sender=depositor)
        game.clients.append(depositor)


def test_a_permit_of_another_is_refused(game, pool, token, depositor, member):
    deadline = game.now + 100
    v, r, s = signed_permit(game, member, AMOUNT, deadline)
    with reverts(token.ERC20InsufficientAllowance, spender=pool.address, allowance=0, needed=AMOUNT):
        pool.depositWithPermit(AMOUNT, deadline, v, r, s, sender=depositor)


def test_a_token_that_calls_back_is_refused_with_a_permit(project, owner):
    pool = owner.deploy(project.StakePool, owner.deploy(project.ReentrantToken))
    with reverts(pool.ReentrancyGuardReentrantCall):
        pool.depositWithPermit(AMOUNT, 0, 27, bytes(32), bytes(32), sender=owner)
