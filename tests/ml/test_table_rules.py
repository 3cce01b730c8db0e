"""Tables' rules over two columns, bounds, spellings, outcomes that are not meant: as a person writes them."""

import json

import numpy as np
import pytest

from ml.errors import DataError, TaskError
from ml.tasks.loading import Named
from ml.tasks.tables.form import Form, read_form
from ml.tasks.tables.reading import look_through, read_table
from offchain.learning.describing import training_of

DATES = {"column": "waited", "kind": "between", "since": "referred", "until": "seen", "mean": 0, "scale": 1}
RATIO = {"column": "burden", "kind": "ratio", "of": "debt", "to": "income", "mean": 0, "scale": 1}
OUTCOME = {"column": "well", "kind": "classes", "values": ["no", "yes"]}
TABLE = """referred,seen,debt,income,ward,well
2021-01-31,2021-02-01,10,40,icu,no
01/31/2021,Mar-2021,1,,ICU,yes
2021-05-02,2021-05-01,-3,2,Intensive  care,no
,2022-01-01,7,0,eye_unit,yes
2021-01-01,2021-01-01 12:00,x,4,Eye Unit,yes
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "rows.csv").write_text(TABLE)
    return tmp_path / "rows.csv"


def form(*inputs, **more):
    return Form.model_validate({"format": 1, "target": OUTCOME, "inputs": inputs, **more})


def column(path, made, **more):
    """The values of the rows that can be used of one made column; −99 stands for gaps."""
    rows = read_table(form({**made, "gap": -99}, **more), path, 1, accept=True)
    return rows, rows.inputs[:, 0].tolist()


def test_the_time_between_two_dates(path):
    assert column(path, {**DATES, "unit": "months"})[1] == [1, 2, 0, -99, 0]
    _, found = column(path, {**DATES, "unit": "days"})
    np.testing.assert_allclose(found, [1, 29, -1, -99, 0])


def test_dates_of_given_formats_are_read_by_them_alone(path):
    rows, found = column(path, {**DATES, "unit": "days", "formats": ["%Y-%m-%d", "%Y-%m-%d %H:%M"]})
    assert found == [1, -1, -99, 0.5] and rows.usage.used == 4
    assert "such as '01/31/2021 and Mar-2021' in line 3, expected days between referred and seen" in " ".join(
        rows.usage.told()
    )


@pytest.mark.parametrize(
    "gap, stands", [(None, "2021-03-02"), (18628.4, "2021-01-01"), (9e9, "9e+09 days after 1970-01-01")]
)
def test_the_date_that_stands_for_a_gap_is_told_as_people_write_it(path, gap, stands):
    made = {
        "column": "referred",
        "kind": "date",
        "formats": ["%Y-%m-%d", "%m/%d/%Y"],
        "mean": 18688,
        "scale": 30,
    }
    told = read_table(form({**made, "gap": gap, "flag": True}), path, 1, accept=True).told
    assert (
        f"referred is empty in 1 of the rows used; {stands} stands for it, and an input of its own says so"
        in told
    )


def test_one_number_for_each_of_another(path):
    rows, found = column(path, RATIO)
    assert found == [0.25, -99, -1.5]
    faults = rows.usage.columns["burden"]
    assert (faults.missing, faults.unreadable) == (0, 2), "a division by zero and a word cannot be read"
    assert (faults.example, faults.line, faults.expected) == ("'7 and 0'", 5, "debt divided by income")


@pytest.mark.parametrize(
    "bounds,kept",
    [({"least": 0}, [0.25, -99]), ({"most": 0}, [-99, -1.5]), ({"least": -1.5}, [0.25, -99, -1.5])],
)
def test_what_lies_outside_its_bounds_cannot_be_read(path, bounds, kept):
    rows, found = column(path, {**RATIO, **bounds})
    assert found == kept and rows.usage.lost == 5 - len(kept)


def test_a_plain_number_has_bounds_too(path):
    made = {"column": "debt", "kind": "number", "mean": 0, "scale": 1, "least": 0, "most": 7}
    assert column(path, made)[1] == [1, 7]


def test_a_gap_of_either_is_a_gap(path):
    left = form({**RATIO, "flag": False})
    assert "burden is missing in 1" in " ".join(look_through(left, path, 1))
    flagged = read_table(form({**RATIO, "flag": True}), path, 1, accept=True)
    assert flagged.names == ("burden", "burden is missing") and flagged.inputs[:, 1].tolist() == [0, 1, 0]


def test_values_however_they_are_written(path):
    ward = {"column": "ward", "kind": "category", "values": ["icu", "eye unit"], "loose": True}
    spelt = {**ward, "spellings": {"intensive care": "icu"}}
    rows = read_table(form(spelt), path, 0, accept=False)
    assert rows.inputs.tolist() == [[1, 0, 0]] * 3 + [[0, 1, 0]] * 2
    assert rows.told == () and set(rows.columns["ward"]) == {"icu", "eye unit"}
    assert not rows.usage.columns
    exact = read_table(form({**ward, "loose": False}), path, 0, accept=True)
    assert exact.inputs.tolist() == [[1, 0, 0]] + [[0, 0, 1]] * 4


def test_what_is_a_value_is_no_gap_however_it_is_written(path):
    path.write_text(TABLE.replace("Intensive  care", "None"))
    ward = {"column": "ward", "kind": "category", "values": ["icu", "none"], "loose": True, "flag": True}
    assert read_table(form(ward), path, 0, accept=True).inputs[2].tolist() == [0, 1, 0, 0]


def test_other_outcomes_are_faults_or_set_apart(path):
    path.write_text(
        TABLE.replace(",no", ",open").replace("eye_unit,yes", "eye_unit,") + "2021-01-01,,,,icu,NO\n"
    )
    income = {"column": "income", "kind": "number", "mean": 0, "scale": 1, "gap": 0}
    with pytest.raises(DataError, match="4 of 6 rows .* cannot be used"):
        read_table(form(income), path, 0.1, accept=True)
    apart = form(income).model_copy(
        update={"target": form(income, target={**OUTCOME, "others": "apart", "loose": True}).target}
    )
    rows = read_table(apart, path, 0, accept=True)
    assert rows.targets.tolist() == [1, 1, 0] and not rows.usage.columns
    assert rows.usage.apart == {"of well 'open'": 2, "without a well": 1}


def test_a_file_says_how_members_train(tmp_path):
    said = form(RATIO, simulation={"batch": 64, "metric": "auroc"})
    (tmp_path / "t.json").write_text(said.model_dump_json())
    task = Named(str(tmp_path / "t.json"), {}).load()
    training = training_of(task)
    assert (training.batch, training.learning_rate, task.simulation["metric"]) == (64, 1e-3, "auroc")
    plain = form(RATIO)
    assert said.canonical != plain.canonical and b"simulation" not in plain.canonical


WARD = {"column": "ward", "kind": "category", "values": ["icu", "eye unit"]}
BAD = {
    "source is the target": ([{**RATIO, "of": "well"}], {}, "the target 'well' is among the inputs"),
    "source is dropped": ([RATIO], {"drop": ["debt"]}, "'debt' is among the inputs and in drop"),
    "no second": ([{k: v for k, v in RATIO.items() if k != "to"}], {}, "inputs.0.ratio.to: Field required"),
    "unit": ([{**DATES, "unit": "weeks"}], {}, "inputs.0.between.unit: .*'days' or 'months'"),
    "bounds": ([{**RATIO, "least": 2, "most": 1}], {}, "inputs.0.ratio: least 2 is above most 1"),
    "key": ([{**DATES, "unit": "days", "untill": "x"}], {}, "untill: there is no such key; is it until"),
    "spelling of nothing": ([{**WARD, "spellings": {"i": "ic"}}], {}, "'i' for 'ic', which is not among"),
    "two meanings": (
        [{**WARD, "spellings": {"ICU": "eye unit"}, "loose": True}],
        {},
        "'ICU' is written as 'icu' may be, and is to be 'eye unit'",
    ),
    "two targets": (
        [RATIO],
        {"target": None, "targets": [{**OUTCOME, "others": "apart"}, {**OUTCOME, "column": "home"}]},
        "'well' sets other outcomes apart, which is for a target that is the only one",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_rule_that_cannot_be_is_one_sentence(tmp_path, case):
    inputs, more, sentence = BAD[case]
    content = {"format": 1, "target": OUTCOME, "inputs": inputs, **more}
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(TaskError, match=sentence) as caught:
        read_form(tmp_path / "t.json")
    assert "\n" not in str(caught.value)
