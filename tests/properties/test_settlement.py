"""The rules of money: contract against reference on ten thousand random rounds, and against the paper."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.reference import settlement, tally

SEED = 20_261_122
ROUNDS = 10_000
PER_CALL = 125
LANES, BALLOTS = 16, 8
OUTCOME_WORDS = 5 + LANES + BALLOTS
LARGEST = 2**96 - 1


@dataclass(frozen=True)
class Round:
    """A round when voting is over: how many ballots of each kind were revealed, and what was at stake."""

    published: int
    updates: int
    committed: int
    void: bool
    proposer_stake: int
    voter_stake: int
    pot: int
    ballots: dict  # ballot → how many; at most eight kinds
    proposer_reward: int = 0
    voter_reward: int = 0

    @property
    def revealed(self):
        return sum(self.ballots.values())

    @property
    def votes(self):
        return tuple(sum(n for b, n in self.ballots.items() if b >> j & 1) for j in range(LANES))

    @property
    def outcome(self):
        return settlement.Outcome(self.published, self.votes, self.revealed, self.committed, self.void)

    @property
    def words(self):
        ballots = (list(self.ballots) + [0] * BALLOTS)[:BALLOTS]
        return (
            *(tally.running(self.votes, self.revealed), self.published, self.updates, self.committed),
            *(int(self.void), self.proposer_stake, self.voter_stake, self.pot),
            *(self.proposer_reward, self.voter_reward, *ballots),
        )


@dataclass(frozen=True)
class Answer:
    """What the contracts make of a round."""

    sealed: int
    included: int
    slashed: int
    awarded: int
    rewarded: int
    proposers: list
    voters: list


def amount(rng, least):
    """A stake or pot: small, awkward, or as large as it gets."""
    return rng.choice([least, least + 1, LARGEST, rng.randint(least, 1000), rng.randint(least, LARGEST)])


def random_round(rng):
    """Any shape that a round can end in; ties, empty sides and silence often."""
    proposals = rng.choice([0, 1, 1, 2, 3, 5, 16, rng.randint(1, 16), rng.randint(1, 16)])
    published = sum(1 << j for j in rng.sample(range(LANES), proposals))
    revealed = rng.choice([0, 1, 2, rng.randint(0, 12), rng.randint(0, 60), rng.randint(0, 16_382), 16_382])
    most = min(16_382, max(2 * revealed - 1, revealed))  # Committed: any more, and the round is void.
    committed = rng.choice(
        [revealed, revealed, rng.randint(revealed, most), min(16_382, 2 * revealed), 16_382]
    )
    kinds = rng.randint(1, BALLOTS)
    if rng.random() < 0.25:
        revealed -= revealed % 2  # Two halves: a tie on each bit in which they differ.
        counts = {rng.getrandbits(16) & published: revealed // 2}
        other = rng.getrandbits(16) & published
        counts[other] = counts.get(other, 0) + revealed // 2
    else:
        cuts = sorted(rng.randint(0, revealed) for _ in range(kinds - 1))
        counts = Counter()
        for low, high in zip([0, *cuts], [*cuts, revealed], strict=True):
            counts[rng.choice([0, published, rng.getrandbits(16) & published])] += high - low
    if rng.random() < 0.05:
        noes, yeses = (
            rng.randint(2, 8_191),
            rng.randint(1, 100),
        )  # Half of the ballots against all, and silence.
        committed, revealed, counts = 2 * noes, noes + min(yeses, noes - 1), {0: noes}
        counts[published] = counts.get(published, 0) + revealed - noes
    void = settlement.is_void(published, committed, revealed, 0, 0) or rng.random() < 0.1
    return Round(
        published,
        rng.randint(proposals, LANES),
        committed,
        void,
        amount(rng, 1),
        amount(rng, 16),
        amount(rng, 0),
        dict(counts),
        amount(rng, 0),
        amount(rng, 0),
    )


@pytest.fixture(scope="module")
def contract(harness):
    return harness("SettlementHarness")


def settle(contract, rounds):
    """What the contracts make of each round."""
    answers = []
    for first in range(0, len(rounds), PER_CALL):
        words = contract.batch("settle", [r.words for r in rounds[first : first + PER_CALL]])
        for at in range(0, len(words), OUTCOME_WORDS):
            fixed, lanes = words[at : at + 5], words[at + 5 : at + OUTCOME_WORDS]
            answers.append(Answer(*fixed, lanes[:LANES], lanes[LANES:]))
    assert len(answers) == len(rounds)
    return answers


def by_reference(r):
    """What the reference makes of a round."""
    outcome = r.outcome
    proposers = [
        settlement.proposer_payout(outcome, j, r.proposer_stake, r.pot, r.proposer_reward)
        if r.published >> j & 1
        else 0
        for j in range(LANES)
    ]
    kinds = (list(r.ballots) + [0] * BALLOTS)[:BALLOTS]
    voters = [settlement.voter_payout(outcome, ballot, r.voter_stake) for ballot in kinds]
    returned = (r.published & ~outcome.rejected).bit_count() * r.proposer_stake
    paid = sum(n * settlement.voter_payout(outcome, b, r.voter_stake) for b, n in r.ballots.items())
    return Answer(
        tally.sealed(r.votes, r.revealed, r.committed, r.published, r.void),
        outcome.included,
        r.updates * r.proposer_stake + r.committed * r.voter_stake - returned - paid,
        settlement.share(outcome, r.pot) * outcome.included.bit_count(),
        settlement.rewards(outcome, r.proposer_reward, r.voter_reward),
        proposers,
        voters,
    )


@pytest.fixture(scope="module")
def rounds():
    rng = Random(SEED)
    return [random_round(rng) for _ in range(ROUNDS)]


@pytest.fixture(scope="module")
def answers(contract, rounds):
    return settle(contract, rounds)


def test_ten_thousand_random_rounds_agree_to_the_unit(rounds, answers):
    for r, answer in zip(rounds, answers, strict=True):
        assert answer == by_reference(r), r


def test_the_random_rounds_have_every_shape(rounds):
    shapes = Counter()
    for r in rounds:
        shapes["void"] += r.void
        shapes["nothing published"] += not r.published
        shapes["sixteen proposals"] += r.published == 0xFFFF
        shapes["one proposal"] += r.published.bit_count() == 1
        shapes["silent ballots"] += r.committed > r.revealed and not r.void
        shapes["half silent"] += r.committed == 2 * r.revealed > 0
        shapes["no reveal"] += r.revealed == 0
        shapes["tie"] += any(2 * r.votes[j] == r.revealed > 0 for j in r.outcome.positions)
        shapes["undecided"] += bool(r.outcome.undecided)
        shapes["undecided beside decided"] += 0 < r.outcome.undecided < r.published
        shapes["half of all reject"] += r.committed > r.revealed and any(
            2 * (r.revealed - r.votes[j]) == r.committed for j in r.outcome.positions
        )
        shapes["unanimous"] += any(r.votes[j] == r.revealed > 0 for j in r.outcome.positions)
        shapes["all agree"] += len(+Counter(r.ballots)) == 1 and r.committed == r.revealed
        shapes["largest committee"] += r.committed == 16_382
        shapes["largest stakes"] += LARGEST in (r.proposer_stake, r.voter_stake)
    assert min(shapes.values()) > 100, shapes


def test_one_dissenter_is_seen_in_every_committee(contract):
    """With 8,191 votes of 8,192 a lane holds the complement of the count: the nearest thing to unanimity."""
    sizes = [*range(2, 40), *range(8_180, 8_200), *range(16_370, 16_383)]
    rounds = [Round(1, 1, n, False, 10**18, 10**18, 0, {1: n - 1, 0: 1}) for n in sizes]
    for r, answer in zip(rounds, settle(contract, rounds), strict=True):
        assert answer == by_reference(r), r


def test_tokens_are_conserved(rounds, answers):
    """I3: locks + pot + rewards = payouts + what went to the pool; the pot's rest stays in the pool."""
    for r, answer in zip(rounds, answers, strict=True):
        locks = r.updates * r.proposer_stake + r.committed * r.voter_stake
        payouts = sum(answer.proposers)
        payouts += sum(n * payout for n, payout in zip(r.ballots.values(), answer.voters, strict=False))
        rewarded = 0 if r.void else r.revealed * r.voter_reward  # The contract adds a voter's to its payout.
        assert locks + answer.awarded + answer.rewarded == payouts + rewarded + answer.slashed, r
        assert 0 <= answer.awarded <= r.pot, r
        assert 0 <= answer.slashed <= locks, r


