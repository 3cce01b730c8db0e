"""Lending Club's file as people have it: other vintages, spreadsheets' ways, archives, damage.

Each gives the right loans or one sentence; nothing is left out in silence.
"""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from ml.data.text.parquet import parquet_pieces
from ml.errors import DataError
from ml.tasks.built_in.lending_club.columns import CREDIT_MONTHS, typed
from ml.tasks.built_in.lending_club.reading import read
from ml.tasks.built_in.loans.book import book

LOANS = 60
BOOK = book(LOANS)
TABLE = typed(BOOK, "application")
TEXT = BOOK.to_csv(index=False)
HALF = np.arange(LOANS) < LOANS // 2


def sheet(**changes):
    """The book as CSV, with cells turned by functions from a column of text to another."""
    frame = BOOK.astype(str)
    for name, change in changes.items():
        frame[name] = change(frame[name])
    return frame.to_csv(index=False)


def years(names, form):
    return names.str.slice(0, 4) + names.str.slice(6) if form == "short" else names


POINTS = BOOK.select_dtypes("float").columns
"""Columns in which a point may stand."""


def iso(names, form="%Y-%m-%d"):
    import pandas as pd

    return pd.to_datetime(names, format="%b-%Y").dt.strftime(form)


def comma(names):
    return names.str.replace(".", ",", regex=False)


def thousands(names):
    return names.astype(float).map("{:,.0f}".format)


def grouped(separator):
    return lambda names: thousands(names).str.replace(",", separator)


def lines(change, text=TEXT):
    """The book with each line but the header's changed."""
    header, *rest = text.rstrip("\n").split("\n")
    return "\n".join([header, *map(change, rest)]) + "\n"


