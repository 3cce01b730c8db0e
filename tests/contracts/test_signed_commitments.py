"""What a client signed (EIP-712) may be sent by anyone, and counts as if the client had sent it."""

import pytest
from deployment import DEPOSIT, IDLE
from expectations import emitted, expected, reverts
from signatures import COMMITMENT, recovered, signature

from offchain.chain import intents
from offchain.reference.state import Phase, Seat

OTHER = b"\x5d" * 24
ZERO = "0x0000000000000000000000000000000000000000"
KINDS = {"Propose": "proposeBySig", "CommitBallot": "commitBallotBySig"}


def enter(game, kind):
    """The phase in which this kind of commitment is made, and a client that holds such a seat."""
    game.open_round()
    if kind == "Propose":
        return game.proposers[0]
    game.submit_updates()
    return game.voters[0]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def by_sig(manager, kind):
    return getattr(manager, KINDS[kind])


def test_a_signed_update_is_its_signers(game, manager, outsider):
    proposer = enter(game, "Propose")
    tx = manager.proposeBySig(proposer, COMMITMENT, *signature(game, proposer, "Propose"), sender=outsider)

    assert emitted(tx) == expected(
        manager.UpdateCommitted(round=1, client=proposer.address, commitment=COMMITMENT)
    )
    assert manager.accountOf(proposer).free == DEPOSIT - game.proposerStake
    assert manager.escrowOf(proposer) == game.proposerStake
    state = manager.clientOf(proposer)
    assert (state.round, state.seat, state.content) == (1, Seat.COMMITTED, COMMITMENT)
    assert manager.head().updates == 1


def test_a_signed_ballot_is_its_signers(game, manager, outsider):
    voter = enter(game, "CommitBallot")
    tx = manager.commitBallotBySig(
        voter, COMMITMENT, *signature(game, voter, "CommitBallot"), sender=outsider
    )

    assert emitted(tx) == expected(
        manager.BallotCommitted(round=1, client=voter.address, commitment=COMMITMENT)
    )
    assert manager.accountOf(voter).free == DEPOSIT - game.voterStake
    assert manager.escrowOf(voter) == game.voterStake
    state = manager.clientOf(voter)
    assert (state.round, state.seat, state.content) == (1, Seat.VOTED, COMMITMENT)
    assert manager.head().ballots == 1


def test_what_is_due_is_settled_first(game, manager, outsider):
    game.play_round(ballots=[3] * 5)
    earlier = game.proposers
    game.open_round_where(lambda: earlier[0] in game.proposers)
    proposer = earlier[0]
    tx = manager.proposeBySig(proposer, COMMITMENT, *signature(game, proposer, "Propose"), sender=outsider)
    assert emitted(tx) == expected(
        manager.Settled(round=1, client=proposer.address, payout=game.proposerStake),
        manager.UpdateCommitted(round=game.round, client=proposer.address, commitment=COMMITMENT),
    )


def test_who_sends_it_does_not_matter(game, manager, by_sig, kind):
    client, other = enter(game, kind), game.unseated[0]
    by_sig(client, COMMITMENT, *signature(game, client, kind), sender=other)
    assert manager.clientOf(client).content == COMMITMENT
    assert manager.clientOf(other).seat == Seat.NONE


