"""Every row of the outcome table (I12), to the unit: by hand, and as the reference computes it."""

from dataclasses import dataclass, field

import pytest
from deployment import DEPOSIT, IDLE, PUBLISH, SILENT
from expectations import emitted, expected

from offchain.reference import settlement, tally

STAKE, VOTE = 8_000_009, 1_000_003
# With two proposals a ballot's part is ⌊1000003 / 2⌋ and one unit is over.
PART, REST = 500_001, 1
# The reward pool at the opening: one update committed and never published, a round before.
POT = STAKE
HALF = 4_000_004  # ⌊8000009 / 2⌋


@dataclass(frozen=True)
class Row:
    """A round, and what each seat gets back of its lock; None where it locked nothing."""

    name: str
    updates: list[int]
    ballots: list[int]
    proposers: list[int | None]
    voters: list[int | None]
    pool: int  # afterwards
    included: int = 0
    parameters: dict[str, int] = field(default_factory=dict)


ROWS = [
    Row(
        "a tie excludes and returns the parts",
        updates=[1, IDLE],
        ballots=[1, 1, 0, 0, IDLE],
        proposers=[0, None],
        voters=[VOTE, VOTE, VOTE, VOTE, None],
        pool=POT + STAKE,
    ),
    Row(
        "a tie with a silent voter, whose stake goes to the pool, is undecided",
        updates=[1, IDLE],
        ballots=[1, 1, 0, 0, SILENT],
        proposers=[STAKE, None],
        voters=[VOTE, VOTE, VOTE, VOTE, 0],
        pool=POT + VOTE,
    ),
    Row(
        "accepted by all that reveal but not by half of the ballots is undecided",
        updates=[1, 1],
        ballots=[0b01, 0b01, 0b11, SILENT, SILENT],
        # Bit 0: three of five; bit 1: one for, two against, of five.
        proposers=[STAKE + POT, STAKE],
        voters=[VOTE, VOTE, VOTE, 0, 0],
        pool=2 * VOTE,
        included=0b01,
    ),
    Row(
        "half of the ballots against it, and one silent, reject",
        updates=[1, IDLE],
        ballots=[1, 0, 0, SILENT, IDLE],
        # Neither side is more than half of four: the parts return.
        proposers=[0, None],
        voters=[VOTE, VOTE, VOTE, 0, None],
        pool=POT + STAKE + VOTE,
    ),
    Row(
        "half of the ballots for it, and one silent, leave it undecided",
        updates=[1, IDLE],
        ballots=[1, 1, 0, SILENT, IDLE],
        proposers=[STAKE, None],
        voters=[VOTE, VOTE, VOTE, 0, None],
        pool=POT + VOTE,
    ),
    Row(
        "half of the ballots silent",
        updates=[1, 1],
        ballots=[3, 3, SILENT, SILENT, IDLE],
        proposers=[STAKE, STAKE],
        voters=[VOTE, VOTE, 0, 0, None],
        pool=POT + 2 * VOTE,
    ),
    Row(
        "a tie on one bit and a majority on the other",
        updates=[1, 1],
        ballots=[0b01, 0b11, 0b10, 0b10, IDLE],
        proposers=[0, STAKE + POT],
        # Bit 0 two to two: the part. Bit 1 three to one: ⌊4 · 500001 / 3⌋ = 666668.
        voters=[REST + PART, REST + PART + 666_668, REST + PART + 666_668, REST + PART + 666_668, None],
        pool=STAKE,
        included=0b10,
    ),
    Row(
        "nothing committed",
        updates=[IDLE, IDLE],
        ballots=[],
        proposers=[None, None],
        voters=[None] * 5,
        pool=POT,
    ),
    Row(
        "nothing published",
        updates=[SILENT, SILENT],
        ballots=[],
        proposers=[0, 0],
        voters=[None] * 5,
        pool=POT + 2 * STAKE,
    ),
    Row(
        "no ballot",
        updates=[1, 1],
        ballots=[IDLE] * 5,
        proposers=[STAKE, STAKE],
        voters=[None] * 5,
        pool=POT,
    ),
    Row(
        "no ballot and one update unpublished",
        updates=[SILENT, 1],
        ballots=[IDLE] * 5,
        proposers=[0, STAKE],
        voters=[None] * 5,
        pool=POT + STAKE,
    ),
    Row(
        "all silent",
        updates=[1, 1],
        ballots=[SILENT] * 5,
        proposers=[STAKE, STAKE],
        voters=[0] * 5,
        pool=POT + 5 * VOTE,
    ),
    Row(
        "all accept",
        updates=[1, 1],
        ballots=[3] * 5,
        proposers=[STAKE + HALF, STAKE + HALF],
        voters=[VOTE] * 5,
        pool=1,  # the odd unit of the pot
        included=0b11,
    ),
    Row(
        "all reject",
        updates=[1, 1],
        ballots=[0] * 5,
        proposers=[0, 0],
        voters=[VOTE] * 5,
        pool=POT + 2 * STAKE,
    ),
    Row(
        "all that reveal accept and two are silent",
        updates=[1, 1],
        ballots=[3, 3, 3, SILENT, SILENT],
        proposers=[STAKE + HALF, STAKE + HALF],
        # What the silent locked is nobody's gain but the pool's.
        voters=[VOTE, VOTE, VOTE, 0, 0],
        pool=1 + 2 * VOTE,
        included=0b11,
    ),
    Row(
        "one below quorum",
        updates=[1, 1],
        ballots=[3, IDLE, IDLE, IDLE, IDLE],
        proposers=[STAKE, STAKE],
        voters=[VOTE, None, None, None, None],
        pool=POT,
    ),
    Row(
        "exactly quorum",
        updates=[1, 1],
        ballots=[3, 3, IDLE, IDLE, IDLE],
        proposers=[STAKE + HALF, STAKE + HALF],
        voters=[VOTE, VOTE, None, None, None],
        pool=1,
        included=0b11,
    ),
    Row(
        "a quorum is of the ballots committed, revealed or not",
        updates=[1, 1],
        ballots=[3, 3, SILENT, IDLE, IDLE],
        proposers=[STAKE + HALF, STAKE + HALF],
        voters=[VOTE, VOTE, 0, None, None],
        pool=1 + VOTE,
        included=0b11,
        parameters={"quorumBps": 5000},
    ),
    Row(
        "one ballot where any number is a quorum",
        updates=[1, 1],
        ballots=[1, IDLE, IDLE, IDLE, IDLE],
        proposers=[STAKE + POT, 0],
        voters=[VOTE, None, None, None, None],
        pool=STAKE,
        included=0b01,
        parameters={"quorumBps": 0},
    ),
    Row(
        "a quorum is a share of the seats and not of the ballots",
        updates=[1, 1],
        ballots=[3, 3, IDLE, IDLE, IDLE],
        proposers=[STAKE, STAKE],
        voters=[VOTE, VOTE, None, None, None],
        pool=POT,
        parameters={"quorumBps": 4001},
    ),
    Row(
        "one proposal",
        updates=[1, SILENT],
        ballots=[1, 1, 1, 0, 0],
        proposers=[STAKE + POT, 0],
        # The part is the whole stake: ⌊5 · 1000003 / 3⌋ = 1666671, and two units are over.
        voters=[1_666_671, 1_666_671, 1_666_671, 0, 0],
        pool=STAKE + 2,
        included=0b01,
    ),
    Row(
        "one proposal at the second position",
        updates=[IDLE, 1],
        ballots=[2, 2, 2, 0, 0],
        proposers=[None, STAKE + POT],
        voters=[1_666_671, 1_666_671, 1_666_671, 0, 0],
        pool=2,
        included=0b10,
    ),
    Row(
        "each bit by itself",
        updates=[1, 1],
        ballots=[0b01, 0b01, 0b01, 0b10, 0b10],
        proposers=[STAKE + POT, 0],
        # The first three are right on both bits, the others on none.
        voters=[1_666_671, 1_666_671, 1_666_671, REST, REST],
        pool=STAKE + 5 * VOTE - 3 * 1_666_671 - 2 * REST,
        included=0b01,
    ),
    Row(
        "a majority of the revealed that is none of the committed",
        updates=[1, 1],
        ballots=[3, 3, 0, SILENT, SILENT],
        proposers=[STAKE, STAKE],
        voters=[VOTE, VOTE, VOTE, 0, 0],
        pool=POT + 2 * VOTE,
    ),
    Row(
        "a majority of the committed shares what the others that revealed lost",
        updates=[1, 1],
        ballots=[3, 3, 3, 0, SILENT],
        proposers=[STAKE + HALF, STAKE + HALF],
        # ⌊4 · 500001 / 3⌋ = 666668 on each bit, and what is over of the stake.
        voters=[REST + 2 * 666_668] * 3 + [REST, 0],
        pool=1 + 5 * VOTE - 3 * (REST + 2 * 666_668) - REST,
        included=0b11,
    ),
    Row(
        "sixteen proposals",
        updates=[1] * 16,
        ballots=[0xFFFF, 0xFFFF, 0x00FF, 0x0F0F, 0x0001],
        # Accepted by 5, 4, 4, 4, 3, 3, 3, 3, then 3, 3, 3, 3, then 2, 2, 2, 2: twelve share the pot.
        proposers=[STAKE + 666_667] * 12 + [0] * 4,
        # The part is ⌊1000003 / 16⌋ = 62500 and three units are over. A majority of five gets 62500, of four
        # 78125, of three ⌊312500 / 3⌋ = 104166.
        voters=[3 + 62_500 + 3 * 78_125 + 8 * 104_166] * 4 + [3 + 62_500 + 4 * 104_166],
        pool=POT - 12 * 666_667 + 4 * STAKE + 24,
        included=0x0FFF,
        parameters={"proposerBps": 5000, "members": 32},
    ),
]


