"""What voters of few rows tell apart: rates by hand, and from rounds of honest learning."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from small_runs import small

from ml.data.splits import ClientData
from ml.errors import DataError
from ml.judging.detection import detected, excluded
from ml.tasks.targets import Labels
from offchain.simulation.detection import HONEST, judging_rows
from offchain.simulation.federation import all_rows
from scripts.detection import cli

SMALL = (
    "--clients 10 --task-option rows=3000 --rounds 4 --judging-rows 10 --judging-rows 100 --seeds 2".split()
)
HONEST_RISES = np.arange(10) / 10
POISONED_RISES = np.array([0.5, 0.85, 0.95, 2.0])


@pytest.mark.parametrize(
    ("rejected", "expected"),
    [(0.0, 0.5), (0.05, 0.5), (0.1, 0.75), (0.5, 0.75 + 0.25), (1.0, 1.0)],
)
def test_detection_at_a_share_of_honest_rejection(rejected, expected):
    # Thresholds .9, .9, .8, .4, and none: an honest pair at the threshold passes.
    assert detected(HONEST_RISES, POISONED_RISES, True, rejected) == expected
    assert detected(-HONEST_RISES, -POISONED_RISES, False, rejected) == expected


def test_what_looks_like_honest_updates_is_not_detected():
    same = np.zeros(50)
    assert detected(same, same, True, 0.02) == 0
    assert detected(same, same, True, 1.0) == 1


def test_an_update_without_a_majority_is_excluded():
    refused = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
    # Two of four is no majority. With two in five ballots for it, .6·.5 + .4, and .6·0 + .4 for the last.
    assert excluded(refused) == pytest.approx(2 / 3)
    assert excluded(refused, 0.4) == pytest.approx(1 / 3)
    # Against them: .6·.5, .6·.75 and .6·0.
    assert excluded(refused, 0.4, lies=False) == 1


def client(targets):
    y = np.array(targets, dtype=np.float32)
    X = np.arange(len(y), dtype=np.float32)[:, None]
    return ClientData(X[2:], y[2:], X[:2], y[:2])


def test_few_rows_have_both_outcomes():
    few = judging_rows(client([0, 0, 0, 0, 0, 1, 0, 0]), Labels(), 3)
    assert few.X_validation.ravel().tolist() == [0, 5] and few.X_train.ravel().tolist() == [1]
    assert few.y_validation.tolist() == [0, 1]
    many = judging_rows(client([0, 1] * 20), Labels(), 20)
    assert (len(many.y_validation), len(many.y_train)) == (4, 16)


@pytest.mark.parametrize(
    ("targets", "count", "words"),
    [
        ([0, 1, 0], 4, "a client has 3 rows and 4 are to judge"),
        ([0, 0, 0], 2, "the 3 rows of a client have one outcome only"),
    ],
)
def test_too_few_rows_are_said(targets, count, words):
    with pytest.raises(DataError, match=words):
        judging_rows(client(targets), Labels(), count)


@pytest.fixture(scope="module")
def detection_told(tmp_path_factory):
    out = tmp_path_factory.mktemp("detection") / "found"
    result = CliRunner().invoke(cli, [*SMALL, "--policy", "evidence", "--out", out])
    assert result.exit_code == 0, result.output
    return out


def test_curves_and_rates_are_written(detection_told):
    curves, rates = pd.read_csv(detection_told / "curves.csv"), pd.read_csv(detection_told / "rates.csv")
    assert set(curves.kind) == {"label-flip", "sign-flip", "anti"} and set(curves["rows"]) == {10, 100}
    assert not curves.detected.isna().any()
    rising = curves.sort_values("rejected").groupby(["rows", "kind", "test"]).detected
    assert rising.apply(lambda values: values.is_monotonic_increasing).all()
    assert (rising.last() == 1).all()
    found = json.loads((detection_told / "detection.json").read_text())
    assert found["schema"] == "stakefed.detection/1" and found["follows_from"]["seeds"] == [0, 1]
    assert len(found["rates"]) == len(rates)
    assert (detection_told / "detection.png").stat().st_size > 10_000


def test_more_rows_tell_more_and_honest_updates_pass(detection_told):
    rates = pd.read_csv(detection_told / "rates.csv").set_index(["policy", "rows", "kind"])
    # Two seeds, four rounds: one proposer, of the coalition or honest.
    assert set(rates.updates) == {2 * 4}
    likelihood = rates.loc["likelihood"]
    assert likelihood.loc[100, "sign-flip"].refused > 0.8 > 0.1 > likelihood.loc[100, HONEST].refused
    curves = pd.read_csv(detection_told / "curves.csv")
    at = curves[(curves.test == "evidence, step 0.5") & (curves.rejected == 0.05)]
    by_rows = at[at.kind == "label-flip"].set_index("rows").detected
    assert by_rows[100] > by_rows[10]


def test_the_same_seed_tells_the_same(detection_told, tmp_path):
    CliRunner().invoke(cli, [*SMALL, "--policy", "evidence", "--out", tmp_path])
    for name in ("curves.csv", "rates.csv"):
        assert (tmp_path / name).read_bytes() == (detection_told / name).read_bytes()


SMALL_MODULE = """
import numpy as np
from torch import nn
from stakefed import Labels, Rows, Task

class Late(Task):
    target = Labels()
    takes = ""
    def module(self): return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))
    def rows(self, path):
        x = np.random.default_rng(0).standard_normal((1000, 3))
        return Rows(x, x[:, 0] > 0)
"""


def test_of_a_small_module_those_tests_are_told_that_are_asked_of_it(tmp_path):
    (tmp_path / "own.py").write_text(SMALL_MODULE)
    options = "--clients 8 --rounds 2 --judging-rows 40 --kind label-flip --kind sign-flip".split()
    result = CliRunner().invoke(
        cli, ["--task", f"{tmp_path}/own.py:Late", *options, "--out", tmp_path / "found"]
    )
    assert result.exit_code == 0, result.output
    told = set(pd.read_csv(tmp_path / "found/curves.csv").test)
    assert {"contrast, 2 errors", "contrast, 4 errors"} < told
    assert not any(name.startswith(("relation", "direction")) for name in told)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "labelflip"], "there is no attack 'labelflip'; use FILE.py:function or one of"),
        (["--judging-rows", "5000"], "rows and 5000 are to judge; use fewer clients"),
        (["--judging-rows", "1"], "1 is not in the range"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(tmp_path, arguments, words):
    result = CliRunner().invoke(cli, [*SMALL, *arguments, "--out", tmp_path / "none"])
    assert result.exit_code and words in result.output
    assert not (tmp_path / "none").exists()


def test_judges_rows_are_their_own():
    data = all_rows(small())
    few = judging_rows(data.clients[0], Labels(), 20)
    own = np.concatenate([data.clients[0].X_validation, data.clients[0].X_train])
    judged = np.concatenate([few.X_validation, few.X_train])
    assert len(judged) == 20 and all((own == row).all(axis=1).any() for row in judged)
