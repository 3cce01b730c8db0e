"""Theorem 1 computed: published figures, exact where they are exact, and games that the reference settles."""

from fractions import Fraction
from math import log

import numpy as np
import pytest

from offchain.reproduction.items import theorem1
from offchain.reproduction.items import theorem1_exact as exact
from offchain.reproduction.items.theorem1_report import statements
from offchain.reproduction.items.theorem1_simulation import Game, _gain, gains, rejections
from offchain.reproduction.study import ETAS, Study

# Of 50 clients; figures computed apart from this project, as printed there, by size for η = .1, .2, .3, .4.
MAJORITIES = {
    3: (0.024, 0.098, 0.211, 0.349),
    5: (0.005, 0.048, 0.152, 0.310),
    9: (6e-5, 0.010, 0.078, 0.247),
    15: (0, 4e-4, 0.023, 0.172),
    25: (0, 0, 7e-4, 0.074),
    45: (0, 0, 0, 0),
}
DRIFT = {0.1: (-0.9995, 0.111), 0.2: (-0.984, 0.246), 0.3: (-0.748, 0.321), 0.4: (0.198, -0.132)}
BREAK_EVEN = {0.1: 0.444, 0.2: 0.375, 0.3: 0.286, 0.4: 0.167}


@pytest.fixture(scope="module")
def result():
    return theorem1.compute(Study(seeds=2))


def test_equation_4_by_quadrature_and_by_hand():
    assert exact.INTEGRAL == -(1 + log(1 / 2)) == pytest.approx(-0.307, abs=5e-4)
    assert exact.integral() == pytest.approx(exact.INTEGRAL, abs=1e-12)


@pytest.mark.parametrize("seats", MAJORITIES)
def test_malicious_majorities_are_as_rare_as_computed_elsewhere(seats):
    for eta, printed in zip(ETAS, MAJORITIES[seats], strict=True):
        counts = exact.from_clients(50, round(50 * eta), seats)
        assert sum(counts.values()) == 1
        chance = exact.majority(counts, seats)
        # One printed digit is a rounding off: 9 voters at η = .3 are .0775.
        assert float(chance) == pytest.approx(printed, abs=6e-4 if printed > 1e-3 else 5e-5)
        assert (chance == 0) == (printed == 0)


def test_majorities_are_exact():
    assert exact.majority(exact.from_clients(50, 5, 3), 3) == Fraction(23, 980)
    assert exact.majority(exact.from_clients(4, 2, 2), 2) == Fraction(1, 6)


def test_a_dishonest_vote_costs_all_among_45_and_less_among_few():
    for eta in ETAS:
        assert exact.dishonest_gain(theorem1.others(45, eta), 45) == -1
    # Two of the other 49 beside it: −1 when both are honest, else ½ or 0.
    both_honest, one_each = Fraction(30 * 29, 49 * 48), Fraction(2 * 19 * 30, 49 * 48)
    assert exact.dishonest_gain(theorem1.others(3, 0.4), 3) == -both_honest + one_each / 2
    assert exact.opportunist_gain(theorem1.others(3, 0.4), 3) == one_each / 2


@pytest.mark.parametrize("eta", ETAS)
def test_drift_is_as_computed_elsewhere(eta):
    malicious, honest = (exact.drift(theorem1.others(45, eta, h), 45, 0, h) for h in (False, True))
    assert malicious == pytest.approx(-1, abs=1e-9)
    assert honest == pytest.approx(eta / (1 - eta), abs=1e-12)
    malicious, honest = (exact.drift(theorem1.others(45, eta, h), 45, 0.2, h) for h in (False, True))
    assert malicious == pytest.approx(DRIFT[eta][0], abs=5e-5 if eta == 0.1 else 5.5e-4)
    assert honest == pytest.approx(DRIFT[eta][1], abs=5e-4)


@pytest.mark.parametrize("seats", [3, 4, 15, 44, 45])
@pytest.mark.parametrize("error", [0.0, 0.1, 0.37])
def test_no_token_is_made_or_lost(seats, error):
    """Over all seats honest voters win what malicious ones lose, with or without ties."""
    for eta in ETAS:
        malicious, honest = (
            exact.drift(theorem1.others(seats, eta, h), seats, error, h) for h in (False, True)
        )
        assert eta * malicious + (1 - eta) * honest == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("eta", ETAS)
def test_without_errors_drift_is_the_exact_gain(eta):
    for seats in (2, 3, 9, 45):
        beside = theorem1.others(seats, eta)
        for moment in (1, 2):
            gain = float(exact.dishonest_gain(beside, seats, moment=moment))
            assert exact.drift(beside, seats, 0, honest=False, moment=moment) == pytest.approx(gain, abs=1e-9)