@pytest.fixture
def played(request, game, deploy):
    """A row's round, played to the last reveal, after one that filled the reward pool."""
    row = request.param
    game = deploy(**row.parameters) if row.parameters else game
    game.play_round([SILENT, *[IDLE] * 15])
    assert game.manager.rewardPool() == POT
    game.play_to_close(row.updates, row.ballots)
    game.warp(game.ends_at + game.markFor)
    return game, row


rows = pytest.mark.parametrize("played", ROWS, ids=lambda row: row.name, indirect=True)


def outcome_of(game, row: Row) -> settlement.Outcome:
    """The outcome in the reference's terms, from the row alone."""
    published = sum(1 << j for j, act in enumerate(row.updates) if act >= PUBLISH)
    revealed = [ballot & published for ballot in row.ballots if ballot >= 0]
    committed = sum(ballot != IDLE for ballot in row.ballots)
    votes = tuple(sum(ballot >> j & 1 for ballot in revealed) for j in range(16))
    void = settlement.is_void(published, committed, len(revealed), 5, game.quorumBps)
    return settlement.Outcome(published, votes, len(revealed), committed, void)


@rows
def test_a_round_ends_as_its_row_says(played):
    """A round takes longer to play than to look at: what it ends in is asked of one, from three sides."""
    game, row = played
    tx = game.manager.finalise(sender=game.owner)
    totals_are_those_by_hand(game, row, tx)
    totals_are_those_of_the_reference(game, row, tx)
    every_seat_gets_its_due(game, row)