@pytest.mark.parametrize(
    "changed",
    [
        {"commitment": OTHER},
        {"client": "0x" + "22" * 20},
        {"round_": 2},
        {"chain_id": 1},
        {"manager": "0x" + "11" * 20},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_signature_serves_one_commitment(game, manager, by_sig, kind, outsider, changed):
    """Not another commitment, client, round, chain or deployment: the signer of what is expected is someone else."""
    client = enter(game, kind)
    r, vs = signature(game, client, kind, **changed)
    signer = recovered(game, kind, client, r, vs)
    assert signer != client.address
    with reverts(manager.NotSigner, signer=signer, client=client.address):
        by_sig(client, COMMITMENT, r, vs, sender=outsider)


def test_a_signature_of_the_other_kind_is_refused(game, manager, by_sig, kind, outsider):
    client = enter(game, kind)
    [other] = set(KINDS) - {kind}
    r, vs = signature(game, client, other)
    with reverts(manager.NotSigner, signer=recovered(game, kind, client, r, vs), client=client.address):
        by_sig(client, COMMITMENT, r, vs, sender=outsider)


def test_one_client_cannot_sign_for_another(game, manager, by_sig, kind, outsider):
    client = enter(game, kind)
    forger = game.unseated[0]
    with reverts(manager.NotSigner, signer=forger.address, client=client.address):
        by_sig(client, COMMITMENT, *signature(game, forger, kind, client=client), sender=outsider)


def test_what_is_no_signature_is_refused(game, manager, by_sig, kind, outsider):
    client = enter(game, kind)
    with reverts(manager.NotSigner, signer=ZERO, client=client.address):
        by_sig(client, COMMITMENT, bytes(32), bytes(32), sender=outsider)


def test_nobody_can_be_named_who_signed_nothing(game, manager, by_sig, kind, outsider):
    """The zero address is what a broken signature recovers to."""
    enter(game, kind)
    with reverts(manager.NotSigner, signer=ZERO, client=ZERO):
        by_sig(ZERO, COMMITMENT, bytes(32), bytes(32), sender=outsider)


def test_the_upper_half_of_the_curve_is_refused(game, manager, by_sig, kind, outsider):
    """The same signature with s mirrored: malleable forms are no signatures."""
    client = enter(game, kind)
    r, vs = signature(game, client, kind)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    word = int.from_bytes(vs)
    s, parity = word & (2**255 - 1), word >> 255
    mirrored = (order - s) % 2**255 | (1 - parity) << 255
    signer = recovered(game, kind, client, r, mirrored.to_bytes(32))
    assert signer != client.address
    with reverts(manager.NotSigner, signer=signer, client=client.address):
        by_sig(client, COMMITMENT, r, mirrored.to_bytes(32), sender=outsider)


def test_a_second_time_is_refused(game, manager, by_sig, kind, outsider):
    client = enter(game, kind)
    signed = signature(game, client, kind)
    by_sig(client, COMMITMENT, *signed, sender=outsider)
    actual = Seat.COMMITTED if kind == "Propose" else Seat.VOTED
    with reverts(manager.UnexpectedSeat, round=1, client=client.address, actual=actual, expected=Seat.NONE):
        by_sig(client, COMMITMENT, *signed, sender=outsider)


def test_sending_it_directly_before_makes_it_void(game, manager, by_sig, kind, outsider):
    """A relay that sits on a signature stops nobody."""
    client = enter(game, kind)
    signed = signature(game, client, kind)
    direct = manager.propose if kind == "Propose" else manager.commitBallot
    direct(OTHER, sender=client)
    actual = Seat.COMMITTED if kind == "Propose" else Seat.VOTED
    with reverts(manager.UnexpectedSeat, round=1, client=client.address, actual=actual, expected=Seat.NONE):
        by_sig(client, COMMITMENT, *signed, sender=outsider)
    assert manager.clientOf(client).content == OTHER


def test_it_is_void_in_the_next_round(game, manager, outsider):
    proposer = enter(game, "Propose")
    r, vs = signature(game, proposer, "Propose")
    game.submit_updates([IDLE] * 2)
    game.close_round()
    game.open_round_where(lambda: proposer in game.proposers)
    with reverts(manager.NotSigner, signer=recovered(game, "Propose", proposer, r, vs), client=proposer.address):
        manager.proposeBySig(proposer, COMMITMENT, r, vs, sender=outsider)


def test_seats_are_checked_as_ever(game, manager, by_sig, kind, outsider):
    enter(game, kind)
    idle = game.unseated[0]
    first, end = (0, 2) if kind == "Propose" else (2, 7)
    with reverts(manager.NotSeated, round=1, client=idle.address, position=7, first=first, end=end):
        by_sig(idle, COMMITMENT, *signature(game, idle, kind), sender=outsider)


def test_one_who_is_no_member_is_refused(game, manager, by_sig, kind, outsider):
    enter(game, kind)
    with reverts(manager.NotMember, client=outsider.address):
        by_sig(outsider, COMMITMENT, *signature(game, outsider, kind), sender=outsider)


def test_the_whole_stake_must_be_free(broke, outsider):
    game, losers = broke
    game.open_round_where(lambda: set(losers) & set(game.proposers))
    proposer = next(client for client in game.proposers if client in losers)
    free = game.manager.accountOf(proposer).free
    with reverts(
        game.manager.InsufficientFree, client=proposer.address, free=free, required=game.proposerStake
    ):
        game.manager.proposeBySig(
            proposer, COMMITMENT, *signature(game, proposer, "Propose"), sender=outsider
        )


def test_every_other_phase_is_refused(game, manager, by_sig, kind, member, outsider):
    wanted = Phase.PROPOSE if kind == "Propose" else Phase.VOTE
    for phase in game.walk():
        if phase != wanted:
            with reverts(manager.WrongPhase, round=game.round, actual=phase, expected=wanted):
                by_sig(member, COMMITMENT, *signature(game, member, kind), sender=outsider)


def test_the_domain_is_what_the_contract_says(game, manager):
    domain = manager.eip712Domain()
    assert (domain.fields, domain.name, domain.version) == (b"\x0f", intents.NAME, intents.VERSION)
    assert (domain.chainId, domain.verifyingContract) == (game.chain_id, manager.address)
