import pytest
from deployment import SILENT, UNIT
from eth_abi import encode
from eth_utils import keccak
from expectations import emitted, expected, reverts

from offchain.reference import commitments, seats

FULL = 2**24 - 2
HOSTILE = range(8)  # Kinds of HostileAdmission.
ASKING = 200_000 + 60_000  # Gas of the question, and of a join that is refused.


def leaf(client) -> bytes:
    return keccak(commitments.digest(str(client)))


def siblings(*leaves) -> bytes:
    """What `MerkleAdmission` wants to be shown."""
    return encode(["bytes32[]"], [leaves])


def branch(left: bytes, right: bytes) -> bytes:
    return keccak(min(left, right) + max(left, right))


def test_becomes_a_member(game, manager, newcomer):
    game.deposit(newcomer)
    tx = manager.join(b"", sender=newcomer)
    game.clients.append(newcomer)

    assert emitted(tx) == expected(manager.Joined(client=newcomer.address))
    assert manager.memberCount() == 9
    assert manager.memberAt(8) == newcomer
    state = manager.clientOf(newcomer)
    assert (state.isMember, state.place, state.strikes, state.round, state.seat) == (True, 9, 0, 0, 0)


def test_exactly_the_bond_is_enough(game, manager, newcomer):
    game.deposit(newcomer, game.bond)
    manager.join(b"", sender=newcomer)
    game.clients.append(newcomer)

    assert manager.clientOf(newcomer).isMember


def test_one_unit_less_than_the_bond_is_refused(game, manager, newcomer):
    game.deposit(newcomer, game.bond - 1)
    with reverts(manager.BondNotCovered, client=newcomer.address, free=game.bond - 1, bond=game.bond):
        manager.join(b"", sender=newcomer)
    game.clients.append(newcomer)


def test_a_member_is_refused(manager, member):
    with reverts(manager.AlreadyMember, client=member.address):
        manager.join(b"", sender=member)


def test_one_removed_for_good_is_refused(deploy):
    game = deploy(maxStrikes=1)
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, game.manager.markAbsent, absent)

    with reverts(game.manager.RemovedForGood, client=absent.address):
        game.manager.join(b"", sender=absent)


def test_a_full_roster_is_refused(game, manager, newcomer):
    # 16.7 million members are out of reach: the count is written into its slot, and put back for the drain.
    game.deposit(newcomer)
    game.clients.append(newcomer)
    game.write(manager, 5, FULL)
    assert manager.memberCount() == FULL
    with reverts(manager.RosterFull, limit=FULL):
        manager.join(b"", sender=newcomer)
    game.write(manager, 5, 8)


def test_the_admitted_join_by_proof(deploy, project, owner, candidates):
    first, second = candidates[:2]
    admission = owner.deploy(project.MerkleAdmission, branch(leaf(first), leaf(second)))
    game = deploy(members=0, admission=admission)
    game.deposit(first)
    game.clients.append(first)

    tx = game.manager.join(siblings(leaf(second)), sender=first)
    assert emitted(tx) == expected(game.manager.Joined(client=first.address))


@pytest.mark.parametrize("proof", ["none", "own leaf", "another's"])
def test_others_are_not_admitted(deploy, project, owner, candidates, outsider, proof):
    first, second = candidates[:2]
    admission = owner.deploy(project.MerkleAdmission, branch(leaf(first), leaf(second)))
    game = deploy(members=0, admission=admission)
    game.deposit(outsider)
    game.clients.append(outsider)

    proofs = {"none": siblings(), "own leaf": siblings(leaf(outsider)), "another's": siblings(leaf(second))}
    with reverts(game.manager.NotAdmitted, client=outsider.address):
        game.manager.join(proofs[proof], sender=outsider)