def totals_are_those_by_hand(game, row, tx):
    locks = sum(STAKE for payout in row.proposers if payout is not None)
    locks += sum(VOTE for payout in row.voters if payout is not None)
    paid = sum(filter(None, row.proposers + row.voters))
    [event] = tx.events
    assert event.included == row.included
    assert game.manager.rewardPool() == row.pool == POT + event.slashed - event.awarded
    # I3: locks + pot = payouts + what went to the pool.
    assert locks + POT == paid + row.pool


def totals_are_those_of_the_reference(game, row, tx):
    outcome = outcome_of(game, row)
    updates = sum(act != IDLE for act in row.updates)
    revealed = [ballot & outcome.published for ballot in row.ballots if ballot >= 0]
    word = tally.sealed(outcome.votes, outcome.revealed, outcome.committed, outcome.published, outcome.void)
    assert emitted(tx) == expected(
        game.manager.RoundFinalised(
            round=2,
            tally=word,
            included=outcome.included,
            slashed=settlement.slashed(outcome, updates, revealed, STAKE, VOTE),
            awarded=settlement.share(outcome, POT) * outcome.included.bit_count(),
            rewarded=0,
            model=game.manager.model(),
        )
    )


def every_seat_gets_its_due(game, row):
    outcome = outcome_of(game, row)
    proposers, voters = game.proposers, game.voters

    for position, (client, payout) in enumerate(zip(proposers, row.proposers, strict=True)):
        if payout is not None:
            published = outcome.published >> position & 1
            due = settlement.proposer_payout(outcome, position, STAKE, POT) if published else 0
            assert pays(game, client) == payout == due
    for client, payout, ballot in zip(voters, row.voters, [*row.ballots, *[IDLE] * 5][:5], strict=True):
        if payout is not None:
            due = settlement.voter_payout(outcome, ballot & outcome.published, VOTE) if ballot >= 0 else 0
            assert pays(game, client) == payout == due
    total = sum(game.word(game.manager.accountOf, client) for client in game.clients) + row.pool
    # Two clients may still have their first round's seat to settle, which pays nothing.
    assert total == len(game.clients) * DEPOSIT


def pays(game, client) -> int:
    """What settling a client's seat of round two credits."""
    before, due = game.word(game.manager.accountOf, client), game.word(game.manager.escrowOf, client)
    game.send(client, game.manager.settle, 2, client)
    credited = game.word(game.manager.accountOf, client) - before
    assert credited == due
    return credited
