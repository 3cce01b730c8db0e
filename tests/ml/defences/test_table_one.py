"""Rules of the paper's Table I that committees or clients' records decide, by values worked by hand."""

import numpy as np
import pytest

from ml.defences import DEFENCES, Knowledge, combined
from ml.defences.incentives import agreeing, auctioned, reputation
from ml.errors import DefenceError

SENT = np.array([[1.0, 4.0], [2.0, -2.0], [90.0, 90.0]])


def scored(*by_member):
    """A committee; each member's scores of the three updates."""
    return Knowledge(np.zeros(2), 1, scores=lambda models: np.array(by_member).T)


def test_a_committee_takes_the_best_medians():
    honest = scored([0.8, 0.7, 0.2], [0.7, 0.8, 0.3], [0.0, 0.1, 1.0])
    assert np.allclose(DEFENCES["committee-scores"](SENT, honest), [1.5, 1.0])
    # Two of three members lie: medians are 0, .1 and 1, and of the first two the better goes in.
    lied = scored([0.8, 0.7, 0.2], [0.0, 0.1, 1.0], [0.0, 0.1, 1.0])
    assert np.allclose(DEFENCES["committee-scores"](SENT, lied), [46.0, 44.0])


def test_signs_of_the_best_move_by_the_median_change():
    honest = scored([0.8, 0.7, 0.2])
    # Signs + +, + −: of 1, 4, 2, 2 the median is 2; where signs cancel nothing moves.
    assert np.allclose(DEFENCES["committee-signs"](SENT, honest), [2.0, 0.0])


def test_the_reputable_win_the_auction_and_weigh_more():
    known = Knowledge(np.zeros(2), 1, reputations=np.array([0.2, 0.6, 0.05]))
    assert np.allclose(DEFENCES["reputation-auction"](SENT, known), (0.2 * SENT[0] + 0.6 * SENT[1]) / 0.8)
    assert auctioned(np.array([2.0, 1.0, 1.0]), np.array([0.9, 0.4, 0.5]), 1).tolist() == [2]  # 2.2, 2.5, 2.
    assert reputation(3, 1) == pytest.approx(4 / 6)


def test_a_good_round_is_one_in_which_the_model_went_the_clients_way():
    parent, model = np.ones(2), np.array([2.0, 1.0])
    sent = parent + np.array([[0.5, 9.0], [-0.1, 9.0], [0.0, 1.0]])
    assert agreeing(sent, parent, model).tolist() == [True, False, False]


def test_reputations_stay_with_their_updates_where_some_are_not_finite():
    sent = np.array([[np.nan, 0.0], [1.0, 1.0], [3.0, 3.0]])
    known = Knowledge(np.zeros(2), 0, reputations=np.array([0.9, 0.75, 0.25]))
    found = combined(DEFENCES["reputation-auction"], "reputation-auction", sent, known)
    assert np.allclose(found, 1.5)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("committee-scores", "needs a committee that scores updates"),
        ("committee-signs", "needs a committee that scores updates"),
        ("reputation-auction", "needs the reputations of who sent updates"),
    ],
)
def test_what_a_rule_is_not_told_it_asks_for(rule, words):
    with pytest.raises(DefenceError, match=words):
        DEFENCES[rule](SENT, Knowledge(np.zeros(2), 1))