@pytest.mark.parametrize("proof", [b"", b"\x01" * 31, encode(["uint256", "uint256"], [32, 2**200])])
def test_a_proof_of_another_form_is_no_answer(deploy, project, owner, candidates, proof):
    first = candidates[0]
    game = deploy(members=0, admission=owner.deploy(project.MerkleAdmission, leaf(first)))
    game.deposit(first)
    game.clients.append(first)
    with reverts(game.manager.AdmissionFailed, client=first.address):
        game.manager.join(proof, sender=first)


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_admission_without_a_bool_for_an_answer_admits_nobody(deploy, project, owner, newcomer, kind):
    game = deploy(members=0, admission=owner.deploy(project.HostileAdmission, kind))
    game.deposit(newcomer)
    game.clients.append(newcomer)
    with reverts(game.manager.AdmissionFailed, client=newcomer.address):
        game.manager.join(b"", sender=newcomer)
    # Whatever it would have burnt or handed back.
    asked = bytes(game.manager.join.encode_input(b""))
    succeeded, gas = game.node.send(newcomer, game.manager.address, asked)
    assert not succeeded and gas < ASKING


def test_the_registry_decides_at_joining_and_never_again(deploy, project, owner, candidates):
    registry = owner.deploy(project.RegistryAdmission, owner, candidates[:8])
    game = deploy(admission=registry)
    assert game.manager.ADMISSION() == registry
    registry.unlist(candidates[:8], sender=owner)
    # Members play and are paid as before (I20) ...
    game.play_round(ballots=[3] * 5)
    member = game.proposers[0]
    game.send(member, game.manager.settle, 1, member)
    # ... and who leaves stays outside, until it is on the list again.
    game.send(member, game.manager.requestExit)
    with reverts(game.manager.NotAdmitted, client=member.address):
        game.manager.join(b"", sender=member)
    registry.list([member], sender=owner)
    tx = game.manager.join(b"", sender=member)
    assert emitted(tx) == expected(game.manager.Joined(client=member.address))


def test_one_who_left_joins_again(game, manager, member):
    game.send(member, manager.requestExit)
    assert manager.accountOf(member).releaseAt == game.now + game.unbonding

    tx = manager.join(b"", sender=member)
    assert emitted(tx) == expected(manager.Joined(client=member.address))
    assert manager.accountOf(member).releaseAt == 0
    assert manager.clientOf(member).place == 8


def test_joining_again_keeps_strikes(game, manager):
    game.open_round()
    absent = game.proposers[0]
    game.warp(game.ends_at)
    game.send(game.owner, manager.markAbsent, absent)
    assert manager.clientOf(absent).strikes == 1

    game.send(absent, manager.requestExit)
    assert manager.clientOf(absent).strikes == 1
    game.send(absent, manager.join, b"")
    assert manager.clientOf(absent).strikes == 1


def test_what_is_due_counts_towards_the_bond(deploy):
    game = deploy(amount=64 * UNIT)
    game.open_round()
    leaver = game.proposers[0]
    game.submit_updates()
    game.send(leaver, game.manager.requestExit)
    # While the round is open its stake is away ...
    free = game.bond - game.proposerStake
    with reverts(game.manager.BondNotCovered, client=leaver.address, free=free, bond=game.bond):
        game.manager.join(b"", sender=leaver)

    game.commit_ballots([3] * 5)
    game.reveal_ballots([3] * 5)
    game.close_round()
    # ... and then it is credited first.
    tx = game.manager.join(b"", sender=leaver)
    assert emitted(tx) == expected(
        game.manager.Settled(round=1, client=leaver.address, payout=game.proposerStake),
        game.manager.Joined(client=leaver.address),
    )
    assert game.manager.accountOf(leaver).free == game.bond


def test_what_is_lost_does_not_count(deploy):
    game = deploy(amount=64 * UNIT)
    game.open_round()
    leaver = game.proposers[0]
    game.submit_updates([SILENT, SILENT])
    game.send(leaver, game.manager.requestExit)
    game.close_round()

    free = game.bond - game.proposerStake
    with reverts(game.manager.BondNotCovered, client=leaver.address, free=free, bond=game.bond):
        game.manager.join(b"", sender=leaver)


def test_a_newcomer_has_no_seat_in_the_open_round(game, manager, newcomer):
    game.open_round()
    game.deposit(newcomer)
    manager.join(b"", sender=newcomer)
    game.clients.append(newcomer)

    assert manager.positionOf(newcomer) == seats.NO_POSITION
    with reverts(
        manager.NotSeated, round=1, client=newcomer.address, position=seats.NO_POSITION, first=0, end=2
    ):
        manager.propose(bytes(24), sender=newcomer)
