"""Columns that are not what they look like: read by what they mean, told, or refused in a sentence."""

import datetime

import pyarrow as pa
import pytest
from pyarrow import parquet

from ml.data.text.opening import opened
from ml.errors import DataError
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.reading import read_table

ROWS = 60
AGAIN = ["yes" if number % 3 else "no" for number in range(ROWS)]


@pytest.fixture
def fitted(tmp_path):
    """Fits a table of one column `x` beside the target, given as the texts of its cells."""

    def of(cells, encoding="utf-8", again=AGAIN, head="x,again", target="again", **wishes):
        lines = [
            head,
            *(
                f"{cell}{';' if ';' in head else ','}{outcome}"
                for cell, outcome in zip(cells, again, strict=True)
            ),
        ]
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


def test_a_number_that_stands_for_nothing_is_a_gap_where_that_is_said(fitted):
    cells = ["-99" if place % 8 == 0 else str(place + 120) for place in range(ROWS)]
    found = fitted(cells, missing=("-99",))
    (column,) = found.form.inputs
    assert 120 < column.mean == column.gap < 120 + ROWS and column.flag and found.notes == ()
    assert found.form.read.missing == ("-99",)


@pytest.mark.parametrize("rows", [ROWS, 9_000])  # More different days than are kept are read once more.
def test_a_date_that_stands_for_nothing_is_a_gap_where_that_is_said(fitted, rows):
    days = [f"{datetime.date(2000, 1, 1) + datetime.timedelta(place)}" for place in range(rows)]
    cells = ["1900-01-01" if place % 8 == 0 else day for place, day in enumerate(days)]
    found = fitted(cells, again=AGAIN * (rows // ROWS), missing=("1900-01-01",))
    (column,) = found.form.inputs
    assert column.scale < rows / 3 and column.flag and column.gap == column.mean > 10_000


def test_dates_without_marks_are_told_and_read_where_that_is_said(fitted):
    cells = [f"2020{place % 12 + 1:02}{place % 28 + 1:02}" for place in range(ROWS)]
    assert "where 20200101 is a date, say --kind x=date" in " ".join(fitted(cells).notes)
    (column,) = fitted(cells, kinds={"x": "date"}).form.inputs
    assert column.kind == "date" and column.formats == ("%Y%m%d",)


@pytest.mark.parametrize("cell", ["{} kg", "R$ {}.50", "{}.50 kr"])
def test_numbers_beside_a_word_are_told(fitted, cell):
    notes = fitted([cell.format(number) for number in range(ROWS)], kinds={"x": "category"}).notes
    assert "x is taken for categories; where" in " ".join(notes)


@pytest.mark.parametrize("target", ["x", "again"])
def test_words_that_look_like_others_are_told(fitted, target):
    """Of a column's three words two look the same: the letters of one are of two alphabets."""
    words = [("yes", "no", "n\u043e")[place % 3] for place in range(ROWS)]
    (note,) = fitted(words, target=target).notes
    assert note == (
        "x holds 'n\u043e', of Cyrillic and Latin letters ('n\\u043e'); is it another word mistyped?"
    )
    assert fitted(["\u0434\u0430", "\u03b2-blocker", "\u00b5m", "d\u00e9c\u00e8s"] * (ROWS // 4)).notes == ()


def test_numbers_in_several_units_are_told(fitted):
    cells = [f"{place} kg" if place % 3 else f"{place}000 g" for place in range(ROWS)]
    notes = fitted(cells, kinds={"x": "category"}).notes
    assert notes == (
        "x is taken for categories; where '57000 g', '59 kg' are numbers in several units, write them "
        "in one, alone",
    )
    assert fitted([f"T{place % 4}{'abc'[place % 3]}" for place in range(ROWS)]).notes == ()


def test_numbers_with_the_other_sign_before_the_fraction_are_told(fitted):
    beside = [f"{place}.25;{place},5" for place in range(ROWS)]
    told = "'0,5' has ',' before its fraction, where the file's other numbers have '.'; write all alike"
    kinds = {"x": "category"}
    assert fitted(beside, head="x;y;again", kinds=kinds).notes == (f"y is taken for categories: {told}",)
    told = "x is taken for categories; where '0.25' is a number, write it with ',' before its fraction"
    assert fitted(beside, head="x;y;again", kinds=kinds, decimal=",").notes == (told,)
    quoted = fitted([f'"{place % 30},5"' for place in range(ROWS)]).notes
    assert quoted == (
        "x is taken for categories; where '0,5' is a number, write it with '.' before its fraction",
    )


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


@pytest.mark.parametrize(
    ("head", "line", "places"),
    [
        (",x,again", "{0},{1},{2}", "1"),  # As pandas writes its index.
        ("x,again,,", "{1},{2},{0},", "3, 4"),
        ("x,again,,", "{1},{2}", "3, 4"),
        (",,x,,,,again,", ",,{1},,7,,{2},", "1, 2, 4, 5, 6, …"),
    ],
)
def test_columns_without_a_name_are_told_and_shift_nothing(tmp_path, head, line, places):
    lines = [line.format(number, number + 20, AGAIN[number]) for number in range(ROWS)]
    (tmp_path / "x.csv").write_text("\n".join([head, *lines]))
    found = fit(tmp_path / "x.csv", Wishes(("again",)))
    assert found.left_out == {"columns without a name": f"{places}; name them in the first line to use them"}
    (column,) = found.form.inputs
    assert (column.column, column.mean) == ("x", 49.5)
    assert read_table(found.form, tmp_path / "x.csv", 0, False).usage.used == ROWS


def test_lines_of_more_cells_than_the_header_are_none_of_the_table(tmp_path):
    lines = [f"{number},{AGAIN[number]}" + ",7" * (number == 5) for number in range(ROWS)]
    (tmp_path / "x.csv").write_text("\n".join(["x,again", *lines]))
    form = fit(tmp_path / "x.csv", Wishes(("again",))).form
    usage = read_table(form, tmp_path / "x.csv", 0.1, False).usage
    assert (usage.used, usage.broken) == (ROWS - 1, 1)


def test_nested_columns_of_a_parquet_file_are_left_out_and_durations_are_seconds(tmp_path):
    stored = {
        "tags": [["a", "b"]] * ROWS,
        "home": [{"zip": "01067", "floor": 2}] * ROWS,
        "stay": [datetime.timedelta(minutes=number) for number in range(ROWS)],
        "again": AGAIN,
    }
    parquet.write_table(pa.table(stored), tmp_path / "x.parquet")
    found = fit(tmp_path / "x.parquet", Wishes(("again",)))
    assert found.left_out == {
        "tags": "it is list<element: string>; one value a row is needed",
        "home": "it is struct<zip: string, floor: int64>; one value a row is needed",
    }
    (column,) = found.form.inputs
    assert (column.column, column.kind, column.mean) == ("stay", "number", 60 * (ROWS - 1) / 2)
    assert read_table(found.form, tmp_path / "x.parquet", 0, False).usage.used == ROWS
    with pytest.raises(
        DataError, match="column tags of .*x.parquet cannot be written as text: it holds list"
    ):
        fit(tmp_path / "x.parquet", Wishes(("again",), keep=("tags",)))
