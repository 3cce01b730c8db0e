"""Words with accents: one word however its letters are composed, and shown as people write them."""

import unicodedata

import numpy as np
import pandas as pd
import pytest

from ml.errors import DataError
from ml.settings import ALLOWED_MISSING
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.form import Form
from ml.tasks.tables.reading import read_table

GENERATOR = np.random.default_rng(0)
GRADES, REASONS = ["légère", "modérée", "sévère"], ["chute", "fièvre", "malaise"]
TABLE = pd.DataFrame(
    {
        "âge": GENERATOR.integers(1, 90, 60),
        "motif": [REASONS[place % 3] for place in range(60)],
        "gravité": [GRADES[place % 3] for place in GENERATOR.permutation(60)],
    }
)


def composed_as(form, of):
    return of.map(lambda cell: unicodedata.normalize(form, cell) if isinstance(cell, str) else cell)


def written(path, table, encoding="utf-8"):
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".bytes":
        table.assign(motif=table["motif"].str.encode("utf-8")).to_parquet(path)
    else:
        path.write_bytes(table.to_csv(index=False, sep=";").encode(encoding))
    return path


def fitted(path):
    return fit(path, Wishes(("gravité",))).form


def read(form, path):
    return read_table(form, path, ALLOWED_MISSING, accept=False)


@pytest.mark.parametrize("kind", ["csv", "parquet", "bytes"])
@pytest.mark.parametrize("founders, members", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_letter_and_its_mark_are_the_letter_with_its_mark(tmp_path, kind, founders, members):
    form = fitted(written(tmp_path / f"public.{kind}", composed_as(founders, TABLE)))
    rows = read(form, written(tmp_path / f"own.{kind}", composed_as(members, TABLE)))
    same = read(form, tmp_path / f"public.{kind}")
    np.testing.assert_array_equal(rows.targets, same.targets)
    np.testing.assert_array_equal(rows.inputs, same.inputs)
    assert form.target.values == tuple(GRADES) and set(rows.columns["motif"]) == set(REASONS)
    assert rows.usage.used == 60 and not rows.told


def test_a_form_whose_values_are_composed_otherwise_means_the_same(tmp_path):
    form = fitted(written(tmp_path / "public.csv", TABLE))
    text = unicodedata.normalize("NFD", form.model_dump_json())
    assert len(text) > len(form.model_dump_json())
    np.testing.assert_array_equal(
        read(Form.model_validate_json(text), tmp_path / "public.csv").targets,
        read(form, tmp_path / "public.csv").targets,
    )


@pytest.mark.parametrize(
    "change, told",
    [
        ({"gravité": "décès"}, "unreadable in 60, such as 'décès' in line 2, expected one of 'légère'"),
        (
            {"motif": "brûlure"},
            r"100% of the rows, such as 'brûlure' \(it knows 'chute', 'fièvre', 'malaise'\)",
        ),
    ],
)
def test_sentences_show_words_as_they_are_written(tmp_path, change, told):
    form = fitted(written(tmp_path / "public.csv", TABLE))
    with pytest.raises(DataError, match=told):
        read(form, written(tmp_path / "own.csv", TABLE.assign(**change)))
    with pytest.raises(DataError, match="; its first line is 'été;où': is that the header"):
        read(form, written(tmp_path / "other.csv", pd.DataFrame({"été": [1], "où": [2]})))


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
def test_a_header_of_another_encoding_is_told_as_one(tmp_path, encoding):
    form = fitted(written(tmp_path / "public.csv", TABLE))
    with pytest.raises(
        DataError, match="lacks the columns gravité, âge, .*; its first line is not in utf-8: sav"
    ):
        read(form, written(tmp_path / "own.csv", TABLE, encoding))


def test_a_quote_that_is_left_open_is_told_and_not_what_it_leaves(tmp_path):
    path = written(tmp_path / "public.csv", TABLE)
    path.write_text(path.read_text().replace("chute", '"chute', 1))
    told = "has 0 rows, and lines that are no rows: 60, such as line 2, .*: is a quote left open"
    with pytest.raises(DataError, match=told):
        fitted(path)
