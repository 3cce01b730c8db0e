"""The calls of the pool that are its manager's alone; here an account takes the manager's place."""

import pytest
from deployment import SUPPLY
from expectations import emitted, expected, reverts

FREE = 1000


@pytest.fixture
def custody(project, owner, member):
    """A pool that obeys `owner`, and in which `member` has FREE tokens."""
    token = owner.deploy(project.StakeToken, "StakeFed", "STF", SUPPLY, owner)
    pool = owner.deploy(project.StakePool, token)
    token.transfer(member, FREE, sender=owner)
    token.approve(pool, FREE, sender=member)
    pool.deposit(FREE, sender=member)
    pool.stake_token = token
    return pool


@pytest.mark.parametrize("caller", ["owner", "member", "outsider"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("exchange", [1, 0]),
        ("penalise", [0, 1]),
        ("closeRound", [0, 0]),
        ("setRelease", [0]),
        ("pay", [1]),
    ],
)
def test_all_others_are_refused(request, manager, pool, member, caller, name, values):
    sender = request.getfixturevalue(caller)
    values = values if name == "closeRound" else [member, *values]
    with reverts(pool.NotManager, caller=sender.address, manager=manager.address):
        getattr(pool, name)(*values, sender=sender)


def test_it_obeys_no_former_manager(custody, owner, outsider):
    with reverts(custody.NotManager, caller=outsider.address, manager=owner.address):
        custody.closeRound(0, 0, sender=outsider)


def test_a_credit_comes_before_the_debit(custody, owner, member):
    tx = custody.exchange(member, 7, FREE + 7, sender=owner)
    assert emitted(tx) == []
    assert custody.freeOf(member) == 0


def test_what_is_free_afterwards_is_returned(custody, owner, member):
    assert custody.exchange.call(member, 7, 10, sender=owner) == FREE - 3


def test_more_than_what_is_free_is_refused(custody, owner, member):
    with reverts(custody.InsufficientFree, client=member.address, free=FREE + 7, required=FREE + 8):
        custody.exchange(member, 7, FREE + 8, sender=owner)


@pytest.mark.parametrize(("penalty", "paid"), [(0, 0), (5, 5), (FREE + 7, FREE + 7), (FREE + 8, FREE + 7)])
def test_a_penalty_takes_what_is_free_at_most(custody, owner, member, penalty, paid):
    assert custody.penalise.call(member, 7, penalty, sender=owner) == paid
    custody.penalise(member, 7, penalty, sender=owner)
    assert (custody.freeOf(member), custody.rewardPool()) == (FREE + 7 - paid, paid)


def test_a_round_moves_its_totals(custody, owner):
    custody.closeRound(100, 0, sender=owner)
    custody.closeRound(20, 90, sender=owner)
    assert custody.rewardPool() == 30


def test_a_release_is_kept_beside_the_tokens(custody, owner, member):
    custody.setRelease(member, 2**40 - 1, sender=owner)
    account = custody.account(member)
    assert (account.free, account.releaseAt) == (FREE, 2**40 - 1)

    custody.exchange(member, 1, 0, sender=owner)
    custody.penalise(member, 0, 1, sender=owner)
    assert custody.account(member).releaseAt == 2**40 - 1

    custody.setRelease(member, 0, sender=owner)
    account = custody.account(member)
    assert (account.free, account.releaseAt) == (FREE, 0)


def test_tokens_are_paid_to_their_owner(custody, owner, member):
    tx = custody.pay(member, FREE, sender=owner)
    token = custody.stake_token
    transfer = {"from": custody.address, "to": member.address, "value": FREE}
    assert emitted(tx) == expected(
        custody.Withdrawn(client=member.address, amount=FREE), token.Transfer(**transfer)
    )
    assert custody.freeOf(member) == 0


def test_more_than_what_is_free_is_not_paid(custody, owner, member):
    with reverts(custody.InsufficientFree, client=member.address, free=FREE, required=FREE + 1):
        custody.pay(member, FREE + 1, sender=owner)
