"""A second key that may sign a client's intents, and nothing else."""

import pytest
from deployment import DEPOSIT
from expectations import emitted, expected, reverts
from signatures import COMMITMENT, recovered, signature

from offchain.reference.state import Seat

ZERO = "0x0000000000000000000000000000000000000000"


@pytest.fixture
def operator(candidates):
    """A key that is no client's."""
    return candidates[-1]


@pytest.fixture
def seat(game):
    """A proposer of the open round, whose phase it is."""
    game.open_round()
    return game.proposers[0]


def propose(game, client, signer, **changed):
    """Let anyone send what `signer` signed for a client."""
    signed = signature(game, signer, "Propose", client=client, **changed)
    return game.manager.proposeBySig(client, COMMITMENT, *signed, sender=game.owner)


def test_it_is_told_and_kept(manager, member, operator):
    assert manager.operatorOf(member) == ZERO
    tx = manager.setOperator(operator, sender=member)
    assert emitted(tx) == expected(manager.OperatorSet(client=member.address, operator=operator.address))
    assert manager.operatorOf(member) == operator.address


def test_one_who_is_no_member_may(manager, outsider, operator):
    """So that it can be named before joining, and replaced after leaving."""
    manager.setOperator(operator, sender=outsider)
    assert manager.operatorOf(outsider) == operator.address


def test_its_update_is_the_clients(game, manager, seat, operator):
    manager.setOperator(operator, sender=seat)
    tx = propose(game, seat, operator)
    assert emitted(tx) == expected(
        manager.UpdateCommitted(round=1, client=seat.address, commitment=COMMITMENT)
    )
    assert manager.clientOf(seat).seat == Seat.COMMITTED
    assert (manager.accountOf(seat).free, manager.escrowOf(seat)) == (
        DEPOSIT - game.proposerStake,
        game.proposerStake,
    )


def test_its_ballot_is_the_clients(game, manager, operator):
    game.open_round()
    game.submit_updates()
    voter = game.voters[0]
    manager.setOperator(operator, sender=voter)
    signed = signature(game, operator, "CommitBallot", client=voter)
    manager.commitBallotBySig(voter, COMMITMENT, *signed, sender=game.owner)
    assert manager.clientOf(voter).seat == Seat.VOTED
    assert manager.escrowOf(voter) == game.voterStake


def test_the_client_signs_as_before(game, manager, seat, operator):
    manager.setOperator(operator, sender=seat)
    propose(game, seat, seat)
    assert manager.clientOf(seat).seat == Seat.COMMITTED


@pytest.mark.parametrize("named", ["another", "none"])
def test_one_replaced_before_inclusion_is_refused(game, manager, seat, operator, newcomer, named):
    manager.setOperator(operator, sender=seat)
    signed = signature(game, operator, "Propose", client=seat)
    manager.setOperator(newcomer if named == "another" else ZERO, sender=seat)
    with reverts(manager.NotSigner, signer=operator.address, client=seat.address):
        manager.proposeBySig(seat, COMMITMENT, *signed, sender=game.owner)


def test_one_named_after_signing_counts(game, manager, seat, operator):
    signed = signature(game, operator, "Propose", client=seat)
    manager.setOperator(operator, sender=seat)
    manager.proposeBySig(seat, COMMITMENT, *signed, sender=game.owner)
    assert manager.clientOf(seat).seat == Seat.COMMITTED


def test_with_no_operator_a_broken_signature_is_nobodys(game, manager, seat):
    """The zero address is the operator of whoever has none, and the signer of what is no signature."""
    manager.setOperator(ZERO, sender=seat)
    with reverts(manager.NotSigner, signer=ZERO, client=seat.address):
        manager.proposeBySig(seat, COMMITMENT, bytes(32), bytes(32), sender=game.owner)


def test_one_may_name_oneself(game, manager, seat):
    manager.setOperator(seat, sender=seat)
    propose(game, seat, seat)
    assert manager.clientOf(seat).seat == Seat.COMMITTED


def test_of_two_clients_it_signs_for_each(game, manager, seat, operator):
    second = game.proposers[1]
    for client in (seat, second):
        manager.setOperator(operator, sender=client)
    signed = signature(game, operator, "Propose", client=seat)
    with reverts(manager.NotSigner, signer=recovered(game, "Propose", second, *signed), client=second.address):
        manager.proposeBySig(second, COMMITMENT, *signed, sender=game.owner)
    manager.proposeBySig(seat, COMMITMENT, *signed, sender=game.owner)
    assert (manager.clientOf(seat).seat, manager.clientOf(second).seat) == (Seat.COMMITTED, Seat.NONE)


def test_it_is_not_the_operators_operator(game, manager, seat, operator, newcomer):
    manager.setOperator(operator, sender=seat)
    manager.setOperator(newcomer, sender=operator)
    with reverts(manager.NotSigner, signer=newcomer.address, client=seat.address):
        propose(game, seat, newcomer)


def test_its_direct_calls_are_its_own(game, manager, seat, operator):
    manager.setOperator(operator, sender=seat)
    for call, arguments in ((manager.propose, [COMMITMENT]), (manager.requestExit, [])):
        with reverts(manager.NotMember, client=operator.address):
            call(*arguments, sender=operator)
    with reverts(manager.NotWithdrawable, client=operator.address, amount=1, available=0):
        manager.withdraw(1, sender=operator)
    assert manager.clientOf(seat).isMember
    assert manager.accountOf(seat).free == DEPOSIT
