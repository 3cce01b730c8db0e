"""What scripts and searches met together. The file's name comes last, and so does it."""

from collections import Counter

import pytest
from budgets import BUDGET

# Each call, and what must have become of it at least once.
# What the short search meets for certain; test_scripts and test_rarely_met go to the rest.
EXPECTED = {
    "commitBallot": "succeeded WrongPhase NotMember UnexpectedSeat InsufficientFree",
    "commitBallotBySig": "succeeded WrongPhase UnexpectedSeat NotSigner",
    "deposit": "succeeded ERC20InsufficientBalance",
    "depositWithPermit": "succeeded ERC20InsufficientBalance",
    "depositFor": "succeeded InvalidClient",
    "draw": "succeeded WrongPhase AnchorNotUsable",
    "finalise": "succeeded WrongPhase SeatsOpen",
    "join": "succeeded AlreadyMember BondNotCovered NotAdmitted RemovedForGood",
    "markAbsent": "succeeded WrongPhase NotSeated UnexpectedSeat TooEarly NoDuty",
    "openRound": "succeeded WrongPhase RoundsExhausted TooFewMembers",
    "propose": "succeeded WrongPhase NotMember NotSeated InsufficientFree",
    "proposeBySig": "succeeded WrongPhase NotSigner",
    "publish": "succeeded WrongPhase UnexpectedSeat CommitmentMismatch SamplesOutOfRange",
    "publishFor": "succeeded WrongPhase UnexpectedSeat",
    "reanchor": "succeeded WrongPhase AnchorUsable",
    "requestExit": "succeeded NotMember",
    "revealBallot": "succeeded WrongPhase UnexpectedSeat CommitmentMismatch",
    "revealBallotFor": "succeeded WrongPhase UnexpectedSeat",
    "setOperator": "succeeded",
    "settle": "succeeded NothingToSettle",
    "withdraw": "succeeded NotWithdrawable TooEarly",
}


LEAST = 100  # Of what rounds are made of: a search that never gets anywhere finds nothing.
ROUND = ("openRound", "draw", "propose", "publish", "commitBallot", "revealBallot", "finalise", "settle")


@pytest.fixture
def seen(arenas):
    """How often each call had each outcome."""
    seen = sum((arena.seen for arena in arenas.values()), Counter())
    if BUDGET == "mutants" or seen.total() < 20_000:
        pytest.skip("too little was played before: run all of this folder")
    return seen


def test_every_kind_of_outcome_was_met(seen):
    expected = {(call, outcome) for call, outcomes in EXPECTED.items() for outcome in outcomes.split()}
    missed = expected - seen.keys()
    assert not missed, f"never seen in {seen.total()} calls: {sorted(missed)}"


def test_rounds_went_on(seen):
    rare = {call: seen[call, "succeeded"] for call in ROUND if seen[call, "succeeded"] < LEAST}
    assert not rare, f"in {seen.total()} calls only {rare}"
