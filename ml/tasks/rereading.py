"""Whether a task reads the same rows each time: a killed member has to train the same update again."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.rows import Rows, length
from ml.errors import DataError
from ml.tasks.federating import read_rows
from ml.tasks.task import Task

_BLOCK = 1 << 12  # Rows at a time.
_LOOKED_AT = 64
"""Rows of inputs that are made when they are asked for, such as images: reading all would take too long."""


def read_same(task: Task, path: Path | None, foreign: bool) -> Rows:
    """Return a member's rows, which code that is not the project's has to read again the same.

    One copy at a time is in memory.

    Args:
        task: The task.
        path: Of the member's file or folder.
        foreign: Whether the task's code is not the project's, whose own reads the same rows by its tests.

    Raises:
        DataError: When the second time gives other rows, and for what `read_rows` refuses.
        TaskError: When the task's code fails.
    """
    if not foreign:
        return read_rows(task, path)
    first = _digests(read_rows(task, path))
    rows = read_rows(task, path)
    second = _digests(rows)
    for name, digest in first.items():
        if digest != second.get(name):
            raise DataError(
                f"the task's rows() returns other {name} when it reads {path} again; nothing may be drawn at "
                "random there: what is to vary, such as augmentation, belongs into training"
            )
    return rows


def _digests(rows: Rows) -> dict[str, bytes]:
    parts = {name: getattr(rows, name) for name in ("inputs", "targets", "groups", "times")}
    return {
        name: _digest(array, length(rows.targets))
        for name, part in parts.items()
        for name, array in _named(name, part)
    }


def _named(name: str, part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, Mapping):
        yield from ((f"{name} {key!r}", array) for key, array in part.items())
    elif part is not None:
        yield name, part


def _digest(array: Any, rows: int) -> bytes:
    found = blake2b()
    rows = rows if isinstance(array, np.ndarray) else min(rows, _LOOKED_AT)
    for start in range(0, rows, _BLOCK):
        block = np.asarray(array[start : min(rows, start + _BLOCK)])
        plain = block.astype(str) if block.dtype == object else block  # Not where its values lie.
        found.update(np.ascontiguousarray(plain).tobytes())
    return found.digest()
