"""What attacks on the incentives earn and cost, computed from the reference's payouts."""

from fractions import Fraction

import numpy as np
import pytest

from ml.judging.policies import passes
from ml.updates.fixed_point import SCALE, aggregate
from offchain.reference.seats import position
from offchain.reference.settlement import Outcome, proposer_payout, share, voter_payout
from offchain.reproduction.items import theorem1_exact as exact

STAKE = 8 * 10**6  # Base units.


def one(yes: int, revealed: int, committed: int | None = None) -> Outcome:
    """One proposal, `yes` of `revealed` ballots for it."""
    return Outcome(1, (yes,), revealed, committed or revealed, void=False)


def gain(yes: int, revealed: int, ballot: int, stake: int = STAKE) -> int:
    return voter_payout(one(yes, revealed), ballot, stake) - stake


@pytest.mark.parametrize(("majority", "seats"), [(27, 45), (36, 45), (9, 15)])
@pytest.mark.parametrize("quality", [Fraction(1, 2), Fraction(3, 5), Fraction(9, 10)])
def test_known_gap_validating_as_well_as_the_crowd_earns_nothing(majority, seats, quality):
    """EV = s·(q − m)/m, for a voter that ends with a majority of share m with probability q."""
    m = Fraction(majority, seats)
    won, lost = gain(majority, seats, 1), gain(majority, seats, 0)
    expected = STAKE * (quality - m) / m
    assert abs(quality * won + (1 - quality) * lost - expected) <= 1
    assert abs(m * won + (1 - m) * lost) <= 1  # q = m: nothing, before the cost of the work.


def test_known_gap_among_honest_voters_staying_away_costs_nothing_but_the_penalty():
    assert gain(45, 45, 1) == 0


def test_known_gap_p_plus_epsilon_bribe_costs_the_briber_nothing_when_it_works():
    """Promised: what a voter would lose by accepting, plus a little, if the proposal fails all the same."""
    alone = gain(1, 45, 1)
    assert alone == -STAKE  # So the promise is a stake, and a little.
    assert gain(45, 45, 1) == 0  # All accept: it succeeds, the promise is void, and nobody lost.


def test_cost_bounded_bribing_a_majority_that_doubts_costs_a_stake_a_vote():
    """Voters that do not believe the others will take it must be paid in advance: 23 of 45."""
    share_of_winners = gain(44, 45, 1)
    assert share_of_winners == STAKE // 44
    assert 23 * STAKE <= 23 * (STAKE + share_of_winners) <= 24 * STAKE


def test_known_gap_a_coalition_wins_an_even_split_in_proportion_to_the_voter_stake():
    """An update aimed at the tolerance: 41 honest voters split 21 to 20, and four join the smaller side."""
    after = gain(24, 45, 1)
    assert after > 0
    assert gain(20, 41, 1) == gain(24, 45, 0) == -STAKE  # Without them their side loses, with them the other.
    for factor in (2, 8):
        assert gain(24, 45, 1, factor * STAKE) == pytest.approx(factor * after, abs=factor)


@pytest.mark.parametrize(("eta", "seats", "most"), [(0.4, 45, 0), (0.4, 25, 0.08), (0.3, 15, 0.024)])
def test_cost_bounded_a_minority_rarely_has_a_drawn_majority(eta, seats, most):
    assert exact.majority(exact.from_clients(50, round(50 * eta), seats), seats) <= most


def test_known_gap_small_committees_fall_to_two_of_five():
    assert exact.majority(exact.from_clients(50, 20, 5), 5) > 0.3


@pytest.mark.parametrize(("withheld", "most"), [(0, 1.1), (1, 1.6), (2, 2.0), (4, 2.7)])
def test_cost_bounded_withheld_blocks_buy_a_few_seats(withheld, most):
    """Ten of fifty malicious, five proposers, the best of 2^k draws: mean seats, of 150 trials."""
    best = [
        max(
            sum(position(trial << 8 | draw, client, 50) < 5 for client in range(10))
            for draw in range(2**withheld)
        )
        for trial in range(150)
    ]
    assert np.mean(best) <= most


def test_defended_excluding_a_rival_adds_nothing_to_this_rounds_pot():
    """The pot is the pool at the opening: the stake of the excluded comes to later rounds."""
    pot = 1000 * STAKE
    both = Outcome(0b11, (30, 30), 45, 45, void=False)
    alone = Outcome(0b11, (30, 10), 45, 45, void=False)
    assert share(both, pot) * 2 == share(alone, pot) == pot
    assert proposer_payout(alone, 0, STAKE, pot) == STAKE + pot


def test_known_gap_excluding_honest_proposals_wins_the_pot_for_the_rest():
    """A coalition with the decisive votes turns half the pot into all of it."""
    pot = 1000 * STAKE
    assert share(Outcome(0b11, (30, 20), 45, 45, void=False), pot) == 2 * share(
        Outcome(0b11, (30, 30), 45, 45, void=False), pot
    )


@pytest.mark.parametrize("silent", range(1, 20))
def test_defended_silence_is_never_better_than_a_vote(silent):
    """A ballot not revealed loses all; the worst vote loses no more."""
    outcome = one(10, 45 - silent, 45)
    assert 0 <= voter_payout(outcome, 1, STAKE)
    assert voter_payout(outcome, 0, STAKE) >= STAKE


def test_cost_bounded_honest_dissent_costs_one_voter_stake_a_round():
    assert min(gain(yes, 45, 1) for yes in range(1, 46)) == -STAKE
    assert min(gain(yes, 45, 0) for yes in range(45)) == -STAKE


def test_defended_equal_weights_by_default():
    """`maxSamples` 1: of five updates a liar moves the average by a fifth."""
    honest, liar = np.zeros(3, np.int32), np.full(3, SCALE, np.int32)
    assert (aggregate([honest] * 4 + [liar], [1] * 5) == SCALE // 5).all()


def test_known_gap_a_high_cap_lets_one_liar_own_the_average():
    """10,000 claimed beside four times 485: five sixths, and no vote on an update sees it."""
    honest, liar = np.zeros(3, np.int32), np.full(3, SCALE, np.int32)
    assert (aggregate([honest] * 4 + [liar], [485] * 4 + [10_000]) > 0.83 * SCALE).all()


def test_known_gap_an_update_as_good_as_the_parent_passes():
    """Free riding: the parent with a little noise scores as the parent, and Eq. 2 asks for no more."""
    assert passes(np.array([0.95]), np.array([0.95]), 0.05).all()


def test_known_gap_drift_within_the_tolerance_compounds():
    score = 1.0
    for _ in range(20):
        assert passes(np.array([0.951 * score]), np.array([score]), 0.05).all()
        score *= 0.951
    assert score < 0.4