def written(tmp_path, content, name="loans.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


RIGHT = {
    "as it is": TEXT,
    "byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "Windows line ends": TEXT.replace("\n", "\r\n"),
    "semicolons": TEXT.replace(",", ";"),
    "tabs": TEXT.replace(",", "\t"),
    "header in capitals": TEXT.replace(TEXT.split("\n")[0], TEXT.split("\n")[0].upper()),
    "header with spaces": TEXT.replace(TEXT.split("\n")[0], " " + TEXT.split("\n")[0].replace(",", " , ")),
    "header in camel case": TEXT.replace("loan_amnt", "loanAmnt").replace("issue_d", "issueD"),
    "a line before the header": "Notes offered by Prospectus (https://example.invalid)\n" + TEXT,
    "lines after the rows": TEXT + "\n\nTotal amount funded in policy code 1: 4602961\n",
    "dates of short years": sheet(
        issue_d=lambda c: years(c, "short"), earliest_cr_line=lambda c: years(c, "short")
    ),
    "half of the dates short": sheet(issue_d=lambda c: years(c, "short").where(HALF, c)),
    "ISO dates": sheet(issue_d=iso, earliest_cr_line=iso),
    "ISO months": sheet(issue_d=lambda c: iso(c, "%Y-%m")),
    "dates with a time": sheet(issue_d=lambda c: iso(c, "%Y-%m-%d 00:00:00")),
    "American dates": sheet(issue_d=lambda c: iso(c, "%m/%d/%Y")),
    "long months": sheet(issue_d=lambda c: iso(c, "%B %Y")),
    "all of them mixed": sheet(
        issue_d=lambda c: iso(c).where(HALF, c).where(np.arange(LOANS) % 3 > 0, years(c, "short"))
    ),
    "dates in capitals": sheet(issue_d=lambda c: c.str.upper()),
    "statuses with spaces": sheet(loan_status=lambda c: c.where(c == "Fully Paid", "Charged Off ")),
    "statuses in capitals": sheet(loan_status=lambda c: c.str.upper()),
    "thousands in a third": sheet(annual_inc=lambda c: thousands(c).where(np.arange(LOANS) % 3 == 0, c)),
    "dollars": sheet(annual_inc=lambda c: "$" + thousands(c) + ".00"),
    "percent signs": sheet(int_rate=lambda c: " " + c + "%", revol_util=lambda c: c + " %"),
    "spaces before terms": sheet(term=lambda c: " " + c),
    "bytes of Latin-1 in a column not used": TEXT.encode()
    .replace(b"\n", b",caf\xe9\n")
    .replace(b",caf\xe9", b",title", 1),
    "line ends in quotes": TEXT.replace("\n", ',"one\ntwo, ""three"""\n').replace(
        ',"one\ntwo, ""three"""', ",desc", 1
    ),
    "thousands of Switzerland": sheet(annual_inc=grouped("’")),
    "thousands of France": sheet(annual_inc=grouped("\u202f")),
    "thousands with thin spaces": sheet(annual_inc=grouped("\u2009")),
    "currency codes": sheet(annual_inc=lambda c: ("USD " + c).where(HALF, c + " US$")),
    "ISO times with a zone": sheet(issue_d=lambda c: iso(c, "%Y-%m-%dT%H:%M:%S.000+00:00")),
    "American times": sheet(issue_d=lambda c: iso(c, "%m/%d/%Y 12:00:00 AM")),
    "months with dots": sheet(issue_d=lambda c: iso(c, "01.%m.%Y").where(HALF, iso(c, "%m.%Y"))),
    "months with dashes": sheet(issue_d=lambda c: iso(c, "%m-%Y")),
    "months together": sheet(issue_d=lambda c: iso(c, "%Y%m").where(HALF, iso(c, "%Y%m%d"))),
    "years before month names": sheet(issue_d=lambda c: iso(c, "%Y-%b").where(HALF, iso(c, "%Y %b"))),
    "dates in words": sheet(issue_d=lambda c: iso(c, "%B 1, %Y").where(HALF, iso(c, "%b '%y"))),
    "British September": sheet(issue_d=lambda c: c.str.replace("Sep", "Sept")),
    "terms as numbers": sheet(term=lambda c: c.str.slice(0, 2).where(HALF, c.str.slice(0, 2) + ".0")),
    "terms in other words": sheet(term=lambda c: c.str.title().where(HALF, c.str.replace("months", "mo"))),
    "spaces of other kinds": sheet(term=lambda c: c.str.replace(" ", "\u00a0 ") + "\u200b"),
    "homes in small letters": sheet(home_ownership=lambda c: c.str.lower().where(HALF, c.str.title())),
    "grades in small letters": sheet(grade=lambda c: c.str.lower(), sub_grade=lambda c: c.str.lower()),
    "purposes in words": sheet(purpose=lambda c: c.str.replace("_", " ").str.title()),
    "years of employment as numbers": sheet(emp_length=lambda c: c.str.replace(" years?", "", regex=True)),
    "statuses with spaces of other kinds": sheet(
        loan_status=lambda c: c.str.replace(" ", " \u00a0") + "\u200b"
    ),
    "a mark of byte order in the header": TEXT.replace("term", "\ufeffterm", 1).replace(
        "loan_amnt", "loan\u200b_amnt"
    ),
    "two marks of byte order": b"\xef\xbb\xbf\xef\xbb\xbf" + TEXT.encode(),
    "a line end in the header": TEXT.replace("loan_amnt", '"loan\namnt"', 1),
    "a separator that is named": "sep=;\n" + TEXT.replace(",", ";"),
    "bars with spaces": TEXT.replace(",", " | "),
    "spaces before quotes": "\n".join(
        ", ".join(f'"{cell}"' for cell in line.split(",")) for line in TEXT.rstrip("\n").split("\n")
    ),
    "separators at the ends of lines": lines(lambda line: line + ",,,"),
    "a separator at the end of the header": TEXT.replace("\n", ",\n", 1),
    "old Mac's line ends": TEXT.replace("\n", "\r"),
    "the end of file of DOS": TEXT + "\x1a",
    "UTF-16 with other letters": lines(lambda line: line + ",名字")
    .replace("\n", ",title\n", 1)
    .encode("utf-16-le"),
    "UTF-32 without a mark": TEXT.encode("utf-32-le"),
    "an empty cell too many": TEXT.replace("\n", ",\n").replace(",\n", "\n", 1),
}


def require_right(found):
    for name, column in TABLE.categories.items():
        other = found.table.categories[name]
        assert [other.values[i] for i in other.codes] == [column.values[i] for i in column.codes], name
    for name, numbers in TABLE.numbers.items():
        assert np.array_equal(found.table.numbers[name], numbers), name
    assert np.array_equal(found.table.labels, TABLE.labels)
    assert found.usage.used == LOANS


@pytest.mark.parametrize("content", RIGHT.values(), ids=RIGHT)
def test_the_loans_of_a_file_are_read_however_it_is_written(tmp_path, content):
    require_right(read(written(tmp_path, content), "application"))


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


LITTER = {"__MACOSX/._loans.csv": b"\0\5\26\7", ".DS_Store": b"x", "._loans.csv": b"\0\5\26\7"}
PACKED = {
    "loans.csv.gz": gzip.compress(TEXT.encode()),
    "loans.csv.bz2": bz2.compress(TEXT.encode()),
    "loans.csv.xz": lzma.compress(TEXT.encode()),
    "loans.zip": zipped(**{"loans.csv": TEXT}),
    "mac.zip": zipped(**{"loans.csv": TEXT, **LITTER}),
    "folder.zip": zipped(**{"accepted.csv/": "", "accepted.csv/accepted.csv": TEXT}),
    "two members.csv.gz": gzip.compress(TEXT[:3000].encode()) + gzip.compress(TEXT[3000:].encode()),
    "two members.csv.xz": lzma.compress(TEXT[:3000].encode()) + lzma.compress(TEXT[3000:].encode()),
    "two members.csv.bz2": bz2.compress(TEXT[:3000].encode()) + bz2.compress(TEXT[3000:].encode()),
    "padded.csv.bz2": bz2.compress(TEXT.encode()) + bytes(512),
    "padded.csv.xz": lzma.compress(TEXT[:3000].encode()) + bytes(8) + lzma.compress(TEXT[3000:].encode()),
    "of old.csv.lzma": lzma.compress(TEXT.encode(), lzma.FORMAT_ALONE),
    "twice.zip": zipped(**{"loans.csv.gz": gzip.compress(TEXT.encode())}),
    "named plain.csv": gzip.compress(TEXT.encode()),
}


@pytest.mark.parametrize("name", PACKED)
def test_the_loans_of_an_archive_are_read(tmp_path, name):
    require_right(read(written(tmp_path, PACKED[name], name), "application"))


def tarred():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("loans.csv")
        entry.size = len(TEXT)
        archive.addfile(entry, io.BytesIO(TEXT.encode()))
    return packed.getvalue()


def damaged(whole):
    middle = len(whole) // 2
    return whole[:middle] + bytes(byte ^ 0xFF for byte in whole[middle : middle + 40]) + whole[middle + 40 :]


def half(whole):
    return whole[: len(whole) // 2]


REFUSED = {
    "two files": (
        "x.zip",
        zipped(**{"a.csv": TEXT, "b.csv": TEXT}),
        "holds 2 files .'a.csv', 'b.csv'.: unpack",
    ),
    "no file": ("x.zip", zipped(**LITTER), "the archive holds no file"),
    "a workbook": (
        "x.xlsx",
        zipped(**{"[Content_Types].xml": "", "a": ""}),
        "Excel workbook.*save it as CSV",
    ),
    "cut zip": ("x.zip", half(PACKED["loans.zip"]), "is cut off or damaged"),
    "cut gz": ("x.csv.gz", half(PACKED["loans.csv.gz"]), "is cut off or damaged"),
    "cut bz2": ("x.csv.bz2", half(PACKED["loans.csv.bz2"]), "is cut off or damaged"),
    "cut xz": ("x.csv.xz", half(PACKED["loans.csv.xz"]), "is cut off or damaged"),
    "damaged zip": ("x.zip", damaged(PACKED["loans.zip"]), "is cut off or damaged"),
    "damaged gz": ("x.csv.gz", damaged(PACKED["loans.csv.gz"]), "is cut off or damaged"),
    "damaged bz2": ("x.csv.bz2", damaged(PACKED["loans.csv.bz2"]), "is cut off or damaged"),
    "damaged xz": ("x.csv.xz", damaged(PACKED["loans.csv.xz"]), "is cut off or damaged"),
    "not gz": ("x.csv.gz", TEXT, r"ends in \.gz, but it is not compressed"),
    "not bz2": ("x.csv.bz2", TEXT, r"ends in \.bz2, but it is not compressed"),
    "not xz": ("x.csv.xz", TEXT, r"ends in \.xz, but it is not compressed"),
    "not zip": ("x.zip", TEXT, r"ends in \.zip, but it is not compressed"),
    "gz named xz": ("x.csv.xz", PACKED["loans.csv.gz"], r"ends in \.xz, but it is in truth gz"),
    "zst": ("x.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(9), "compressed by Zstandard.*unpack it with unzstd"),
    "tar": ("x.tar.gz", tarred(), "is a tar archive: unpack it"),
    "LFS pointer": ("x.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:aa\n", "git lfs pull"),
    "Parquet": ("x.csv", b"PAR1" + bytes(99), "cannot be read as a Parquet file: .* damaged"),
    "Parquet in gz": ("x.gz", gzip.compress(b"PAR1" + bytes(99)), "it is a Parquet file that is packed"),
    "old workbook": ("x.csv", b"\xd0\xcf\x11\xe0" + bytes(99), "old Excel workbook"),
    "SPSS": ("x.sav", b"$FL2@(#) SPSS DATA FILE" + bytes(99), "it is an SPSS file: save it as CSV"),
    "SPSS, packed": ("x.zsav", b"$FL3@(#) SPSS DATA FILE" + bytes(99), "it is an SPSS file: save it as CSV"),
    "Stata": ("x.dta", b"<stata_dta><header><release>118", "it is a Stata file: export it as CSV"),
    "SAS": ("x.sas7bdat", bytes(12) + b"\xc2\xea\x81\x60" + bytes(99), "it is a SAS data set: export it"),
    "SAS, to send": ("x.xpt", b"HEADER RECORD*******LIBRARY", "it is a SAS transport file: export it"),
    "R": ("x.RData", gzip.compress(b"RDX3\nX\n" + bytes(99)), "it is a file of R's: .* write.csv"),
    "R, one table": ("x.rds", gzip.compress(b"X\n\0\0\0\x03" + bytes(99)), "a file of R's: .* write.csv"),
    "R, older": ("x.rda", b"RDX2\nX\n" + bytes(99), "it is a file of R's: .* write.csv"),
    "Avro": ("x.avro", b"Obj\x01" + bytes(99), "it is an Avro file: save it as CSV"),
    "web page": ("x.csv", " <!DOCTYPE HTML><html>", "is a web page, no table"),
    "empty": ("x.csv", b"", "it is empty"),
    "empty in gz": ("x.csv.gz", gzip.compress(b""), "it is empty"),
    "twice gz": ("x.csv.gz", gzip.compress(PACKED["loans.csv.gz"]), "packed twice: unpack it"),
    "zip in zip": ("x.zip", zipped(**{"a.zip": PACKED["loans.zip"]}), "a zip archive in another"),
    "gz without its end": ("x.csv.gz", PACKED["loans.csv.gz"][:-8], "cut off or damaged"),
    "gz with more behind": ("x.csv.gz", PACKED["loans.csv.gz"] + b"garbage", "cut off or damaged"),
    "a workbook of OpenDocument": ("x.ods", zipped(mimetype="", **{"content.xml": ""}), "save it as CSV"),
    "JSON": ("x.csv", BOOK.to_json(orient="records"), "a JSON document: save it as CSV"),
    "a picture": ("x.csv", b"\x89PNG\r\n\x1a\n" + bytes(9), "a picture, no table"),
    "a mark alone": ("x.csv", b"\xef\xbb\xbf", "no line that a table could begin with"),
    "zero bytes between": ("x.csv", TEXT.replace("RENT", "RE\0NT"), "zero bytes"),
    "two currencies": (
        "x.csv",
        sheet(annual_inc=lambda c: ("€" + c).where(HALF, "$" + c)),
        r"annual_inc in \$ and €; write all in one currency",
    ),
    "percent and shares": (
        "x.csv",
        sheet(int_rate=lambda c: c.where(HALF, (c.astype(float) / 100).map("{:.4f}".format))),
        r"int_rate in two units, as it seems: up to 0\.\d+ in some loans, from \d.* in the others",
    ),
    "thousands as k": (
        "x.csv",
        sheet(annual_inc=lambda c: (c.astype(float) / 1000).map("{:g}k".format)),
        r"60 of 60 loans .* annual_inc is unreadable in 60, such as '[\d.]+k' in line 2, it looks "
        "like a short form of thousands or millions: write the whole number",
    ),
    "full-width digits": (
        "x.csv",
        sheet(loan_amnt=lambda c: c.str.translate({48 + n: 0xFF10 + n for n in range(10)})),
        "loan_amnt is unreadable in 60, such as '６６.* looks like digits of another script: write 0 to 9",
    ),
    "Arabic digits": (
        "x.csv",
        sheet(loan_amnt=lambda c: c.str.translate({48 + n: 0x660 + n for n in range(10)})),
        "loan_amnt is unreadable in 60, such as '٦٦.* looks like digits of another script: write 0 to 9",
    ),
    "formulas for text": (
        "x.csv",
        sheet(loan_amnt=lambda c: '="' + c + '"'),
        r"loan_amnt is unreadable in 60, such as '=\".*a spreadsheet's way to keep text: save its values",
    ),
    "seconds since 1970": (
        "x.csv",
        sheet(issue_d=lambda c: c.map(lambda month: "1380585600")),
        r"issue_d is unreadable in 60, such as '1380585600' in line 2, it looks like seconds or milliseconds",
    ),
    "points between thousands": (
        "x.csv",
        sheet(annual_inc=grouped(".")),
        "points between the thousands of annual_inc",
    ),
    "days first": ("x.csv", sheet(issue_d=lambda c: iso(c, "%d/%m/%Y")), "day before the month in issue_d"),
    "days first, mid-month": (
        "x.csv",
        sheet(issue_d=lambda c: iso(c, "15/%m/%Y")),
        "day before the month in issue_d",
    ),
    "percent with commas": (
        "x.csv",
        sheet(int_rate=lambda c: comma(c) + "%"),
        "such as '.*%' in line 2, it looks like a decimal comma",
    ),
    "formulas that failed": (
        "x.csv",
        sheet(home_ownership=lambda c: "#REF!"),
        "home_ownership is unreadable in 60, such as '#REF!' .* formula that failed",
    ),
    "a line of a million letters": (
        "x.csv",
        TEXT + "x" * (1 << 20),
        "line 62 has more than 1048576 letters",
    ),
    "a damaged stream after a good one": (
        "x.csv.bz2",
        bz2.compress(TEXT.encode()) + b"BZh9damage",
        "is cut off or damaged",
    ),
    "garbage after XZ": ("x.csv.xz", lzma.compress(TEXT.encode()) + b"garbage!", "is cut off or damaged"),
    "a cut stream after a good one": (
        "x.csv.xz",
        lzma.compress(TEXT.encode()) + lzma.compress(TEXT.encode())[:-9],
        "is cut off or damaged",
    ),
    "an archive after another": (
        "x.zip",
        2 * zipped(**{"a.csv": TEXT}),
        "holds an archive after another: unpack each",
    ),
    "half a download": (
        "x.csv.part",
        TEXT,
        "a download that is not over, as its name says: wait for its end",
    ),
    "half another": ("x.parquet.CRDOWNLOAD", b"PAR1", "a download that is not over"),
    "no text": ("x.csv", b"\1\0\0\2" * 50, "zero bytes"),
    "no header": (
        "x.csv",
        TEXT.split("\n", 1)[1],
        "lacks the columns loan_status, term, .* and 21 more.*is that the header",
    ),
    "a column twice": (
        "x.csv",
        TEXT.replace("\n", ",1\n").replace(",1\n", ",loan_amnt\n", 1),
        "column loan_amnt 2 times",
    ),
    "a column near": (
        "x.csv",
        TEXT.replace("loan_amnt", "loan_amount"),
        "lacks the column loan_amnt.*is it 'loan_amount' for",
    ),
    "decimal commas": (
        "x.csv",
        sheet(dti=comma),
        r"dti is unreadable in \d+, such as '\d+,\d+' in line \d+, .* decimal comma",
    ),
    "semicolons and commas": (
        "x.csv",
        BOOK.to_csv(index=False, sep=";", decimal=","),
        "loan_amnt is unreadable in 60, such as .6625,0. .* decimal comma",
    ),
    "thousands or fractions": (
        "x.csv",
        BOOK.assign(**{name: BOOK[name].map("{:.0f}".format) for name in POINTS})
        .assign(int_rate=[f"{rate:.3f}".replace(".", ",") for rate in BOOK["int_rate"]])
        .to_csv(index=False, sep=";"),
        r"int_rate such as '\d+,\d{3}', which may be thousands or a fraction",
    ),
    "another number of cells": (
        "x.csv",
        TEXT.replace("\n", ",1\n").replace(",1\n", "\n", 1),
        "no loan with status .*lines that are no rows: 60, such as line 2",
    ),
    "days of Excel": (
        "x.csv",
        sheet(issue_d=lambda c: c.str.slice(6) + "-" + c.str.slice(0, 3)),
        "issue_d is unreadable in 60, .*Excel",
    ),
    "numbers of Excel": (
        "x.csv",
        sheet(issue_d=lambda c: "40878"),
        "issue_d is unreadable in 60, such as '40878' in line 2, .* as a spreadsheet counts it",
    ),
    "bytes of Latin-1 in a used column": (
        "x.csv",
        TEXT.encode().replace(b"RENT", b"R\xcbNT"),
        "home_ownership .* not UTF-8: save",
    ),
    "many gaps": (
        "x.csv",
        sheet(emp_length=lambda c: c.where(np.arange(LOANS) % 5 > 0, "n/a")),
        "12 of 60 .* 10% .*emp_length is missing in 12",
    ),
    "policy": (
        "x.csv",
        sheet(loan_status=lambda c: "Does not meet the credit policy. Status:" + c),
        "no loan with status.*Does not meet",
    ),
    "a quote left open": (
        "x.csv",
        TEXT.replace("\n", '\n"', 2).replace('\n"', "\n", 1),
        "cannot be used|quote left open",
    ),
    "cut UTF-16": ("x.csv", TEXT.encode("utf-16")[:-1], "cut off or is not in utf-16"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_gets_one_sentence(tmp_path, case):
    name, content, told = REFUSED[case]
    with pytest.raises(DataError, match=told) as caught:
        read(written(tmp_path, content, name), "application")
    assert "\n" not in str(caught.value) and name in str(caught.value)


def test_a_folder_points_at_the_file_in_it(tmp_path):
    (tmp_path / "x.csv").mkdir()
    written(tmp_path / "x.csv", TEXT, "accepted.csv")
    with pytest.raises(DataError, match=r"it is a folder; give a file in it, such as .*x.csv/accepted.csv"):
        read(tmp_path / "x.csv", "application")


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="only Linux has such a file")
def test_a_file_whose_reading_fails_is_one_sentence(tmp_path):
    (tmp_path / "x.csv").symlink_to("/proc/self/mem")
    with pytest.raises(DataError, match="x.csv cannot be read .Input/output error"):
        read(tmp_path / "x.csv", "application")


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(DataError, match="no regular file but a pipe or a device"):
        read(tmp_path / "x.csv", "application")


def test_the_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(written(tmp_path, TEXT).parent))
    from pathlib import Path

    require_right(read(Path("~/loans.csv"), "application"))


def test_a_line_of_too_many_cells_is_counted_and_shown(tmp_path):
    lines = TEXT.split("\n")
    lines[5] += ",more"
    found = read(written(tmp_path, "\n".join(lines)), "application")
    assert (found.usage.used, found.usage.broken) == (LOANS - 1, 1)
    assert f"lines that are no rows: 1, such as line 6, which begins '{lines[5].split(',')[0]}'" in (
        found.usage.told()
    )


def test_what_may_be_missing_is_the_callers_choice(tmp_path):
    path = written(tmp_path, sheet(emp_length=lambda c: c.where(HALF, "")))
    with pytest.raises(DataError, match="30 of 60 loans .* more than the 49% that --allow-missing permits"):
        read(path, "application", 0.49)
    assert read(path, "application", 0.5).usage.used == 30


def test_short_years_are_of_the_last_century_from_1930(tmp_path):
    dates = dict(issue_d=lambda c: "Dec-11", earliest_cr_line=lambda c: "Jan-46")
    found = read(written(tmp_path, sheet(**dates)), "application")
    assert set(found.table.numbers[CREDIT_MONTHS]) == {(2011 - 1946) * 12 + 11}


@pytest.mark.parametrize(
    "negative",
    [
        lambda c: "(" + c + ")",
        lambda c: "$(" + c + ")",
        lambda c: "($" + c + ")",
        lambda c: "\u2212" + c,
        lambda c: c + "-",
        lambda c: "-$" + c,
    ],
)
def test_a_negative_number_is_read_however_accountants_write_it(tmp_path, negative):
    found = read(written(tmp_path, sheet(dti=negative)), "application")
    assert np.array_equal(found.table.numbers["dti"], -TABLE.numbers["dti"])


def test_spellings_of_nothing_are_gaps_in_categories_and_numbers(tmp_path):
    changes = dict(emp_length=lambda c: c.where(HALF, "\\N"), dti=lambda c: c.where(HALF, "NaT"))
    usage = read(written(tmp_path, sheet(**changes)), "application", 0.5).usage
    assert (usage.used, usage.columns["emp_length"].missing, usage.columns["dti"].missing) == (30, 30, 30)


def test_a_file_joined_to_itself_is_told(tmp_path):
    found = read(written(tmp_path, TEXT + TEXT), "application")
    assert (found.usage.used, found.usage.repeated) == (2 * LOANS, LOANS)
    assert "the same as an earlier one in every column: 60; was a file joined to itself?" in (
        found.usage.told()
    )
    first = TEXT.split(",")[0].strip('"')
    assert f"lines that are no rows: 1, such as line 62, which begins {first!r}" in found.usage.told()


def test_loans_that_differ_in_one_column_are_not_the_same(tmp_path):
    again = sheet(dti=lambda c: "1" + c).split("\n", 1)[1]
    assert read(written(tmp_path, TEXT + again), "application").usage.repeated == 0


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_rows_without_end_are_refused_after_a_bounded_part_of_them(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("ml.data.text.opening._ALWAYS", 2**20)
    content = (TEXT + TEXT.split("\n", 1)[1].splitlines()[0] + "\n").encode()
    row = content.splitlines()[-1] + b"\n"
    more = row * (2**20 // len(row))
    path = tmp_path / f"loans.csv.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("loans.csv", content + 32 * more)
    else:
        pack = {"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress
        path.write_bytes(pack(content) + 32 * pack(more))  # Packed files in a row are one.
    assert path.stat().st_size < 32 * len(more) // 100
    with pytest.raises(DataError, match="unpacks to more than .* as no table does"):
        read(path, "application")


def stored(**changes):
    """The book as Parquet keeps it, with columns of other types."""
    made = pa.Table.from_pandas(BOOK, preserve_index=False)
    for name, change in changes.items():
        made = made.set_column(made.column_names.index(name), name, change(made[name]))
    return made


def days_of(column):
    import pandas as pd

    return pd.to_datetime(column.to_pandas(), format="%b-%Y")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"home_ownership": lambda c: c.dictionary_encode(), "purpose": lambda c: c.cast(pa.large_binary())},
        {"loan_amnt": lambda c: c.cast(pa.decimal128(12, 2)), "annual_inc": lambda c: c.cast(pa.int64())},
        {"issue_d": lambda c: pa.array(days_of(c), pa.timestamp("ns"))},
        {"issue_d": lambda c: pa.array(days_of(c).dt.tz_localize("Europe/Berlin"))},
        {"earliest_cr_line": lambda c: pa.array(days_of(c).dt.date, pa.date32())},
    ],
    ids=["plain", "dictionary and bytes", "decimals and integers", "nanoseconds", "a zone", "days"],
)
def test_loans_in_parquet_are_those_of_the_csv_file(tmp_path, changes):
    parquet.write_table(stored(**changes), tmp_path / "loans.csv")  # What it is, its first bytes say.
    found = read(tmp_path / "loans.csv", "application")
    assert found.usage.used == LOANS
    require_right(found)


@pytest.mark.parametrize(
    "change", [lambda c: pa.array([{"a": 1}] * LOANS), lambda c: pa.array([[1]] * LOANS)]
)
def test_loans_in_nested_parquet_are_refused(tmp_path, change):
    parquet.write_table(stored(loan_amnt=change), tmp_path / "loans.parquet")
    with pytest.raises(
        DataError, match="column loan_amnt of .* holds (dict|list); keep columns of one value"
    ):
        read(tmp_path / "loans.parquet", "application")


def test_a_parquet_file_that_tells_of_rows_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ml.data.text.opening._ALWAYS", 2**10)
    rows = 2**20
    parquet.write_table(pa.table({"a": pa.array([1] * rows, pa.int8())}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=f"tells of {rows} rows in"):
        next(parquet_pieces(tmp_path / "x.parquet", ["a"]))