@pytest.mark.parametrize("eta", ETAS)
def test_break_even_is_the_formula_for_independent_clients_only(eta):
    assert exact.break_even(eta) == pytest.approx(BREAK_EVEN[eta], abs=5e-4)
    for seats in (3, 45):
        independent = exact.numeric_break_even(theorem1.others(seats, eta, True, True), seats)
        assert independent == pytest.approx(exact.break_even(eta), abs=1e-9)
    of_clients = exact.numeric_break_even(theorem1.others(45, eta, True), 45)
    assert 0.008 < of_clients - exact.break_even(eta) < 0.011


@pytest.mark.parametrize(("seats", "printed"), [(2, 0.60), (4, 0.31), (6, 0.14)])
def test_ties_won_by_rejecting_would_pay(seats, printed):
    beside = exact.independent(Fraction(2, 5), seats - 1)
    assert float(exact.dishonest_gain(beside, seats, tie=1)) == pytest.approx(printed, abs=5e-3)


def test_ties_refunded_do_not_pay():
    for share in (Fraction(k, 100) for k in range(1, 50)):
        assert exact.dishonest_gain(exact.independent(share, 1), 2) == 0  # Alone or agreed: never a loser.
        for seats in (4, 6, 8):
            assert exact.dishonest_gain(exact.independent(share, seats - 1), seats) < 0


def test_the_reference_pays_what_the_formula_says():
    for seats in range(1, 12):
        for accepting in range(seats + 1):
            if accepting:
                expected = float(exact.payoff(accepting, seats))
                assert _gain(accepting, 1, seats) == pytest.approx(expected, abs=1e-15)
            if accepting < seats:
                expected = float(exact.payoff(seats - accepting, seats))
                assert _gain(accepting, 0, seats) == pytest.approx(expected, abs=1e-15)


def test_games_depend_on_the_seed_alone():
    game = Game(5, 0.3, error=0.1, honest=True)
    assert np.array_equal(gains(game, 1), gains(game, 1))
    assert not np.array_equal(gains(game, 1), gains(game, 2))
    assert np.array_equal(rejections(5, 0.3, 1), rejections(5, 0.3, 1))
    assert not np.array_equal(rejections(5, 0.3, 1), rejections(5, 0.3, 2))


def test_every_statement_about_theorem_1_holds(result):
    assert [statement.text for statement in result.statements if not statement.holds] == []
    assert len(result.statements) == 13
    assert {name: len(table) for name, table in result.tables.items()} == {
        "": 24,
        "ties": 48,
        "drift": 24,
        "break_even": 24,
        "integral": 2,
    }
    assert result.figure is not None


def test_comparisons_name_the_papers_value(result):
    first = result.comparisons[0]
    assert (first.paper, round(first.ours, 3), first.difference) == ("−0.307", -0.307, pytest.approx(0))
    assert {round(c.difference, 3) for c in result.comparisons[1:5]} == {-0.693}


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "begins"),
    [
        ("integral", "value", 0, -0.3, "Eq. 4 by"),
        ("", "gain", 23, -0.99, "With 45"),
        ("", "gain", 0, 0.1, "A voter that is always"),
        ("", "gain", 8, -0.1, "The larger"),
        ("", "opportunist_gain", 0, 0, "A coalition"),
        ("break_even", "independent", 3, 0.45, "Of independent"),
        ("break_even", "of_clients", 3, 0.44, "Drawn from"),
        ("ties", "gain", 0, 1e-3, "With stakes returned"),
        ("ties", "gain", 8, 1e-3, "With stakes returned"),
        ("ties", "gain", 15, -0.1, "If rejecting"),
        ("", "majority_off", 1, 4.1, "The chance of"),
        ("", "gain_off", 1, 4.1, "The gain of a dishonest vote is"),
        ("ties", "off", 1, 4.1, "The gain of a dishonest vote under"),
        ("drift", "off", 1, 4.1, "The gain of votes"),
    ],
)
def test_statements_fail_when_they_should(result, table, column, row, value, begins):
    tables = {name: frame.copy() for name, frame in result.tables.items()}
    tables[table].loc[row, column] = value
    assert any(s.text.startswith(begins) and not s.holds for s in statements(tables))


def test_a_mean_that_does_not_vary_must_be_met_exactly():
    assert theorem1._beside(-1, 1, [np.full(10, -1.0)])["off"] == 0
    assert theorem1._beside(-1, 1, [np.array([-1.0, -0.9])])["off"] == float("inf")
    assert theorem1._beside(0, 1, [np.array([1.0, -1.0, 1.0, 1.0])])["off"] == 1
