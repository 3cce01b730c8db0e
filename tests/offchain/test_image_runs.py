"""Runs on images: the same engine, stakes and votes, with other rows and another network."""

import numpy as np
import pytest
from small_runs import digits, records, simulation, timeless

from ml.errors import ScoreError
from offchain.settings import parse_settings


def test_a_run_on_digits_learns_and_repeats():
    settings = digits(malicious=0.4, oracle=True)
    played = records(settings)
    assert [timeless(r) for r in played] == [timeless(r) for r in records(settings)]
    last = played[-1]
    assert last.baselines["oracle"]["auroc"] > 0.75
    assert last.baselines["oracle"]["auroc"] > last.baselines["without_defence"]["auroc"]
    assert np.isfinite([s["accuracy"] for s in last.baselines.values()]).all()


def test_voters_whose_labels_say_nothing_are_refused_before_the_first_round():
    settings = digits(clients=100, rows=650, dirichlet_alpha=0.001)
    with pytest.raises(ScoreError, match="have one outcome only, where auroc is undefined"):
        simulation(settings)


@pytest.mark.parametrize("shares", ["dirichlet", "patient"])
def test_a_run_on_real_chest_x_rays_finishes(real_images, tmp_path, shares):
    settings = parse_settings(
        dict(dataset="chest-xray", data=real_images, cache=tmp_path, shares=shares, clients=5, rounds=2)
        | dict(engine="reference", image_size=32)
    )
    played = records(settings)
    assert len(played) == 2
    assert 0.3 < played[-1].scores["auroc"] < 0.8
