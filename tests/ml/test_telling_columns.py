"""A column that is known only after the outcome, and tells it, is told when a table is looked at."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from ml.settings import ALLOWED_MISSING
from ml.tasks.tables import telling
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.reading import look_through
from scripts.encoding import cli

ROWS = 1000
DRAW = np.random.default_rng(31)
SIZE = DRAW.normal(0, 1, ROWS)
STAYS = np.where(SIZE + DRAW.normal(0, 1, ROWS) > 0, "yes", "no")  # SIZE says something, and no more.
COST = 50 * SIZE + DRAW.normal(0, 50, ROWS)
DIED = np.where(SIZE + DRAW.normal(0, 1, ROWS) > 1, "yes", "no")
GRADE = np.array(["low", "mid", "high"])[np.digitize(SIZE + DRAW.normal(0, 0.5, ROWS), [-0.5, 0.5])]


def told(folder, rows=ROWS, targets=("stays",), **columns):
    known = {"size": SIZE.round(3), "stays": STAYS, "died": DIED, "cost": COST.round(2), "grade": GRADE}
    table = pd.DataFrame(known | columns)
    used = table[list(dict.fromkeys(["size", *targets, *columns]))].iloc[:rows]
    used.to_csv(folder / "t.csv", index=False)
    form = fit(folder / "t.csv", Wishes(targets)).form
    return [each for each in look_through(form, folder / "t.csv", ALLOWED_MISSING) if "alone" in each]


def test_what_says_something_is_not_told(tmp_path):
    assert told(tmp_path) == told(tmp_path, targets=("cost",)) == told(tmp_path, targets=("grade",)) == []


@pytest.mark.parametrize(
    "target, column",
    [
        ("stays", np.where(STAYS == "yes", DRAW.uniform(0, 9, ROWS), DRAW.uniform(11, 20, ROWS))),
        ("stays", np.where(STAYS == "yes", "2024-03-01", "2023-02-01")),
        ("stays", np.where(STAYS == "yes", "kept", np.where(SIZE > 0, "left", "sold"))),
        ("stays", np.where(STAYS == "yes", "", SIZE.round(1).astype(str))),
        ("grade", np.select([GRADE == "low", GRADE == "mid"], [-5.0, 40.0], 7.0) + DRAW.normal(0, 1, ROWS)),
        ("cost", COST + DRAW.normal(0, 5, ROWS)),
    ],
    ids=["number", "date", "category", "gap", "of-three", "amount"],
)
def test_what_tells_the_target_is_told_whatever_it_is(tmp_path, target, column):
    (sentence,) = told(tmp_path, targets=(target,), **{"known after": column})
    assert sentence.startswith("known after alone tells 9") or sentence.startswith(
        "known after alone tells 100%"
    )
    assert f"of {target}: where it is known only once {target} is" in sentence
    assert sentence.endswith("leave it out (--drop 'known after')")


def test_of_several_targets_the_one_that_is_told_is_named(tmp_path):
    after = np.where(DIED == "yes", 1.0, 0.0) + DRAW.normal(0, 0.1, ROWS)
    (sentence,) = told(tmp_path, targets=("stays", "died"), after=after)
    assert "after alone tells 100% of died" in sentence


def test_of_few_rows_nothing_is_said(tmp_path):
    assert told(tmp_path, rows=190, after=STAYS) == [] and len(told(tmp_path, rows=210, after=STAYS)) == 1


def test_of_many_rows_the_first_are_looked_at(tmp_path, monkeypatch):
    after = np.where(np.arange(ROWS) < 400, STAYS, "no")
    assert told(tmp_path, after=after) == []
    monkeypatch.setattr(telling, "_MOST", 400)
    assert len(told(tmp_path, after=after)) == 1


def test_where_nearly_all_are_of_one_outcome_nothing_tells_it_that_says_it_of_all(tmp_path):
    rare = np.where(DRAW.uniform(size=ROWS) < 0.03, "yes", "no")
    assert told(tmp_path, targets=("fraud",), fraud=rare) == []


def test_the_command_says_it_and_leaves_the_column_out_when_asked(tmp_path):
    after = np.where(STAYS == "yes", 3.0, 8.0) + DRAW.normal(0, 0.5, ROWS)
    pd.DataFrame({"size": SIZE, "after": after, "stays": STAYS}).to_csv(tmp_path / "t.csv", index=False)
    command = ["--data", str(tmp_path / "t.csv"), "--target", "stays", "--out", str(tmp_path / "t.json")]
    said = CliRunner().invoke(cli, command)
    assert said.exit_code == 0 and "after alone tells 100% of stays" in said.output, said.output
    said = CliRunner().invoke(cli, [*command, "--drop", "after"])
    assert said.exit_code == 0 and "alone" not in said.output, said.output
