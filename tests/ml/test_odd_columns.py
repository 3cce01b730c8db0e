"""Columns that are not what they look like: read by what they mean, told, or refused in a sentence."""

import pytest

from ml.data.text.opening import opened
from ml.errors import DataError
from ml.tasks.tables.fitting import Wishes, fit

ROWS = 60
AGAIN = ["yes" if number % 3 else "no" for number in range(ROWS)]


@pytest.fixture
def fitted(tmp_path):
    """Fits a table of one column `x` beside the target, given as the texts of its cells."""

    def of(cells, encoding="utf-8", again=AGAIN, head="x,again", target="again", **wishes):
        lines = [head, *(f"{cell},{outcome}" for cell, outcome in zip(cells, again, strict=True))]
        (tmp_path / "x.csv").write_text("\n".join(lines), encoding)
        return fit(tmp_path / "x.csv", Wishes((target,), **wishes))

    return of


@pytest.mark.parametrize(
    "nothing", ["-", "--", ".", "?", "*", "(null)", "\u2013", "\u2014", "n.a.", "not known"]
)
def test_whatever_stands_for_no_number_is_a_gap(fitted, nothing):
    found = fitted([nothing if number % 8 == 0 else number + 20 for number in range(ROWS)])
    (column,) = found.form.inputs
    assert column.kind == "number" and 20 < column.mean < 80 and nothing in found.form.read.missing
    assert any("count as gaps" in note for note in found.notes)


@pytest.mark.parametrize("number", ["999", "-99", "-9999", "-1"])
def test_a_number_far_from_all_others_is_told(fitted, number):
    cells = [number if place % 8 == 0 else str(place + 120) for place in range(ROWS)]
    assert any(f"x is {number} in 8 cells, far from all others" in note for note in fitted(cells).notes)
    assert fitted([str(place + 120) for place in range(ROWS)]).notes == ()


def test_dates_without_marks_are_told_and_read_where_that_is_said(fitted):
    cells = [f"2020{place % 12 + 1:02}{place % 28 + 1:02}" for place in range(ROWS)]
    assert "where 20200101 is a date, say --kind x=date" in " ".join(fitted(cells).notes)
    (column,) = fitted(cells, kinds={"x": "date"}).form.inputs
    assert column.kind == "date" and column.formats == ("%Y%m%d",)


@pytest.mark.parametrize("cell", ["{} kg", "R$ {}.50", "{}.50 kr"])
def test_numbers_beside_a_word_are_told(fitted, cell):
    notes = fitted([cell.format(number) for number in range(ROWS)], kinds={"x": "category"}).notes
    assert "x is taken for categories; where" in " ".join(notes)


def test_hours_of_the_afternoon_are_a_date(fitted):
    (column,) = fitted([f"3/{n % 28 + 1}/2020 {n % 12 + 1}:00:00 PM" for n in range(ROWS)]).form.inputs
    assert column.formats == ("%m/%d/%Y %I:%M:%S %p",)


@pytest.mark.parametrize(("one", "other"), [("no", "NO"), ("1", "1.0"), ("not_now", "Not now")])
def test_two_ways_to_write_an_outcome_are_refused(fitted, one, other):
    again = [one if number % 3 else (other if number % 2 else "yes") for number in range(ROWS)]
    with pytest.raises(DataError, match="two outcomes that are one, as it seems; write each in one way"):
        fitted(range(ROWS), again=again)


def test_columns_are_found_under_any_spelling(fitted):
    form = fitted(range(ROWS), head="Age (years),Again ", target="again", keep=("age years",)).form
    assert form.target.column == "Again" and form.inputs[0].column == "Age (years)"


def test_an_encoding_that_is_guessed_is_told(fitted):
    found = fitted(["caf\u00e9" if number % 2 else "bar" for number in range(ROWS)], "latin-1")
    assert found.notes == (
        "the file is no UTF-8 and is read as cp1252; where letters look wrong, say --encoding",
    )


def test_a_table_of_its_target_alone_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("again\n" + "yes\nno\n" * 30)
    with pytest.raises(DataError, match="no column to learn from .there is no other column"):
        fit(tmp_path / "x.csv", Wishes(("again",)))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xef\xbb\xbf <html>", "a web page"),
        (b'{\n "age": 1}', "a JSON document"),
        (b'[ {"age": 1}]', "a JSON document"),
    ],
)
def test_what_is_no_table_is_told_however_it_begins(tmp_path, content, told):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError, match=told), opened(tmp_path / "x.csv"):
        pass
