"""Files that people send to each other: what makes them huge is refused in a sentence."""

import os

import pytest

from offchain.errors import SettingsError
from offchain.yaml_file import read_mapping

LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)


def read(tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return read_mapping(path, "settings file", SettingsError)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LAUGHS, "holds a reference"),
        ("&a\nb: *a\n", "holds a reference"),
        ("&a\n<<: *a\n", "holds a reference"),
        ("a: &a [*a]", "holds a reference"),
        ("[" * 5000, "nested more than 32 deep"),
        ("a: " + "{a: " * 3000, "nested more than 32 deep"),
        ("a: " + "- " * 3000, "cannot be read as YAML"),
        ("a: 2001-99-99", "month must be in 1..12"),
        ("a: 2001-01-01 99:99:99", "hour must be in 0..23"),
        ("a: 0x" + "f" * 100_000, "a number of 100002 characters"),
        ("a: " + "9" * 100_000, "a number of 100000 characters"),
        ("a: 1." + "9" * 100_000, "a number of 100002 characters"),
        ("a: " + "1:" * 20000 + "1", "a number of 40001 characters"),
        ("a: " + "x" * 5000, "a value of 5000 characters"),
        ("? " + "x" * 5000 + "\n: a", "a value of 5000 characters"),
        ("a: x\n" * 300_000, "more than 1048576 bytes"),
        ("!!python/object/apply:os.system ['echo']", "could not determine a constructor"),
        ("a: !!int x", "cannot be read as YAML"),
        ("a: !!int ''", "cannot be read as YAML"),
        ("a: !!float ''", "cannot be read as YAML"),
        ("a: !!bool x", "cannot be read as YAML"),
        ("a: !!timestamp x", "cannot be read as YAML"),
        ("a: !!binary ä", "cannot be read as YAML"),
        ("a: !!set [x]", "cannot be read as YAML"),
        ("a: !!omap x", "cannot be read as YAML"),
        ("a: !!pairs [x]", "cannot be read as YAML"),
        (b"\x80\xff\0", "cannot be read as YAML"),
        (b"a: caf\xe9", r"no text in UTF-8 \(byte 7 is 0xe9\); save it as UTF-8"),
        ("a: 1".encode("utf-16"), r"no text in UTF-8 \(byte 1 is 0xff\); save it as UTF-8"),
        ("? [a]\n: b", "cannot be read as YAML"),
        ("? {a: b}\n: c", "cannot be read as YAML"),
        ('a: "\0"', "cannot be read as YAML"),
        ("a: '\ud800'", "cannot be read as YAML"),
        ("a:\t- b", "cannot be read as YAML"),
        ("a: b: c\x1b[2J", "cannot be read as YAML"),
        ("a: 1\nb: 2\na: 3", "holds a twice"),
        ("a: {b: 1, 'b': 1}", "holds b twice"),
        ("a: 12345678901.123456789012345678", "a number keeps some 16 digits; put it in quotes"),
        ("a: 1.0e+400", "a number keeps some 16 digits"),
        ("a: 79_228_162_514.264337593543950335", "a number keeps some 16 digits"),
        ("a: 010", "holds 010, which is no decimal number"),
        ("a: 4:00", "holds 4:00, which is no decimal number"),
        ("a: 1:30:00", "holds 1:30:00, which is no decimal number"),
        ("a: 0b11", "holds 0b11, which is no decimal number"),
        ("- a", "holds no mapping"),
        ("", "holds no mapping"),
    ],
    ids=range(46),
)
def test_a_hostile_file_is_refused_in_one_sentence(tmp_path, text, told):
    with pytest.raises(SettingsError, match=told) as caught:
        read(tmp_path, text)
    assert "file.yaml" in str(caught.value) and len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


def test_what_people_write_is_read(tmp_path):
    text = "a: 1\nb: [1.5, x, true, null]\nc: {d: '0x12', e: 2026-11-28}\nn: 0x" + "f" * 64
    found = read(tmp_path, text)
    assert found["b"] == [1.5, "x", True, None] and found["n"] == 2**256 - 1 and found["c"]["d"] == "0x12"


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "file.yaml")
    with pytest.raises(SettingsError, match="it is no plain file"):
        read_mapping(tmp_path / "file.yaml", "settings file", SettingsError)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.30000000000000004", 0.1 + 0.2),
        ("1_0.50", 10.5),
        (".5", 0.5),
        ("-1.0e+3", -1000),
        (".inf", float("inf")),
    ],
)
def test_a_number_that_is_kept_as_it_stands_is_read(tmp_path, text, number):
    assert read(tmp_path, f"a: {text}") == {"a": number}
