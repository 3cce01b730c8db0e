"""Tables as other programs write them: other encodings, lines of dashes; read as they are, or asked about."""

import pytest

from ml.data.text.western import odd_words
from ml.errors import DataError
from ml.tasks.tables.fitting import Wishes, fit
from ml.tasks.tables.task import TableTask

ASKED = {
    "shift_jis": ["東京", "大阪", "男性", "女性", "はい", "いいえ", "糖尿病", "テスト"],
    "euc_jp": ["東京", "大阪", "男性", "女性", "はい", "いいえ"],
    "gb18030": ["北京", "上海", "男", "女", "是", "否", "糖尿病"],
    "big5": ["台北", "高雄", "男", "女", "是", "否", "高血壓"],
    "euc_kr": ["서울", "부산", "남자", "여자", "예", "아니오"],
    "cp1251": ["Москва", "Казань", "мужской", "женский", "да", "нет"],
    "koi8_r": ["Москва", "Казань", "мужской", "женский", "да", "нет"],
    "cp1253": ["Αθήνα", "Πάτρα", "άνδρας", "γυναίκα", "ναι", "όχι"],
    "iso8859_2": ["Łódź", "Kraków", "mężczyzna", "kobieta", "Gdańsk", "Wrocław", "nadciśnienie"],
    "cp437": ["München", "Köln", "männlich", "weiblich"],
    "mac_roman": ["München", "Genève", "männlich", "weiblich"],
}
WESTERN = [
    *("München", "Köln", "männlich", "Zürich", "Größe", "ÜBERSICHT", "Île", "Genève", "élève", "été", "à"),
    *("L’Hôpital", "España", "“x”", "5 €", "25 °C", "25°C", "m²", "µg/l", "½", "§ 3", "Ærøskøbing", "Þórður"),
    *("Ísafjörður", "Åland", "São", "naïve", "col·lega", "¿qué?", "10 – 20", "±2", "Nº", "©"),
]
NAMED = Wishes(("out",))


def table(path, words, encoding, rows=200):
    """A file of a category, a number and an outcome; bytes of Python's codec."""
    lines = [f"{20 + i % 61},{words[i % len(words)]},{i % 2}" for i in range(rows)]
    path.write_bytes("\n".join(["age,word,out", *lines, ""]).encode(encoding))
    return path


def category(form):
    return next(each.values for each in form.inputs if each.column == "word")


@pytest.mark.parametrize("encoding", ASKED)
def test_a_file_that_is_neither_utf8_nor_looks_western_is_asked_about(tmp_path, encoding):
    path = table(tmp_path / "t.csv", ASKED[encoding], encoding)
    with pytest.raises(DataError, match="is neither UTF-8 nor, as it looks, cp1252.*--encoding"):
        fit(path, NAMED)


@pytest.mark.parametrize("encoding", ASKED)
def test_with_its_name_members_read_what_pythons_codec_reads(tmp_path, encoding):
    words = ASKED[encoding]
    path = table(tmp_path / "t.csv", words, encoding)
    form = fit(path, Wishes(("out",), encoding=encoding)).form
    assert set(category(form)) == set(words) and form.read.encoding == encoding
    known, same = (TableTask(form).rows(each) for each in (path, table(tmp_path / "s.csv", words, encoding)))
    assert (known.inputs == same.inputs).all() and known.inputs[:, 1:].sum() > 150


def test_a_members_file_in_utf8_is_not_read_by_another_name(tmp_path):
    form = fit(table(tmp_path / "t.csv", ASKED["cp1251"], "cp1251"), Wishes(("out",), encoding="cp1251")).form
    with pytest.raises(DataError, match="s.csv is UTF-8, and is to be read as cp1251"):
        TableTask(form).rows(table(tmp_path / "s.csv", ASKED["cp1251"], "utf-8"))
    with pytest.raises(DataError, match="is UTF-8, and is to be read as shift_jis"):
        fit(
            table(tmp_path / "u.csv", ASKED["shift_jis"], "utf-8-sig"), Wishes(("out",), encoding="shift_jis")
        )


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_text_is_read_with_a_note(tmp_path, encoding):
    words = [word for word in WESTERN if word.encode(encoding, "ignore").decode(encoding) == word]
    fitted = fit(table(tmp_path / "t.csv", words, encoding), NAMED)
    assert set(category(fitted.form)) == set(words) and fitted.form.read.encoding == "cp1252"
    assert any("no UTF-8 and is read as cp1252" in note for note in fitted.notes)


@pytest.mark.parametrize("word", WESTERN)
def test_each_western_word_alone_is_one(word):
    assert odd_words(word.encode("cp1252")) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_without_a_name(tmp_path, encoding):
    words = ASKED["gb18030"]
    fitted = fit(table(tmp_path / "t.csv", words, encoding), NAMED)
    assert set(category(fitted.form)) == set(words) and not any("UTF-8" in note for note in fitted.notes)


@pytest.mark.parametrize(
    "text",
    [
        "| age | sex | out |\n|-----|:---:|----:|\n| 34 | m | 1 |\n| 50 | f | 0 |\n",
        "age | sex | out\n--- | --- | ---\n34 | m | 1\n50 | f | 0\n51 | f | 1\n",
        " age | sex | out \n-----+-----+-----\n  34 | m   |   1\n  50 | f   |   0\n",
        "age,sex,out\n---,---,---\n34,m,1\n50,f,0\n51,f,1\n",
    ],
    ids=["markdown", "bare", "psql", "sqlite"],
)
def test_a_line_of_dashes_below_the_header_is_no_row(tmp_path, text):
    (tmp_path / "t.md").write_text(text)
    with pytest.raises(
        DataError, match="a line of dashes .* follows its header.*; save it as CSV"
    ) as refused:
        fit(tmp_path / "t.md", NAMED)
    assert "\n" not in str(refused.value)


def test_dashes_that_stand_for_nothing_are_no_such_line(tmp_path):
    lines = [f"{20 + i % 61},{'-' if i % 9 == 0 else 'a'},{i % 2}" for i in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["age,word,out", "-,-,1", *lines, ""]))
    assert fit(tmp_path / "t.csv", NAMED).form.inputs
