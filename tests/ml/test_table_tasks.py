"""Tables without code: a form is found by looking, edited by hand, and read as it says."""

import bz2
import csv
import datetime
import gzip
import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from ml.errors import DataError, TaskError
from ml.settings import ALLOWED_MISSING
from ml.tasks.federating import read_rows
from ml.tasks.loading import Named
from ml.tasks.tables.encoding import input_names
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.form import Form, read_form
from ml.tasks.tables.reading import read_table
from ml.tasks.targets import Classes, Labels, Numbers
from ml.updates.hashing import keccak256

ROWS = 240
DRAW = np.random.default_rng(5)
AGES = DRAW.integers(20, 90, ROWS)
WEIGHTS = DRAW.normal(1234.5, 300, ROWS).round(2)
WARDS = DRAW.choice(["icu", "surgery", "äußere"], ROWS)
DAYS = [datetime.date(2022, 1, 1) + datetime.timedelta(int(day)) for day in DRAW.integers(0, 800, ROWS)]
AGAIN = np.where(DRAW.random(ROWS) < 0.4, "yes", "no")


def table(**columns):
    """Columns of text by name, the usual ones first."""
    usual = {
        "age": [str(age) for age in AGES],
        "weight": [f"{weight:.2f}" for weight in WEIGHTS],
        "ward": list(WARDS),
        "admitted": [day.isoformat() for day in DAYS],
        "again": list(AGAIN),
    }
    return usual | columns


def text_of(columns, separator=","):
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerows([columns, *zip(*columns.values(), strict=True)])
    return written.getvalue()


@pytest.fixture
def write(tmp_path):
    """Writes a table, and gives the path."""

    def to(columns, name="rows.csv", separator=",", encoding="utf-8", pack=lambda content: content):
        (tmp_path / name).write_bytes(pack(text_of(columns, separator).encode(encoding)))
        return tmp_path / name

    return to


def fitted(path, target="again", **wishes):
    targets = (target,) if isinstance(target, str) else target
    return fit(path, Wishes(targets, **wishes))


def read(form, path, allowed=ALLOWED_MISSING, accept=False):
    return read_table(form, path, allowed, accept)


def by_name(form):
    return {each.column: each for each in form.inputs}


def column(rows, name):
    return rows.inputs[:, rows.names.index(name)]


def test_each_column_is_read_by_its_own_rule(write):
    path = write(table())
    found = fitted(path)
    kinds = {name: each.kind for name, each in by_name(found.form).items()}
    assert kinds == {"age": "number", "weight": "number", "ward": "category", "admitted": "date"}
    rows = read(found.form, path)
    assert rows.inputs.dtype == np.float32 and rows.inputs.shape == (ROWS, len(rows.names))
    assert rows.names == (
        *("age", "weight", "ward=icu", "ward=surgery", "ward=äußere", "ward is another", "admitted"),
    )
    np.testing.assert_allclose(column(rows, "age"), (AGES - AGES.mean()) / AGES.std(), atol=1e-4)
    np.testing.assert_array_equal(column(rows, "ward=icu"), WARDS == "icu")
    days = np.array([(day - datetime.date(1970, 1, 1)).days for day in DAYS])
    np.testing.assert_allclose(column(rows, "admitted"), (days - days.mean()) / days.std(), atol=1e-3)
    np.testing.assert_array_equal(rows.targets, AGAIN == "yes")
    assert rows.usage.used == rows.usage.rows == ROWS


