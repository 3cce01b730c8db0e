"""Columns that cannot be read as they are written: told with what they look like, and no value of a form."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.errors import DataError
from ml.tasks.federating import read_rows
from ml.tasks.loading import Named
from ml.tasks.tables.fitting import MOST_VALUES, Wishes, fit

ROWS = 300
DRAW = np.random.default_rng(3)
AGE = DRAW.integers(20, 90, ROWS)
CITY = [city.encode() for city in DRAW.choice(["Bern", "Genève"], ROWS)]
LEFT = [left.encode() for left in DRAW.choice(["no", "yes"], ROWS)]
LATIN = "Zürich".encode("latin-1")


def written(tmp_path, packed, city, left):
    """The same cells as bytes in Parquet, and as a CSV of several encodings."""
    if packed:
        table = {"age": AGE, "city": pa.array(city, pa.binary()), "left": pa.array(left, pa.binary())}
        pq.write_table(pa.table(table), tmp_path / "rows.parquet")
        return tmp_path / "rows.parquet"
    lines = [b"age,city,left", *(b"%d,%b,%b" % row for row in zip(AGE, city, left, strict=True))]
    (tmp_path / "rows.csv").write_bytes(b"\n".join(lines) + b"\n")
    return tmp_path / "rows.csv"


def fitted(path):
    # Of a large file its beginning tells the encoding.
    return fit(path, Wishes(("left",), encoding=None if path.suffix == ".parquet" else "utf-8"))


@pytest.mark.parametrize("packed", [True, False], ids=["parquet", "csv"])
@pytest.mark.parametrize("column", ["city", "left"])
def test_cells_of_another_encoding_are_no_values_of_a_form(tmp_path, packed, column):
    cells = {"city": CITY, "left": LEFT}
    cells[column] = [LATIN if place < 10 else cell for place, cell in enumerate(cells[column])]
    path = written(tmp_path, packed, **cells)
    found = fitted(path)
    (tmp_path / "task.json").write_text(found.form.model_dump_json())
    task = Named(str(tmp_path / "task.json"), {}).load()
    assert found.used["city"] == "one of 2 values: 'Bern', 'Genève'"
    (category,) = (each for each in found.form.inputs if each.column == "city")
    assert (category.values, category.rare) == (("Bern", "Genève"), 0)
    rows = read_rows(task, path)
    np.testing.assert_array_equal(rows.targets, [left == b"yes" for left in LEFT[10:]])


def test_what_is_rare_is_a_share_of_what_can_be_read(tmp_path):
    cities = [b"city %d" % (place % 60) for place in range(ROWS - 60)] + [LATIN] * 60
    found = fitted(written(tmp_path, False, cities, LEFT))
    (category,) = (each for each in found.form.inputs if each.column == "city")
    assert len(category.values) == MOST_VALUES and category.rare == round(1 - MOST_VALUES / 60, 3)


@pytest.mark.parametrize("packed", [True, False], ids=["parquet", "csv"])
def test_a_column_of_another_encoding_alone_is_left_out(tmp_path, packed):
    latin = [city.decode().encode("utf-16-le") + b"\xff" for city in CITY] if packed else [LATIN] * ROWS
    latin[0] += b"\xfc"
    found = fitted(written(tmp_path, packed, latin, LEFT))
    assert found.left_out["city"].startswith("no cell is of the file's encoding, such as ")
    with pytest.raises(DataError, match="the target left of .* is .* in every row"):
        fitted(written(tmp_path, packed, CITY, latin))


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (
            [f"{value:.2f}".replace(".", ",") for value in AGE * 101.37 + np.arange(ROWS)],
            "a decimal comma: save",
        ),
        (
            [f"{value:.3f}k" for value in AGE * 1.0137 + np.arange(ROWS)],
            "a short form of thousands or millions",
        ),
        ([f"note {place}" for place in range(ROWS)], ""),
    ],
    ids=["comma", "short", "free"],
)
def test_a_column_left_out_as_text_is_told_what_it_looks_like(tmp_path, texts, told):
    path = tmp_path / "rows.csv"
    left = [left.decode() for left in LEFT]
    pd.DataFrame({"age": AGE, "paid": texts, "left": left}).to_csv(path, index=False)
    reason = fit(path, Wishes(("left",))).left_out["paid"]
    looks = f"; {texts[0]!r} looks like {told}" if told else " (--keep"
    assert reason.startswith(f"free text or identifiers, {len(set(texts))} different values{looks}")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("age,city,left", "age,city,left"),
        ("age , city,left", "\ufeffage,city, left"),
        (",city,left", ",city,left"),
    ],
    ids=["plain", "otherwise", "index"],
)
def test_a_header_between_rows_of_joined_files_is_no_row(tmp_path, first, again):
    lines = [
        f"{age},{city.decode()},{left.decode()}" for age, city, left in zip(AGE, CITY, LEFT, strict=True)
    ]
    path = tmp_path / "joined.csv"
    path.write_text("\n".join([first, *lines, again, *lines]) + "\n")
    found = fit(path, Wishes(("left",)))
    assert found.form.target.values == ("no", "yes") and "one of 2 values" in found.used["city"]
    (tmp_path / "task.json").write_text(found.form.model_dump_json())
    rows = read_rows(Named(str(tmp_path / "task.json"), {}).load(), path)
    assert len(rows.targets) == 2 * ROWS
    assert (rows.usage.broken, rows.usage.broken_line[:18]) == (1, "such as line 302, ")


def test_numbers_that_are_categories_for_some_words_are_told(tmp_path):
    path = tmp_path / "rows.csv"
    levels = ["<25" if age < 28 else str(age) for age in AGE]
    left = [left.decode() for left in LEFT]
    few = ["<1" if age < 28 else str(age % 7) for age in AGE]
    pd.DataFrame({"age": AGE, "level": levels, "few": few, "left": left}).to_csv(path, index=False)
    share = sum(age < 28 for age in AGE) / ROWS
    assert 0.06 < share < 0.4
    notes = fit(path, Wishes(("left",))).notes
    (told,) = (note for note in notes if note.startswith("level"))
    assert told.startswith(
        f"level is taken for categories, since {share:.0%} of its cells are no numbers, such as '<25'"
    )
    assert not any(note.startswith("few is taken") for note in notes)
    for column in ("level", "age"):
        wished = fit(path, Wishes(("left",), kinds={column: "category"}))
        assert wished.used[column].startswith("one of 50 values")
        assert not any(note.startswith(column) for note in wished.notes)
    assert fit(path, Wishes(("left",), kinds={"level": "number"})).used["level"].startswith("number, ")
