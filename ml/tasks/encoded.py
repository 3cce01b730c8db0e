"""Built-in tasks that turn rows into inputs by an encoding of their own, fitted on rows that all may know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ml.errors import SettingsError
from ml.messages import quoted
from ml.tasks.loading import Named


@dataclass(frozen=True)
class FittedEncoding:
    """An encoding of a task's rows.

    Attributes:
        option: The task's option that names its file.
        content: Of the file, JSON.
        told: What became of the rows that it was fitted on.
    """

    option: str
    content: str
    told: Sequence[str]


@runtime_checkable
class Encoded(Protocol):
    """A task that has one."""

    def fitted_encoding(self, path: Path) -> FittedEncoding:
        """Return the encoding of a file's rows."""
        ...


def fitted_encoding(name: str, options: Mapping[str, Any], path: Path) -> FittedEncoding:
    """Return the encoding that a built-in task fits on the rows of a file.

    Raises:
        SettingsError: When there is no such task, or it has no encoding of its own.
        DataError: When the file has no such rows, or too few.
    """
    named = Named(name, options)
    task = named.load() if named.is_built_in else None
    if not isinstance(task, Encoded):
        raise SettingsError(
            f"task {quoted(name)} has no encoding of its own; of a table, name its --target COLUMN"
        )
    return task.fitted_encoding(path)
