"""Figure 4 as an item of the reproduction: its game, its rows, its statements."""

from dataclasses import replace

import numpy as np
import pytest

from offchain.reproduction.items import voters
from offchain.reproduction.items.voters_game import ROUNDS, VotersRun, play
from offchain.reproduction.study import ETAS, STAKES, Study

SEEDS = 2


@pytest.fixture(scope="module")
def result():
    return voters.compute(Study(seeds=SEEDS))


@pytest.fixture(scope="module")
def runs():
    return {(stake, eta): [play(stake, eta, seed) for seed in range(3)] for stake in (8, 32) for eta in ETAS}


def test_there_is_a_row_for_every_round_and_curve(result):
    table = result.tables[""]
    keys = table[["clients", "eta", "series", "round"]]
    assert len(keys.drop_duplicates()) == len(table) == 2 * len(ETAS) * len(STAKES) * ROUNDS
    assert not table.isna().any().any()
    assert [axes.get_title() for axes in result.figure.axes] == [
        "(a) η = 0.1",
        "(b) η = 0.2",
        "(c) η = 0.3",
        "(d) η = 0.4",
    ]


def test_every_statement_about_figure_4_holds(result):
    assert [statement.text for statement in result.statements if not statement.holds] == []
    assert len(result.statements) == 5


def test_ruin_comes_when_an_independent_simulation_says(result):
    beside = [c for c in result.comparisons if "independent" in c.quantity]
    assert len(beside) == len(ETAS) * len(STAKES)
    assert max(abs(c.difference) for c in beside) <= 1.5
    slowest = [c for c in result.comparisons if c.paper == "≈ 40"]
    assert len(slowest) == len(ETAS)
    assert max(abs(c.difference) for c in slowest) <= 4


@pytest.mark.parametrize("eta", ETAS)
def test_what_malicious_voters_lose_honest_ones_win(runs, eta):
    for run in runs[8, eta]:
        np.testing.assert_allclose(eta * run.malicious + (1 - eta) * run.honest, 64, rtol=1e-12)
        assert run.malicious[0] <= 64 - 8 * (50 * eta - 5) / (50 * eta)  # Five of them may propose instead.
        assert run.malicious[int(run.ruin) - 1] < 1e-9 <= run.malicious[int(run.ruin) - 2]
        assert len(run.malicious) == len(run.honest) == ROUNDS


def test_the_same_seed_plays_the_same_run():
    one, other, another = play(16, 0.3, 7), play(16, 0.3, 7), play(16, 0.3, 8)
    np.testing.assert_array_equal(one.malicious, other.malicious)
    assert not np.array_equal(one.malicious, another.malicious)


def failing(runs):
    return [text for text, holds in ((s.text, s.holds) for s in voters._statements(runs)) if not holds]


def test_statements_fail_when_they_should():
    """Each statement, on curves made up to break it alone or with those that say nearly the same."""
    good = {}
    for stake in STAKES:
        t = np.arange(1, ROUNDS + 1)
        malicious = np.maximum(64 - 0.9 * stake * t, 0)
        for eta in ETAS:
            honest = (64 - eta * malicious) / (1 - eta)
            good[stake, eta] = [VotersRun(malicious, honest, float(np.argmax(malicious < stake) + 1))]
    assert failing(good) == []

    slow = good[2, 0.1][0]
    never = {**good, (2, 0.1): [replace(slow, ruin=np.nan)]}
    assert [text[:23] for text in failing(never)] == ["No malicious client can", "A larger γ_v ruins mali"]
    lingering = {**good, (2, 0.1): [replace(slow, malicious=np.maximum(slow.malicious, 2))]}
    assert [text[:15] for text in failing(lingering)] == ["After 40 rounds"]
    bent = {**good, (4, 0.2): [replace(good[4, 0.2][0], malicious=slow.malicious)]}
    assert [text[:12] for text in failing(bent)] == ["While nobody"]
    rich = {**good, (4, 0.2): [replace(good[4, 0.2][0], honest=slow.honest + 40)]}
    assert [text[:12] for text in failing(rich)] == ["Honest voter"]


def test_a_round_in_which_no_proposer_can_stake_asks_nothing_of_voters():
    # Stakes of 32 ruin soon: with this seed all five proposers of round 3 are out of tokens.
    assert not np.isnan(play(32, 0.4, 16).ruin)
