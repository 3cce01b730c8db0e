"""JSON files that people send to each other: read once and whole, or refused."""

import os

import pytest

from ml.json_file import read_json


def written(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [b'{"a": [1, {"a": null}]}', b'\xef\xbb\xbf{"a": 1}', b"[]"])
def test_what_people_write_is_read(tmp_path, content):
    assert read_json(written(tmp_path, content)) == content.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', "'a' stands there twice"),
        (b'[{"a": {"b": 1, "b": 1}}]', "'b' stands there twice"),
        (b"[" * 100_000, "recursion limit exceeded"),
        (b'"' + b"x" * 2**24 + b'"', "more than 16777216 bytes"),
        (b"{", "EOF while parsing"),
        (b"", "EOF while parsing"),
        (b'{"a": "\xe9"}', "no text in UTF-8 .byte 8 is 0xe9.; save it as UTF-8"),
        ("{}".encode("utf-16"), "no text in UTF-8 .byte 1 is 0xff.; save it as UTF-8"),
    ],
    ids=range(8),
)
def test_what_is_none_is_refused(tmp_path, content, told):
    with pytest.raises(ValueError, match=told):
        read_json(written(tmp_path, content))


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(OSError, match="it is no plain file"):
        read_json(tmp_path / "x.json")
