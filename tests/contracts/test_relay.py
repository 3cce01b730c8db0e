"""Batches: each entry counts as if it had been sent alone, and one that is refused spoils nothing."""

import pytest
from deployment import IDLE, SILENT
from eth_utils import keccak
from expectations import emitted, expected
from signatures import COMMITMENT, signature

from offchain.reference.state import Phase, Seat

ZERO = "0x0000000000000000000000000000000000000000"


@pytest.fixture
def relay(project, owner, game):
    return owner.deploy(project.Relay, game.manager)


def signed(game, client, kind, commitment=COMMITMENT):
    return client.address, commitment, *signature(game, client, kind, commitment)


def error(name: str, *words) -> bytes:
    """Revert data of a custom error with static values, addresses and integers."""
    values = [int(str(word), 16) if isinstance(word, str) else int(word) for word in words]
    return keccak(text=name)[:4] + b"".join(value.to_bytes(32) for value in values)


def test_a_round_is_played_by_a_relay(game, manager, relay, outsider):
    game.open_round()
    updates = [signed(game, client, "Propose", game.update_commitment(client)) for client in game.proposers]
    relay.propose(updates, sender=outsider)
    assert game.phase == Phase.PUBLISH
    openings = [(client, game.root(client), 1, game.salt(client)) for client in game.proposers]
    relay.publish(openings, sender=outsider)
    assert game.phase == Phase.VOTE
    ballots = [
        signed(game, client, "CommitBallot", game.ballot_commitment(client, 0b01)) for client in game.voters
    ]
    relay.commitBallots(ballots, sender=outsider)
    assert game.phase == Phase.REVEAL
    tx = relay.revealBallots([(client, 0b01, game.salt(client)) for client in game.voters], sender=outsider)
    assert game.phase == Phase.CLOSE
    assert emitted(tx) == expected(
        *(manager.BallotRevealed(round=1, client=client.address, ballot=1) for client in game.voters)
    )
    manager.finalise(sender=outsider)
    assert manager.record(1).tally != 0
    assert [manager.clientOf(c).seat for c in game.proposers] == [Seat.PUBLISHED] * 2


@pytest.mark.parametrize("bad", range(3))
def test_one_bad_signature_spoils_nothing_else(game, manager, relay, outsider, bad):
    game.open_round()
    game.submit_updates()
    voters = game.voters[:3]
    batch = [signed(game, voter, "CommitBallot") for voter in voters]
    client, commitment, _, _ = batch[bad]
    batch[bad] = (client, commitment, bytes(32), bytes(32))
    tx = relay.commitBallots(batch, sender=outsider)

    reason = error("NotSigner(address,address)", ZERO, client)
    assert relay.Refused(client=client, reason=reason) in tx.events
    seats = [manager.clientOf(voter).seat for voter in voters]
    assert seats == [Seat.NONE if i == bad else Seat.VOTED for i in range(3)]


def test_what_arrived_before_is_refused_alone(game, manager, relay, outsider):
    """Front-running an entry of a batch only does its work earlier."""
    game.open_round()
    game.submit_updates()
    first, second = game.voters[:2]
    batch = [signed(game, voter, "CommitBallot") for voter in (first, second)]
    manager.commitBallotBySig(*batch[0], sender=game.unseated[0])
    tx = relay.commitBallots(batch, sender=outsider)

    reason = error("UnexpectedSeat(uint256,address,uint8,uint8)", 1, first.address, Seat.VOTED, Seat.NONE)
    assert relay.Refused(client=first.address, reason=reason) in tx.events
    assert manager.clientOf(second).seat == Seat.VOTED


def test_every_entry_of_a_wrong_phase_is_refused(game, relay, outsider):
    game.open_round()
    batch = [signed(game, voter, "CommitBallot") for voter in game.voters]
    tx = relay.commitBallots(batch, sender=outsider)
    reason = error("WrongPhase(uint256,uint8,uint8)", 1, Phase.PROPOSE, Phase.VOTE)
    assert emitted(tx) == expected(*(relay.Refused(client=c, reason=reason) for c, *_ in batch))


def test_a_false_opening_spoils_nothing_else(game, manager, relay, outsider):
    game.open_round()
    game.submit_updates([SILENT, SILENT])
    first, second = game.proposers
    tx = relay.publish(
        [(first, game.root(first), 1, bytes(32)), (second, game.root(second), 1, game.salt(second))],
        sender=outsider,
    )
    assert [event.event_name for event in tx.events] == ["Refused", "UpdatePublished"]
    assert manager.head().published == 0b10


def test_a_repeated_entry_counts_once(game, manager, relay, outsider):
    game.open_round()
    game.submit_updates()
    game.commit_ballots([1, IDLE, IDLE, IDLE, IDLE])
    game.skip_to(Phase.REVEAL)
    voter = game.voters[0]
    tx = relay.revealBallots([(voter, 1, game.salt(voter))] * 3, sender=outsider)
    assert [event.event_name for event in tx.events] == ["BallotRevealed", "Refused", "Refused"]


def test_an_empty_batch_does_nothing(relay, outsider):
    for batch in (relay.propose, relay.publish, relay.commitBallots, relay.revealBallots):
        assert emitted(batch([], sender=outsider)) == []


def test_too_little_gas_takes_back_the_whole_batch(game, manager, relay, outsider):
    """A relay that starves the last entries loses its own transaction, and nobody's seat."""
    game.open_round()
    game.submit_updates()
    batch = [signed(game, voter, "CommitBallot") for voter in game.voters]
    for gas in range(60_000, 200_000, 20_000):
        tx = relay.commitBallots(batch, sender=outsider, gas=gas, raise_on_revert=False)
        done = sum(manager.clientOf(voter).seat == Seat.VOTED for voter in game.voters)
        refused = 0 if tx.failed else sum(event.event_name == "Refused" for event in tx.events)
        assert done == (0 if tx.failed else len(batch) - refused)
        if done:
            break
    left = [entry for entry in batch if manager.clientOf(entry[0]).seat != Seat.VOTED]
    relay.commitBallots(left, sender=outsider)
    assert game.phase == Phase.REVEAL


def test_it_calls_one_manager(game, manager, relay):
    assert relay.MANAGER() == manager.address