def test_slashed_total_of_the_reference_is_the_sum_over_ballots():
    rng = Random(SEED)
    small = [r for r in (random_round(rng) for _ in range(1000)) if r.revealed <= 60]
    assert len(small) > 300
    for r in small:
        ballots = [ballot for ballot, n in r.ballots.items() for _ in range(n)]
        total = settlement.slashed(r.outcome, r.updates, ballots, r.proposer_stake, r.voter_stake)
        assert total == by_reference(r).slashed


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ballots=st.lists(st.integers(0, 0xFFFF), max_size=60))
def test_counting_ballots_one_by_one(contract, ballots):
    votes = [sum(b >> j & 1 for b in ballots) for j in range(LANES)]
    assert contract("count", 32, len(ballots), *ballots) == [tally.running(votes, len(ballots))]


def test_counting_up_to_the_largest_committee(contract):
    """The last ballot fills no lane: all ones has a meaning of its own."""
    assert contract("count", 32, 16_382, *[0xFFFF] * 16_382) == [tally.running([16_382] * LANES, 16_382)]


# The paper, Section IV: written from its words, in fractions, knowing nothing of bits and parts.


@dataclass(frozen=True)
class PaperRound:
    """One decision a on the whole aggregate by votes v, both ±1."""

    proposers: int
    accepts: int
    rejects: int

    @property
    def decision(self):
        return 1 if self.accepts - self.rejects > 0 else -1


