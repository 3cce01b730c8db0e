"""The picture of a run says which of its rounds malicious voters decided."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from small_runs import simulation, small

from offchain.reproduction.figures import band, eta_panels
from offchain.runs.plots import captured, plot_run
from offchain.simulation.cast import Cast

VOTES = dict(malicious=0.2, malicious_voters=0.4, voter_seats=3, rounds=6, baselines=False)


@pytest.fixture(scope="module")
def run_of_six():
    settings = small(**VOTES)
    run = simulation(settings)
    return settings, run.cast, [run.play_round() for _ in range(settings.rounds)]


def test_a_round_is_captured_where_malicious_voters_cast_most_ballots(run_of_six):
    _, cast, records = run_of_six
    lost = captured(cast, records)
    assert 0 < len(lost) < len(records)
    for record in records:
        malicious = [voter for voter in record.ballots if voter in cast.voters]
        assert (record.round in lost) == (len(malicious) >= 2)  # Of three.


def test_captured_rounds_are_marked_in_all_parts_and_named_once_in_each(run_of_six, tmp_path, monkeypatch):
    settings, cast, records = run_of_six
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: drawn.append(figure))
    plot_run(tmp_path / "run.png", settings, cast, records)
    for axes in drawn[0].axes:
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels.count("committee captured") == 1
    plot_run(tmp_path / "run.png", settings, Cast(frozenset(), frozenset()), records)
    assert "committee captured" not in [t.get_text() for t in drawn[1].axes[0].get_legend().get_texts()]


def test_no_half_rounds_are_marked(run_of_six, tmp_path, monkeypatch):
    settings, cast, records = run_of_six
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: drawn.append(figure))
    plot_run(tmp_path / "run.png", settings, cast, records[:3])
    figure, panels = eta_panels((0.1, 0.2), "tokens")
    for axes in panels.values():
        band(axes, np.ones((2, 3)), "honest", "blue")
    for axes in (*drawn[0].axes, *figure.axes):
        assert all(place.is_integer() for place in axes.get_xticks().tolist())
