"""What pool and manager accept from each other alone, and the ledger by itself."""

import pytest
from deployment import SUPPLY
from expectations import emitted, expected, reverts

from offchain.reference.state import NOBODY

FREE = 1000


@pytest.fixture
def custody(project, owner):
    """A pool that obeys `owner`, and holds FREE tokens."""
    token = owner.deploy(project.StakeToken, "StakeFed", "STF", SUPPLY, owner)
    pool = owner.deploy(project.StakePool, token)
    token.transfer(pool, FREE, sender=owner)
    pool.stake_token = token
    return pool


@pytest.fixture
def ledger(project, owner, member):
    """A ledger that anyone may write, and in which `member` has FREE tokens."""
    harness = owner.deploy(project.LedgerHarness)
    harness.exchange(member, FREE, 0, sender=owner)
    return harness


@pytest.mark.parametrize("caller", ["owner", "member", "outsider"])
def test_nobody_but_the_manager_pays(request, manager, pool, member, caller):
    sender = request.getfixturevalue(caller)
    with reverts(pool.NotManager, caller=sender.address, manager=manager.address):
        pool.pay(member, 1, sender=sender)


def test_it_obeys_no_former_manager(custody, owner, outsider):
    with reverts(custody.NotManager, caller=outsider.address, manager=owner.address):
        custody.pay(outsider, 1, sender=outsider)


@pytest.mark.parametrize("caller", ["owner", "member", "outsider"])
def test_nobody_but_the_pool_books_a_deposit(request, manager, pool, member, caller):
    sender = request.getfixturevalue(caller)
    with reverts(manager.NotPool, caller=sender.address, pool=pool.address):
        manager.bookDeposit(member, 1, sender=sender)


def test_tokens_are_paid_to_their_owner(custody, owner, member):
    tx = custody.pay(member, FREE, sender=owner)
    token = custody.stake_token
    transfer = {"from": custody.address, "to": member.address, "value": FREE}
    assert emitted(tx) == expected(
        custody.Withdrawn(client=member.address, amount=FREE), token.Transfer(**transfer)
    )
    assert token.balanceOf(custody) == 0


def test_more_than_what_is_there_is_not_paid(custody, owner, member):
    token = custody.stake_token
    with reverts(token.ERC20InsufficientBalance, sender=custody.address, balance=FREE, needed=FREE + 1):
        custody.pay(member, FREE + 1, sender=owner)


def test_a_credit_comes_before_the_debit(ledger, owner, member):
    ledger.exchange(member, 7, FREE + 7, sender=owner)
    assert ledger.accountOf(member).free == 0


def test_what_is_left_stays_free(ledger, owner, member, outsider):
    ledger.exchange(member, 7, 10, sender=owner)
    assert ledger.accountOf(member).free == FREE - 3
    assert ledger.accountOf(outsider).free == 0


def test_more_than_what_is_free_is_refused(ledger, owner, member):
    with reverts(ledger.InsufficientFree, client=member.address, free=FREE + 7, required=FREE + 8):
        ledger.exchange(member, 7, FREE + 8, sender=owner)


@pytest.mark.parametrize(("penalty", "paid"), [(0, 0), (FREE - 1, FREE - 1), (FREE, FREE), (FREE + 1, FREE)])
def test_a_penalty_takes_what_is_free_at_most(ledger, owner, member, penalty, paid):
    assert ledger.penalise.call(member, penalty, sender=owner) == paid
    ledger.penalise(member, penalty, sender=owner)
    assert (ledger.accountOf(member).free, ledger.rewardPool()) == (FREE - paid, paid)


def test_a_round_moves_its_totals(ledger, owner):
    ledger.exchange(NOBODY, 70, 0, sender=owner)
    ledger.closeRound(100, 0, 0, sender=owner)
    ledger.closeRound(20, 90, 60, sender=owner)
    assert (ledger.rewardPool(), ledger.budget()) == (30, 10)


@pytest.mark.parametrize(("rewards", "rewarded"), [(0, 0), (69, 69), (70, 70), (71, 0)])
def test_rewards_are_paid_whole_or_not_at_all(ledger, owner, rewards, rewarded):
    ledger.exchange(NOBODY, 70, 0, sender=owner)
    assert ledger.closeRound.call(0, 0, rewards, sender=owner) == rewarded
    ledger.closeRound(0, 0, rewards, sender=owner)
    assert ledger.budget() == 70 - rewarded


def test_a_release_is_kept_beside_the_tokens(ledger, owner, member):
    ledger.setRelease(member, 2**40 - 1, sender=owner)
    account = ledger.accountOf(member)
    assert (account.free, account.releaseAt) == (FREE, 2**40 - 1)

    ledger.exchange(member, 1, 0, sender=owner)
    ledger.penalise(member, 1, sender=owner)
    assert ledger.accountOf(member).releaseAt == 2**40 - 1

    ledger.setRelease(member, 0, sender=owner)
    account = ledger.accountOf(member)
    assert (account.free, account.releaseAt) == (FREE, 0)