WRITTEN = {
    "semicolons": dict(separator=";"),
    "tabs": dict(separator="\t"),
    "bars": dict(separator="|"),
    "a mark first": dict(encoding="utf-8-sig"),
    "UTF-16": dict(encoding="utf-16"),
    "Windows' bytes": dict(encoding="cp1252"),
    "gzip": dict(name="rows.csv.gz", pack=gzip.compress),
    "bzip2": dict(name="rows.csv.bz2", pack=bz2.compress),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_however_a_file_is_written_its_rows_are_the_same(write, how):
    plain = write(table(), "plain.csv")
    expected = read(fitted(plain).form, plain)
    path = write(table(), **WRITTEN[how])
    rows = read(fitted(path).form, path)
    assert rows.names == expected.names
    np.testing.assert_array_equal(rows.inputs, expected.inputs)
    np.testing.assert_array_equal(rows.targets, expected.targets)


def test_a_decimal_comma_is_found(write):
    plain, commas = write(table(), "plain.csv"), table(weight=[f"{w:,.2f}" for w in WEIGHTS])
    commas["weight"] = [w.translate(str.maketrans(",.", ".,")) for w in commas["weight"]]
    path = write(commas, separator=";")
    form = fitted(path).form
    assert form.read.decimal == "," and by_name(form)["weight"].kind == "number"
    np.testing.assert_array_equal(read(form, path).inputs, read(fitted(plain).form, plain).inputs)


def test_a_member_that_writes_points_where_the_founders_have_commas_is_told(write):
    commas = write(table(weight=[f"{w:.2f}".replace(".", ",") for w in WEIGHTS]), "commas.csv", separator=";")
    points = write(table(), separator=";")
    told = (
        r"weight is unreadable in \d+, such as '\d+\.\d\d' in line 2, expected a number with a comma before"
    )
    with pytest.raises(DataError, match=told):
        read_table(fitted(commas).form, points, 0.1, accept=False)


def test_a_decimal_comma_before_three_digits_is_none_of_thousands(write):
    points = [f"{w / 1000:.3f}" for w in WEIGHTS]  # Of 0.9 and 1.2: no thousands begin with a nought.
    plain = write(table(weight=points), "plain.csv")
    path = write(table(weight=[w.replace(".", ",") for w in points]), separator=";")
    form = fitted(path).form
    assert form.read.decimal == ","
    np.testing.assert_array_equal(read(form, path).inputs, read(fitted(plain).form, plain).inputs)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("mark", [".", ","])
def test_one_mark_before_three_digits_in_all_numbers_is_asked_about(write, separator, mark):
    written = [f"{w / 100:.3f}".replace(".", mark) for w in WEIGHTS]  # 1 to 999: grams, or kilograms.
    path = write(table(weight=written), separator=separator)
    with pytest.raises(
        DataError, match=r"whether '\S+' in column weight is \S+ or \S+:.* --decimal \."
    ) as caught:
        fitted(path)
    assert "\n" not in str(caught.value)
    plain = write(table(weight=[w.replace(",", ".") for w in written]), "plain.csv")
    form = fitted(path, decimal=mark).form
    assert form.read.decimal == mark
    np.testing.assert_array_equal(read(form, path).inputs, read(fitted(plain).form, plain).inputs)


@pytest.mark.parametrize("tells", ["0,5", "1234,5", "12,25", "1.234,5"])
def test_one_number_that_can_be_read_in_one_way_tells_of_all(write, tells):
    written = [f"{w / 100:.3f}".replace(".", ",") for w in WEIGHTS[:-1]] + [tells]
    assert fitted(write(table(weight=written), separator=";")).form.read.decimal == ","


def test_what_is_no_input_is_not_asked_about(write):
    path = write(table(weight=[f"{w / 100:.3f}" for w in WEIGHTS]), separator=";")
    assert fitted(path, drop=("weight",)).form.read.decimal == "."


def test_a_decimal_comma_can_be_said_of_quoted_cells_between_commas(write):
    plain = write(table(), "plain.csv")
    path = write(table(weight=[f"{w:.2f}".replace(".", ",") for w in WEIGHTS]))
    form = fitted(path, decimal=",").form
    np.testing.assert_array_equal(read(form, path).inputs, read(fitted(plain).form, plain).inputs)


def test_an_archive_and_quoted_line_ends(tmp_path):
    columns = table(note=[f"well,\nsaid {number % 3}" for number in range(ROWS)])
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("inner/rows.csv", text_of(columns))
    form = fitted(tmp_path / "rows.zip").form
    assert by_name(form)["note"].values == ("well,\nsaid 0", "well,\nsaid 1", "well,\nsaid 2")
    assert read(form, tmp_path / "rows.zip").usage.used == ROWS


def test_parquet_gives_what_the_same_table_as_text_gives(write, tmp_path):
    flags = DRAW.random(ROWS) < 0.5
    stays = [None if number % 7 == 0 else number % 5 + 0.5 for number in range(ROWS)]
    at = [
        datetime.datetime(2022, 1, 1, 0, 30) + datetime.timedelta(hours=int(h))
        for h in DRAW.integers(0, 9999, ROWS)
    ]
    stored = {
        "age": AGES,
        "weight": WEIGHTS,
        "ward": pa.array(list(WARDS)).dictionary_encode(),
        "admitted": DAYS,
    }
    stored |= {"smokes": flags, "stay": stays, "at": at, "again": list(AGAIN)}
    parquet.write_table(pa.table(stored), tmp_path / "rows.parquet", row_group_size=50)
    as_text = table(
        smokes=["true" if flag else "false" for flag in flags],
        stay=["" if stay is None else repr(stay) for stay in stays],
        at=[moment.isoformat() for moment in at],
    )
    as_text["again"] = as_text.pop("again")
    path = write(as_text)
    one, other = fitted(tmp_path / "rows.parquet").form, fitted(path).form
    assert one.inputs == other.inputs and by_name(one)["at"].kind == "date"
    np.testing.assert_array_equal(read(one, tmp_path / "rows.parquet").inputs, read(other, path).inputs)
    np.testing.assert_array_equal(read(other, tmp_path / "rows.parquet").inputs, read(other, path).inputs)


def midnights(kind):
    """The days as a Parquet file may keep them."""
    at = pa.array([datetime.datetime(day.year, day.month, day.day) for day in DAYS], pa.timestamp("us"))
    return at.cast(kind)


@pytest.mark.parametrize(
    "kind",
    [
        pa.date32(),
        pa.date64(),
        *(pa.timestamp(unit) for unit in ("s", "us", "ns")),
        pa.timestamp("us", "UTC"),
    ],
)
@pytest.mark.parametrize("write_day", ["%Y-%m-%d", "%d.%m.%Y", "%Y-%d-%m"])
def test_days_that_a_parquet_file_keeps_are_those_of_any_form(write, tmp_path, kind, write_day):
    path = write(table(admitted=[day.strftime(write_day) for day in DAYS]), "days.csv")
    content = json.loads(fitted(write(table())).form.model_dump_json(by_alias=True))
    (place,) = (each for each in content["inputs"] if each["column"] == "admitted")
    place["formats"] = [write_day]
    form = Form.model_validate(content)
    stored = {name: list(values) for name, values in table().items()} | {"admitted": midnights(kind)}
    parquet.write_table(pa.table(stored), tmp_path / "rows.parquet")
    by_text, by_type = read(form, path), read(form, tmp_path / "rows.parquet")
    assert by_type.usage.used == ROWS
    np.testing.assert_array_equal(by_type.inputs, by_text.inputs)


def test_a_form_of_days_kept_as_midnights_reads_days_and_moments(write, tmp_path):
    stored = {name: list(values) for name, values in table().items()} | {
        "admitted": midnights(pa.timestamp("ns"))
    }
    parquet.write_table(pa.table(stored), tmp_path / "rows.parquet")
    form = fitted(tmp_path / "rows.parquet").form
    assert by_name(form)["admitted"].formats == ("%Y-%m-%d",)
    assert read(form, write(table())).usage.used == ROWS
    later = [at.as_py() + datetime.timedelta(hours=7) for at in midnights(pa.timestamp("us"))]
    parquet.write_table(pa.table(stored | {"admitted": later}), tmp_path / "later.parquet")
    moved = read(form, tmp_path / "later.parquet").inputs - read(form, tmp_path / "rows.parquet").inputs
    place = input_names(form).index("admitted")
    scale = by_name(form)["admitted"].scale
    np.testing.assert_allclose(moved[:, place], 7 / 24 / scale, rtol=1e-3)
    assert not np.delete(moved, place, axis=1).any()


def test_nanoseconds_are_left_out(tmp_path):
    days = [1_650_000_000_000_000_001 + 10**13 * int(age) for age in AGES]
    stored = {name: list(values) for name, values in table().items()} | {
        "admitted": pa.array(days, pa.timestamp("ns"))
    }
    parquet.write_table(pa.table(stored), tmp_path / "rows.parquet")
    form = fitted(tmp_path / "rows.parquet").form
    assert (
        by_name(form)["admitted"].kind == "date" and read(form, tmp_path / "rows.parquet").usage.used == ROWS
    )


# What a column is


def test_codes_keep_their_zeros_and_gaps_have_an_input(write):
    codes = [f"{number % 9:04}" for number in range(ROWS)]
    gaps = ["" if number % 8 == 0 else str(number % 7) for number in range(ROWS)]
    path = write(table(code=codes, gap=gaps, note=["NA" if n % 3 else "seen" for n in range(ROWS)]))
    form = fitted(path).form
    found = by_name(form)
    assert found["code"].kind == "category" and found["code"].values[1] == "0001"
    assert found["gap"].flag and found["gap"].gap == found["gap"].mean
    rows = read(form, path)
    np.testing.assert_array_equal(column(rows, "gap is missing"), [n % 8 == 0 for n in range(ROWS)])
    assert not column(rows, "gap")[::8].any()
    np.testing.assert_array_equal(column(rows, "note is missing"), [n % 3 > 0 for n in range(ROWS)])
    assert any("gap is empty in 30 of the rows used" in sentence for sentence in rows.told)


LEFT_OUT = {
    "constant": (["x"] * ROWS, "in every row"),
    "empty": ([""] * ROWS, "empty in every row"),
    "case_id": ([str(10_000 + n) for n in range(ROWS)], "identifier"),
    "Fall-Nr.": ([str(10_000 + n) for n in range(ROWS)], "identifier"),
    "comment": ([f"words {n} of somebody" for n in range(ROWS)], "free text"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_columns_that_say_nothing_are_left_out_with_a_reason(write, name):
    cells, why = LEFT_OUT[name]
    found = fitted(write(table(**{name: cells})))
    assert why in found.left_out[name] and name in found.form.drop and name not in by_name(found.form)


def test_a_column_that_is_kept(write):
    found = fitted(write(table(case_id=[str(10_000 + n) for n in range(ROWS)])), keep=("case_id",))
    assert by_name(found.form)["case_id"].kind == "number"


DATES = {
    "%d.%m.%Y": lambda day: day.strftime("%d.%m.%Y"),
    "%m/%d/%Y": lambda day: day.strftime("%m/%d/%Y"),
    "%d-%b-%Y": lambda day: day.strftime("%d-%b-%Y"),
    "%Y-%m-%d %H:%M:%S": lambda day: day.strftime("%Y-%m-%d 00:00:00"),
}


@pytest.mark.parametrize("format_", DATES)
def test_dates_of_any_usual_kind_are_days(write, format_):
    plain = write(table(), "plain.csv")
    path = write(table(admitted=[DATES[format_](day) for day in DAYS]))
    form = fitted(path).form
    assert by_name(form)["admitted"].formats == (format_,)
    np.testing.assert_array_equal(read(form, path).inputs, read(fitted(plain).form, plain).inputs)


def test_dates_of_two_vintages(write):
    both = [day.strftime("%d.%m.%Y" if number % 2 else "%Y-%m-%d") for number, day in enumerate(DAYS)]
    path, plain = write(table(admitted=both)), write(table(), "plain.csv")
    form = fitted(path).form
    assert set(by_name(form)["admitted"].formats) == {"%d.%m.%Y", "%Y-%m-%d"}
    np.testing.assert_array_equal(read(form, path).inputs, read(fitted(plain).form, plain).inputs)


def test_a_date_that_may_be_either_is_told(write):
    cells = [f"{1 + n % 12:02}/{1 + n % 11:02}/2023" for n in range(ROWS)]
    assert "say so in the file" in fitted(write(table(seen=cells))).notes[0]


# Targets


def test_targets_by_their_looks(write):
    three = write(table(grade=[("low", "mid", "high")[n % 3] for n in range(ROWS)]), "three.csv")
    task = task_of(fitted(three, "grade").form, three.parent / "t.json")
    assert task.target == Classes(3, names=("high", "low", "mid"))
    np.testing.assert_array_equal(read_rows(task, three).targets[:3], [1, 2, 0])
    amount = fitted(three, "weight").form
    task = task_of(amount, three.parent / "a.json")
    assert isinstance(task.target, Numbers)
    targets = read_rows(task, three).targets
    np.testing.assert_allclose(targets * amount.target.scale + amount.target.mean, WEIGHTS, rtol=1e-5)


def test_outcomes_that_are_numbers_are_the_same_however_written(write):
    path = write(table(out=[str(n % 2) for n in range(ROWS)]))
    other = write(table(out=["1.0" if n % 2 else "0.0" for n in range(ROWS)]), "other.csv")
    form = fitted(path, "out").form
    np.testing.assert_array_equal(read(form, other).targets, read(form, path).targets)


def test_which_of_two_outcomes_is_learned_is_told(write):
    path = write(table())
    assert fitted(path).used["again"].endswith("; learned is how likely 'yes' is (--positive)")
    assert fitted(path, positive="no").used["again"].endswith("; learned is how likely 'no' is (--positive)")
    assert "learned" not in fitted(path, target="ward").used["ward"]


def test_counts_that_are_taken_for_outcomes_are_said_with_what_to_do(write):
    path = write(table(visits=[str(n % 4) for n in range(ROWS)]))
    told = "; where these are counts or amounts, say --kind numbers"
    assert fitted(path, target="visits").used["visits"].endswith(told)
    assert told not in fitted(path, target="ward").used["ward"]
    assert fitted(path, target="visits", kind="numbers").used["visits"].startswith("target, an amount of ")


def test_the_positive_outcome(write):
    path = write(table())
    form = fitted(path, positive="no").form
    assert form.target.values == ("yes", "no")
    np.testing.assert_array_equal(read(form, path).targets, AGAIN == "no")


REFUSED_TARGETS = {
    "empty": (dict(t=[""] * ROWS), dict(), "is empty in every row"),
    "one outcome": (dict(t=["a"] * ROWS), dict(), "is 'a' in every row"),
    "not there": (dict(), dict(), "lacks the column t,"),
    "no number": (dict(t=["a", "b"] * (ROWS // 2)), dict(kind="numbers"), "is no number"),
    "no such outcome": (dict(t=["a", "b"] * (ROWS // 2)), dict(positive="c"), "no outcome of t"),
}


@pytest.mark.parametrize("case", REFUSED_TARGETS)
def test_a_target_that_cannot_be_learned(write, case):
    columns, wishes, sentence = REFUSED_TARGETS[case]
    with pytest.raises(DataError, match=sentence):
        fitted(write(table(**columns)), "t", **wishes)


# Rows that cannot be used


def test_what_cannot_be_read_is_counted_with_an_example_and_stops_above_a_share(write):
    form = fitted(write(table(), "plain.csv")).form
    wrong = [str(age) for age in AGES]
    wrong[3], wrong[100] = "old", "very old"
    rows = read(form, write(table(age=wrong), "few.csv"))
    faults = rows.usage.columns["age"]
    assert (rows.usage.used, faults.unreadable, faults.example, faults.line) == (ROWS - 2, 2, "'old'", 5)
    np.testing.assert_array_equal(rows.targets, np.delete(AGAIN == "yes", [3, 100]))
    with pytest.raises(DataError, match="more than the 10% that --allow-missing permits: age is unreadable"):
        read(form, write(table(age=["old"] * 100 + wrong[100:]), "many.csv"))


def test_a_gap_that_nothing_stands_for_leaves_the_row_out(write):
    form = fitted(write(table(), "plain.csv")).form
    gaps = ["" if n in (1, 2) else str(age) for n, age in enumerate(AGES)]
    targets = ["" if n == 7 else again for n, again in enumerate(AGAIN)]
    usage = read(form, write(table(age=gaps, again=targets))).usage
    assert (
        usage.used == ROWS - 3 and usage.columns["age"].missing == 2 and usage.columns["again"].missing == 1
    )


def test_rows_unlike_the_founders_are_refused_unless_accepted(write):
    form = fitted(write(table(), "plain.csv")).form
    other = write(table(weight=[f"{w / 1000:.5f}" for w in WEIGHTS]), "tonnes.csv")
    with pytest.raises(DataError, match="weight is .* as if in another unit .1000 to 1."):
        read(form, other)
    assert any("another unit" in sentence for sentence in read(form, other, accept=True).told)
    with pytest.raises(DataError, match="ward has values unknown to the encoding in 100%"):
        read(form, write(table(ward=["ICU", "SURGERY"] * (ROWS // 2)), "capitals.csv"))


def test_groups_and_times(write):
    patients = [f"p{n % 60}" for n in range(ROWS)]
    path = write(table(patient=patients))
    found = fitted(path, group="patient", time="admitted")
    rows = read(found.form, path)
    assert len(set(rows.groups)) == 60 and rows.groups[0] == rows.groups[60]
    np.testing.assert_array_equal(np.argsort(rows.times, kind="stable"), np.argsort(DAYS, kind="stable"))
    assert set(found.left_out) == {"patient", "admitted"}
    assert list(rows.columns["ward"]) == list(WARDS)


def test_columns_under_another_spelling_and_twice(write):
    form = fitted(write(table(), "plain.csv")).form
    renamed = {{"age": " Age ", "ward": "WARD"}.get(name, name): cells for name, cells in table().items()}
    assert read(form, write(renamed, "renamed.csv")).usage.used == ROWS
    renamed["a_g_e"] = renamed[" Age "]
    with pytest.raises(DataError, match="has the column age 2 times"):
        read(form, write(renamed, "twice.csv"))
    with pytest.raises(DataError, match="lacks the column weight"):
        read(form, write({k: v for k, v in table().items() if k != "weight"}, "less.csv"))


def test_a_header_that_is_not_utf_8(write):
    columns = {"Größe": [str(i) for i in range(ROWS)], **table()}
    found = fitted(write(columns, separator=";", encoding="latin-1"))
    assert "Größe" in found.used | found.left_out and found.form.read.encoding == "cp1252"
    written = fitted(write({"älter": table()["again"], **columns}, encoding="latin-1"), target="älter")
    assert written.form.target.column == "älter"


def test_a_column_that_is_there_twice_is_left_out_unless_it_is_named(write):
    path = write(table())
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},x,x", *(f"{line},1,2" for line in lines)]))
    found = fitted(path)
    assert found.left_out["x"].startswith("there 2 times") and "x" not in by_name(found.form)
    assert read(found.form, path).usage.used == ROWS
    with pytest.raises(DataError, match="has the column x 2 times"):
        fitted(path, group="x")


def test_words_that_repeat_in_a_column_of_numbers_are_gaps(write):
    laboratory = ["unknown" if i % 9 == 0 else f"{1 + i % 37 / 10}" for i in range(ROWS)]
    path = write({**table(), "laboratory": laboratory})
    found = fitted(path)
    assert by_name(found.form)["laboratory"].kind == "number" and found.form.read.missing == ("unknown",)
    assert any("laboratory is a number but for 'unknown'" in note for note in found.notes)
    rows = read(found.form, path)
    assert rows.usage.used == ROWS
    flagged = column(rows, next(name for name in rows.names if "laboratory" in name and name != "laboratory"))
    assert flagged.sum() == sum(cell == "unknown" for cell in laboratory)


# The file that a person edits


def plain_form():
    return {
        "format": 1,
        "target": {"column": "again", "kind": "classes", "values": ["no", "yes"]},
        "inputs": [
            {"column": "age", "kind": "number", "mean": 55, "scale": 20},
            {"column": "ward", "kind": "category", "values": ["icu", "surgery"]},
            {"column": "admitted", "kind": "date", "formats": ["%Y-%m-%d"], "mean": 19000, "scale": 200},
        ],
    }


def task_of(form, path):
    path.write_text(form.model_dump_json() if isinstance(form, Form) else json.dumps(form))
    return Named(str(path), {}).load()


def test_a_file_as_the_design_writes_it(write, tmp_path):
    content = plain_form() | {
        "read": {"separator": ";", "encoding": "utf-8", "decimal": ",", "missing": ["", "?"]},
        **{"group": "patient", "time": None, "drop": ["id"], "model": {"hidden": [16, 8]}},
    }
    task = task_of(content, tmp_path / "t.json")
    patients = [str(n % 50) for n in range(ROWS)]
    ages = ["?" if n == 9 else f"{age},0" for n, age in enumerate(AGES)]
    rows = read_rows(task, write(table(patient=patients, age=ages), separator=";"))
    assert task.target == Labels(names=("yes",)) and rows.usage.used == ROWS - 1
    assert task.module().widths == (5, 16, 8, 1)
    np.testing.assert_allclose(
        rows.inputs[0], [(AGES[0] - 55) / 20, *ward(WARDS[0]), day(DAYS[0])], rtol=1e-6
    )


def ward(name):
    return [name == "icu", name == "surgery", name not in ("icu", "surgery")]


def day(date):
    return ((date - datetime.date(1970, 1, 1)).days - 19000) / 200


def test_the_digest_is_the_contents(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps(plain_form(), indent=3))
    other.write_text(json.dumps(dict(reversed(plain_form().items()))))
    assert Named(str(one), {}).digest == Named(str(other), {}).digest
    content = plain_form()
    content["inputs"][0]["mean"] = 56
    other.write_text(json.dumps(content))
    assert Named(str(one), {}).digest != Named(str(other), {}).digest


def put(*place):
    """Puts a value where the keys before it lead."""
    *keys, last, value = place

    def edit(content):
        for each in keys:
            content = content[each]
        content[last] = value

    return edit


EDITS = {
    "format": (put("format", 2), "has format 2; this version reads format 1"),
    "yes": (put("inputs", 0, "scale", True), "inputs.0.number: scale is True; expected a number, no yes or"),
    "key": (put("inputs", 0, "scael", 3), "inputs.0.number.scael: there is no such key; is it scale"),
    "top": (put("tagret", 3), "tagret: there is no such key; is it target"),
    "scale": (put("inputs", 0, "scale", 0), "inputs.0.number.scale: .* greater than 0, got 0"),
    "type": (put("inputs", 0, "mean", "much"), "inputs.0.number.mean: .*number.*, got 'much'"),
    "kind": (put("inputs", 0, "kind", "numbr"), "inputs.0: .*'numbr'"),
    "no values": (put("inputs", 1, "values", []), "inputs.1.category.values"),
    "value twice": (
        put("inputs", 1, "values", ["a", "b", "a"]),
        "inputs.1.category.values: 'a' stands",
    ),
    "format of a date": (put("inputs", 2, "formats", ["day.month"]), "no format of a date with a year"),
    "column twice": (put("inputs", 1, "column", "age"), "'age' stands there twice"),
    "target among inputs": (put("inputs", 0, "column", "again"), "target 'again' is among the inputs"),
    "one outcome": (put("target", "values", ["yes"]), "target.classes.values"),
    "no inputs": (put("inputs", []), "inputs: "),
    "layers": (put("model", {"hidden": [0]}), "model.hidden.0"),
    "encoding": (put("read", {"encoding": "utf-9"}), "read.encoding: 'utf-9' is no encoding"),
    "separator": (put("read", {"separator": "::"}), "read.separator"),
    "both": (put("drop", ["age"]), "'age' is among the inputs and in drop"),
}


@pytest.mark.parametrize("case", EDITS)
def test_a_bad_edit_is_one_sentence_that_names_the_place(tmp_path, case):
    edit, sentence = EDITS[case]
    content = plain_form()
    edit(content)
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(TaskError, match=sentence) as caught:
        read_form(tmp_path / "t.json")
    assert "\n" not in str(caught.value) and "pydantic" not in str(caught.value)


HOSTILE = {
    "deep": b"[" * 100_000,
    "list": b"[]",
    "nan": b'{"format": NaN}',
    "infinite": b'{"format": 1, "x": Infinity}',
    "key twice": b'{"format": 1, "format": 1}',
    "bytes": b"\xff\xfe{",
    "huge number": b'{"format": ' + b"9" * 10_000 + b"}",
    "empty": b"",
    "large": b" " * (2**24 + 1),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_one_sentence(tmp_path, case):
    (tmp_path / "t.json").write_bytes(HOSTILE[case])
    with pytest.raises(TaskError) as caught:
        Named(str(tmp_path / "t.json"), {}).load()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_what_a_file_can_say_since_leaves_the_digests_of_earlier_ones_as_they_were():
    expected = "fefcd7750e25ad4d8efdec0bcfcb67e12aac753b0518804a27c588ef426b8f03"
    assert keccak256(Form.model_validate(plain_form()).canonical).hex() == expected


def test_a_table_takes_no_options_and_a_missing_file_is_said(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(plain_form()))
    with pytest.raises(TaskError, match="takes no options, got hidden"):
        Named(str(tmp_path / "t.json"), {"hidden": 3}).load()
    with pytest.raises(TaskError, match="there is no task file"):
        Named(str(tmp_path / "u.json"), {}).load()


def test_an_input_has_a_name(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(plain_form()))
    assert input_names(read_form(tmp_path / "t.json")) == (
        *("age", "ward=icu", "ward=surgery", "ward is another", "admitted"),
    )
