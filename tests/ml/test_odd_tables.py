"""Tables that are not written as a task's form says: a sentence with the cause, or the right value."""

import gzip
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

from ml.data.text import parquet
from ml.errors import DataError
from ml.settings import SplitSettings
from ml.tasks.federating import federate
from ml.tasks.tables.form import Form
from ml.tasks.tables.reading import read_table
from ml.tasks.tables.task import TableTask

LOAD = {"column": "load", "kind": "number", "mean": 50, "scale": 10, "gap": 50, "flag": True}
KIND = {"column": "kind", "kind": "category", "values": ["a", "b"], "flag": True}
LATE = {"column": "late", "kind": "classes", "values": ["no", "yes"]}
FORM = Form.model_validate(
    {"format": 1, "read": {"separator": ","}, "target": LATE, "inputs": [LOAD, KIND], "group": None}
)


def table(rows=60):
    draws = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "load": draws.normal(50, 10, rows).round(1),
            "kind": draws.choice(["a", "b"], rows),
            "late": draws.choice(["no", "yes"], rows),
        }
    )


def read(path, accept=False):
    return read_table(FORM, path, 0.1, accept)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_than_the_forms_are_named(tmp_path, separator):
    path = tmp_path / "rows.csv"
    table().to_csv(path, index=False, sep=separator)
    told = f"are separated by {separator!r}, and are to be read as separated by ',': save it so$"
    with pytest.raises(DataError, match=told.replace("|", r"\|").replace("\\t", r"\\t")):
        read(path)


def test_what_is_no_such_table_is_not_said_to_be_separated_otherwise(tmp_path):
    (tmp_path / "rows.csv").write_text("weight;sort\n1;a\n")
    with pytest.raises(DataError, match="lacks the columns late, load, kind.*is this the right file"):
        read(tmp_path / "rows.csv")


def test_a_packed_parquet_file_is_to_be_unpacked(tmp_path):
    table().to_parquet(tmp_path / "rows.parquet")
    assert len(read(tmp_path / "rows.parquet")) == 60
    whole = (tmp_path / "rows.parquet").read_bytes()
    (tmp_path / "rows.parquet.gz").write_bytes(gzip.compress(whole))
    with ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("rows.parquet", whole)
    for name in ("rows.parquet.gz", "rows.zip"):
        with pytest.raises(DataError, match="it is a Parquet file that is packed: unpack it"):
            read(tmp_path / name)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cell", ["1e300", "-4e39", "9" * 400])
def test_a_number_that_no_input_can_hold_is_unreadable(tmp_path, cell):
    rows = table().astype({"load": str})
    rows.loc[4, "load"] = cell
    rows.to_csv(tmp_path / "rows.csv", index=False)
    found = read(tmp_path / "rows.csv")
    assert len(found) == 59 and np.isfinite(found.inputs).all()
    assert f"load is unreadable in 1, such as '{cell[:40]}' in line 6" in found.usage.told()


def test_what_stands_for_gaps_is_not_compared_with_the_founders_rows(tmp_path):
    rows = table()
    rows["load"] /= 1000
    rows.loc[:29, "load"] = np.nan
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=r"load is 0\.049\d+ ± .*as if in another unit \(1000 to 1\)"):
        read(tmp_path / "rows.csv")
    table().assign(load=np.nan).to_csv(tmp_path / "none.csv", index=False)
    assert "load is empty in 60 of the rows used" in read(tmp_path / "none.csv").told[0]


@pytest.mark.parametrize("letter", ["\n", "\t", "\x0b"])
def test_a_line_end_or_a_tab_within_a_cell_is_no_other_encoding(tmp_path, letter):
    rows = table()
    rows.loc[4, "kind"] = f"a{letter}b"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    found = read(tmp_path / "rows.csv")
    assert len(found) == 59
    assert "it looks like a line end, a tab or a sign that nobody sees" in found.usage.told()[-1]


def test_dates_far_from_the_founders_are_told_as_dates(tmp_path):
    since = {"column": "since", "kind": "date", "mean": 16340, "scale": 500, "formats": ["%Y-%m-%d"]}
    form = FORM.model_dump(mode="json") | {"inputs": [since]}
    days = pd.to_datetime("2014-01-01") + pd.to_timedelta(range(60), unit="D")
    rows = table().assign(since=[f"{day.year + 100}-{day:%m-%d}" for day in days])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError) as refused:
        read_table(Form.model_validate(form), tmp_path / "rows.csv", 0.1, False)
    told = "since is 2114-01-30 ± 17 days where the encoding's rows are 2014-09-27 ± 500 days."
    assert told in str(refused.value)


def test_gaps_do_not_hide_that_the_other_rows_are_unlike(tmp_path):
    rows = table()
    rows.loc[:53, "load"] = np.nan
    rows.loc[54:, "load"] += 45
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match="load is 9"):
        read(tmp_path / "rows.csv")


def test_a_simulation_tells_what_rows_are_like(tmp_path):
    path = tmp_path / "rows.csv"
    rows = table(200)
    rows.loc[:19, "kind"] = "c"
    rows.loc[20:24, "load"] = np.nan
    rows.loc[30:69, "kind"] = ""
    rows.to_csv(path, index=False)
    said = [
        "load is empty in 5 of the rows used; 50 stands for it, and an input of its own says so",
        "kind has values unknown to the encoding in 10% of the rows, such as 'c' (it knows 'a', 'b')",
    ]
    whole = federate(TableTask(FORM), path, SplitSettings(clients=4)).said
    assert whole[0] == "rows.csv: 200 of 200 rows are used"
    assert all(any(one.startswith(each) for one in whole) for each in said)
    apart = federate(TableTask(FORM), [path, path], SplitSettings(clients=2)).said
    assert all(sum(one.startswith(f"rows.csv: {each}") for one in apart) == 2 for each in said)


def test_a_disk_that_fails_is_told_of_the_file(tmp_path, monkeypatch):
    table().to_csv(tmp_path / "rows.csv", index=False)

    class Failing(type(tmp_path)):
        def open(self, *given, **more):
            raise OSError(5, "Input/output error")

    with pytest.raises(DataError, match=r"rows\.csv cannot be read \(Input/output error\)$"):
        parquet.is_parquet(Failing(tmp_path / "rows.csv"))
