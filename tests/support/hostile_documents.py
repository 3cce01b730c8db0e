"""Documents of JSON as nobody honest writes them: whole ones, and a good one with one value put wrong."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

DIGITS = 5000  # Of a number: Python writes none of more than 4300.


@dataclass(frozen=True)
class Raw:
    """JSON's text of a value that Python has none for."""

    text: str


@cache
def large_object() -> bytes:
    return b"{" + b",".join(b'"%d": 1' % i for i in range(200_000)) + b"}"


def texts(good: bytes) -> dict[str, bytes]:
    """Documents, most of which are no JSON, some of which say the same as a good one."""
    text = good.decode()
    return {
        "empty": b"",
        "blank": b" \n",
        **{name: name.encode() for name in ("null", "true", "false", "5", "-1", '"x"', "{}", "[]", "[[]]")},
        "deep lists": b"[" * 100_000,
        "deep closed lists": b"[" * 5_000 + b"]" * 5_000,
        "deep objects": b'{"a":' * 100_000,
        "deep closed objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        "a deep value": b'{"a": ' + b"[" * 100_000 + b"}",
        "a number without end": b"9" * 100_000,
        "a long number": b"9" * DIGITS,
        "NaN": b"NaN",
        "Infinity": b"-Infinity",
        "a mark of byte order": b"\xef\xbb\xbf" + good,
        "two of them": b"\xef\xbb\xbf\xef\xbb\xbf" + good,
        "UTF-16": text.encode("utf-16"),
        "UTF-16 without a mark": text.encode("utf-16-be"),
        "UTF-32": text.encode("utf-32"),
        "no UTF-8": b'{"\xff\xfe": "\xe9"}',
        "half a pair": b'{"a": "\\ud800"}',
        "half a pair in a name": b'{"\\udfff": 1}',
        "NUL": good.replace(b",", b",\0", 1) + b"\0",
        "control characters": b'"\x1b[2J\x07"',
        "large": b'"' + b"x" * 10_000_000 + b'"',
        "a large object": large_object(),
        "a page": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
        "words": b"Too Many Requests",
        "YAML": b"a: 1\nb: 2\n",
        "a comment": b"// no\n" + good,
        "a comma too many": good.rstrip().removesuffix(b"}") + b",}",
        "single quotes": b"{'a': 1}",
        "two documents": good + b"\n" + good,
        "half of it": good[: len(good) // 2],
        "all but its end": good.rstrip()[:-1],
        "everything twice": _twice(good),
    }


def _twice(good: bytes) -> bytes:
    inner = good.strip()
    return b"{" + inner[1:-1] + b"," + inner[1:-1] + b"}" if inner.startswith(b"{") else inner


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 2**256, 10**400),
    *(Raw("9" * DIGITS), Raw("1e400"), Raw("-1e400"), Raw("NaN"), Raw("Infinity"), Raw("1e-400"), Raw("1E5")),
    *("", " ", "0", "-1", "1e5", "0x", "0X", "0xzz", "NaN", "null", "9" * DIGITS, "x" * 10_000, "\x00"),
    *("\x1b[2J", "a\nb", "\u202e", "\u2028", "٣", "\uff10", "../../etc/passwd", "/dev/zero", "%s{0}"),
    *(Raw('"\\ud800"'), [], [[]], [None], [1], ["x"], [{}], {}, {"": 1}, {"a": 1}, {"a": {"b": [None]}}),
    *(Raw("[" * 150 + "]" * 150), Raw('{"a":' * 150 + "1" + "}" * 150), [1] * 5_000),
)


def changed(good: bytes) -> dict[str, bytes]:
    """A good document with each of its values replaced, left out, or joined by one that nobody knows."""
    value = json.loads(good)
    found = {}
    for path in _paths(value):
        where = ".".join(map(str, path)) or "the whole"
        for number, bad in enumerate(VALUES):
            found[f"{where}: value {number}"] = _with(value, path, bad)
        if path:
            found[f"{where}: left out"] = _with(value, path, _OUT)
    for path in [path for path in _paths(value) if isinstance(_at(value, path), dict)]:
        where = ".".join(map(str, path)) or "the whole"
        found[f"{where}: one more"] = _with(value, (*path, "x-one-more"), 1)
        found[f"{where}: one that Python has"] = _with(value, (*path, "__class__"), "x")
    return found


_OUT = object()


def _paths(value, path=()):
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _paths(each, (*path, name))
    elif isinstance(value, list):
        for place, each in list(enumerate(value))[:2]:  # Others are alike.
            yield from _paths(each, (*path, place))


def _at(value, path):
    for part in path:
        value = value[part]
    return value


def _with(value, path, bad):
    marker = "@@here@@"
    if not path:
        return _written(bad).encode()
    copy = json.loads(json.dumps(value))
    parent = _at(copy, path[:-1])
    if bad is _OUT:
        del parent[path[-1]]
        return json.dumps(copy).encode()
    parent[path[-1]] = marker
    return json.dumps(copy).replace(f'"{marker}"', _written(bad), 1).encode()


def _written(bad) -> str:
    return bad.text if isinstance(bad, Raw) else json.dumps(bad)
