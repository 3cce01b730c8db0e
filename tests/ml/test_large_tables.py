"""Tables of many rows: what is kept of a column does not grow with them, and still says what it is."""

import csv
import datetime

import numpy as np
import pytest

from ml.data.text import records
from ml.data.text.cells import EMPTY, MISSING, number, plain_numbers
from ml.settings import ALLOWED_MISSING
from ml.tasks.tables import cells, counting
from ml.tasks.tables.cells import NumberCells, cells_of, number_rule
from ml.tasks.tables.counting import Frequent, Moments, Seen
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.form import NumberColumn, Reading
from ml.tasks.tables.reading import look_through, read_table

ROWS = 3_000


@pytest.fixture
def path(tmp_path):
    """A table of amounts, codes of places, days, words between numbers, free text."""
    draw = np.random.default_rng(3)
    start = datetime.date(2010, 1, 1)
    columns = {
        "amount": [f"{value:.2f}" for value in draw.lognormal(8, 1, ROWS)],
        "place": [f"{number:03}xx" for number in draw.integers(0, 400, ROWS)],
        "day": [str(start + datetime.timedelta(int(day))) for day in draw.integers(0, 3000, ROWS)],
        "test": ["unknown" if n % 5 == 0 else f"{value:.3f}" for n, value in enumerate(draw.random(ROWS))],
        "ward": draw.choice(["icu", "surgery", "eye"], ROWS),
        "note": [f"{number} words of somebody" for number in range(ROWS)],
        "again": np.where(draw.random(ROWS) < 0.4, "yes", "no"),
    }
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values(), strict=True)])
    return tmp_path / "rows.csv"


def in_small_pieces(monkeypatch, kept):
    monkeypatch.setattr(records, "_PIECE", 700)  # A hundred rows.
    monkeypatch.setattr(counting, "_KEPT_TEXTS", kept)


def test_a_table_of_too_many_texts_to_keep_gives_the_same_task(path, monkeypatch):
    expected = fit(path, Wishes(("again",), drop=("place",)))
    in_small_pieces(monkeypatch, kept=120)
    found = fit(path, Wishes(("again",), drop=("place",)))
    assert found.form == expected.form and found.form.read.missing == ("unknown",)
    assert set(found.left_out) == {"place", "note"} and "at least" in found.left_out["note"]


def test_dates_of_too_many_days_to_keep_are_read_once_more(path, monkeypatch):
    expected = fit(path, Wishes(("again",)))
    in_small_pieces(monkeypatch, kept=50)
    (day,) = (each for each in fit(path, Wishes(("again",))).form.inputs if each.column == "day")
    assert day in expected.form.inputs


def test_what_is_kept_of_a_column_does_not_grow(monkeypatch):
    monkeypatch.setattr(counting, "_KEPT_TEXTS", 50)
    seen = Seen()
    for piece in range(40):
        seen.add([f"text {piece} {n}" for n in range(100)] + ["often"] * 5, {".": float_or_none})
        assert len(seen.texts) <= 100
    assert (
        seen.present == 40 * 105
        and not seen.is_exact
        and seen.words.counts.most_common(1) == [("often", 200)]
    )
    assert seen.differing_share == pytest.approx(101 / 105)


def float_or_none(text):
    return float("inf")


def test_what_comes_late_and_often_is_found(monkeypatch):
    monkeypatch.setattr(counting, "_KEPT_TEXTS", 10)
    kept = Frequent()
    kept.add({str(n): 1 for n in range(200)})
    for _ in range(5):
        kept.add({"late": 4} | {f"x{n}": 1 for n in range(15)})
    assert kept.counts.most_common(1) == [("late", 20)]


def test_moments_of_texts_that_repeat_are_those_of_all_cells():
    values, weights = np.array([1.5, -2.0, 7.0]), np.array([4.0, 1.0, 2.0])
    moments = Moments()
    moments.add(values[:2], weights[:2])
    moments.add(values[2:], weights[2:])
    cells = np.repeat(values, weights.astype(int))
    assert moments.count == 7
    assert (moments.mean, moments.spread) == pytest.approx((cells.mean(), cells.std()))


def test_a_task_reads_the_rows_that_it_was_made_of_though_most_values_are_rare(path):
    form = fit(path, Wishes(("again",))).form
    place = next(each for each in form.inputs if each.column == "place")
    assert len(place.values) == 50 and place.rare > 0.7
    rows = read_table(form, path, ALLOWED_MISSING, accept=False)
    assert rows.usage.used == ROWS and not any("place" in sentence for sentence in rows.told)


def test_looking_through_tells_what_reading_tells_and_keeps_nothing(path):
    form = fit(path, Wishes(("again",))).form
    rows = read_table(form, path, ALLOWED_MISSING, accept=False)
    assert look_through(form, path, ALLOWED_MISSING) == (*rows.usage.told(), *rows.told)


ODD = [
    *(
        "1_0",
        "inf",
        "nan",
        "-inf",
        "infinity",
        "1e999",
        "-1e999",
        "1e",
        "e5",
        "+",
        ".",
        "-.",
        "1.",
        ".5",
        "+.5e-3",
    ),
    *(
        "--1",
        "1-",
        "1e5.5",
        "1.5.2",
        "1E5",
        "٣",
        "1\n2",
        "\n",
        "1,234",
        "1,5",
        "1.234,5",
        "0x10",
        "1 000",
        "$5",
    ),
    *("00012", "-0", "9007199254740993", "1.7976931348623159e308", "5e-324", "1e-400", *sorted(EMPTY)),
]


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_read_at_once_are_those_read_one_by_one(decimal):
    draw, rule, plain = np.random.default_rng(0), number_rule(decimal), 0
    made = ["".join(draw.choice(list("0123456789+-eE.,"), draw.integers(0, 9))) for _ in range(20_000)]
    amounts = [
        f"{value:.{n % 12}f}".replace(".", decimal) for n, value in enumerate(draw.lognormal(8, 4, 3000))
    ]
    for text in [*ODD, *made, *amounts]:
        found = plain_numbers(["1", text, ""], decimal)
        if found is not None:
            plain += 1
            expected = np.array([1.0, rule(text) if text else MISSING, MISSING])
            assert found.tobytes() == expected.tobytes(), text
    assert plain > 5_000


def test_a_column_that_hardly_repeats_is_read_at_once_and_one_that_does_is_remembered(monkeypatch):
    asked = []
    monkeypatch.setattr(cells, "plain_numbers", lambda texts, decimal: asked.append(len(texts)))
    column = NumberCells(number, ".")
    assert column.read(["1", "2", "3"]).tolist() == [1, 2, 3] and asked == [3]
    assert column.read(["1", "2"] * 5).tolist() == [1, 2] * 5 and asked == [3]


def test_a_number_that_stands_for_nothing_is_none_at_once_either():
    column = NumberColumn(column="x", kind="number", mean=0, scale=1)
    texts = [f"{n}.5" for n in range(20)]
    for missing, found in (("unknown", 999), ("999", np.nan), ("9,99", 999)):
        read = cells_of(column, Reading(missing=(missing,))).read([*texts, "999"])
        np.testing.assert_array_equal(read, [*(n + 0.5 for n in range(20)), found])
