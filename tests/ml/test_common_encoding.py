import json

import pytest

from ml.errors import DataError
from ml.tasks.built_in.lending_club.columns import typed
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding, read_encoding
from ml.tasks.built_in.loans.book import book


@pytest.fixture(scope="module")
def book_of_loans():
    return typed(book(800), "application")


def test_what_the_public_loans_never_show_is_all_zeros(book_of_loans):
    common = CommonEncoding.fit(book_of_loans, "application")
    one = typed(book(1).assign(term="7 months"), "application")
    terms = len(common.categories["term"])
    encoded = common.encode(one)[0]
    assert encoded[:terms].tolist() == [0] * terms
    assert encoded[terms : common.inputs - len(common.numbers)].sum() == len(common.categories) - 1


def test_a_file_comes_back_and_its_digest_is_of_the_values(tmp_path, book_of_loans):
    common = CommonEncoding.fit(book_of_loans, "application")
    (tmp_path / "a.json").write_text(common.model_dump_json(indent=7))
    again = read_encoding(tmp_path / "a.json")
    assert again == common and again.digest == common.digest
    spread = common.numbers["dti"]
    other = {**common.numbers, "dti": spread.model_copy(update={"scale": spread.scale * 2})}
    assert common.model_copy(update={"numbers": other}).digest != common.digest


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "holds no mapping"),
        ("{}", "features: Field required"),
        (None, "there is no encoding"),
    ],
)
def test_a_file_that_is_none_is_said(tmp_path, content, told):
    path = tmp_path / "encoding.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=told):
        read_encoding(path)


def test_columns_in_another_order_are_refused(tmp_path, book_of_loans):
    content = json.loads(CommonEncoding.fit(book_of_loans, "application").model_dump_json())
    content["categories"] = dict(reversed(content["categories"].items()))
    (tmp_path / "e.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="categories must be the columns term, grade"):
        read_encoding(tmp_path / "e.json")