def algorithm_1(paper, stake, pool):
    """A proposer's tokens back: stake and an equal part of the pool when accepted, else nothing."""
    return stake + pool // paper.proposers if paper.decision == 1 else 0


def algorithm_2(paper, stake):
    """Tokens back to who accepted, and to who rejected: the majority shares the others' stakes equally."""
    if paper.accepts == paper.rejects:
        return Fraction(stake), Fraction(stake)
    winners = max(paper.accepts, paper.rejects)
    losers = paper.accepts + paper.rejects - winners
    award = stake + Fraction(losers * stake, winners)
    return (award, Fraction(0)) if paper.decision == 1 else (Fraction(0), award)


def test_all_or_nothing_ballots_are_the_papers_algorithms(contract):
    """I13: Algorithm 1 exactly, Algorithm 2 to 2·p base units a voter, where nobody is silent."""
    rng = Random(SEED)
    cases, rounds = [], []
    while len(rounds) < 3000:
        paper = PaperRound(rng.randint(1, LANES), *(rng.randint(0, 45) for _ in range(2)))
        if paper.accepts + paper.rejects == 0:
            continue
        published = sum(1 << j for j in rng.sample(range(LANES), paper.proposers))
        committed = paper.accepts + paper.rejects
        ballots = {published: paper.accepts, 0: paper.rejects}
        stakes = rng.randint(1, 10**20), rng.randint(16, 10**20), rng.randint(0, 10**22)
        rounds.append(Round(published, paper.proposers, committed, False, *stakes, ballots))
        cases.append(paper)
    for paper, r, answer in zip(cases, rounds, settle(contract, rounds), strict=True):
        expected = algorithm_1(paper, r.proposer_stake, r.pot)
        assert [p for j, p in enumerate(answer.proposers) if r.published >> j & 1] == [
            expected
        ] * paper.proposers
        for actual, exact in zip(answer.voters[:2], algorithm_2(paper, r.voter_stake), strict=True):
            assert abs(actual - exact) < 2 * paper.proposers, (paper, r)


def test_silence_takes_no_part_in_what_a_majority_gets(contract):
    """With a majority of the committed ballots, who revealed is paid as if nobody else had committed."""
    rng = Random(SEED)
    silent, without = [], []
    while len(silent) < 1000:
        winners, losers = rng.randint(1, 45), rng.randint(0, 44)
        missing = rng.randint(0, 44)
        if losers + missing >= winners:
            continue
        published = sum(1 << j for j in rng.sample(range(LANES), rng.randint(1, LANES)))
        ballots = dict([(published, winners), (0, losers)][:: rng.choice([1, -1])])
        revealed, rest = winners + losers, (rng.randint(1, 10**20), rng.randint(16, 10**20), 10**22, ballots)
        updates = published.bit_count()
        silent.append(Round(published, updates, revealed + missing, False, *rest))
        without.append(Round(published, updates, revealed, False, *rest))
    for r, one, other in zip(silent, settle(contract, silent), settle(contract, without), strict=True):
        assert (one.included, one.awarded, one.proposers) == (other.included, other.awarded, other.proposers)
        assert one.voters == other.voters
        missing = r.committed - r.revealed
        assert one.slashed == other.slashed + missing * r.voter_stake
