"""JSON files that people write, and send to each other."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml.home import at_home
from ml.json_text import parsed
from ml.messages import quoted
from ml.private_files import opened
from ml.utf8 import decoded

_LARGEST = 2**24  # bytes; an address book has some thousand


def read_value(path: Path) -> Any:
    """Return the value in a JSON file; see `read_json`.

    Raises:
        OSError: When it cannot be read, or is no file.
        ValueError: When it is no JSON, too large, too deep, or says something twice.
    """
    return _read(path)[1]


def read_json(path: Path) -> str:
    """Return the text of a JSON file, which may begin with a mark of byte order.

    Raises:
        OSError: When it cannot be read, or is no file.
        ValueError: When it is no JSON, too large, too deep, or says something twice.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[str, Any]:
    with opened(at_home(path), follow=True) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    text = decoded(content)
    parsed(content)  # First: what it refuses would end the process in json's.
    return text, json.loads(text, object_pairs_hook=_once)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names stand there once: of two values one would be thrown away."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{quoted(name[:60])} stands there twice")
        found[name] = value
    return found
