"""An institution's own rows, which never leave it, made ready for the deployment's model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml.data.checks import judging_note
from ml.data.rows import Shape, length, shape_of
from ml.data.splits import ClientData
from ml.seeds import derive_seed
from ml.settings import ALLOWED_MISSING, PrivacySettings
from ml.tasks.federating import own_rows as split_rows
from ml.tasks.rereading import read_same
from ml.tasks.task import Task
from offchain.learning.description import Learning
from offchain.learning.finding import Here
from offchain.learning.member_rows import require_path, share_of
from offchain.live.errors import ConfigurationError

_SPLIT = 6  # Under the deployment's seed: which of the own rows validate.


@dataclass(frozen=True)
class DataOptions:
    """What a client's owner says about the task and its rows.

    Attributes:
        path: Rows of its own, a file or folder as the task reads them; none for a share.
        share: (i, k) for share i, from 0, of k of the rows that the task makes, as a simulation has them.
        task: Where the task is here, FILE.py:Class; none for where the founders have it.
        options: Options of the task that name files which are elsewhere here.
        train: Training of its own, FILE.py:function; none for the task's.
        allow_missing: Share of a file's rows that may be left out.
        accept: Whether rows may be unlike those that an encoding was fitted on.
        privacy: What its updates stay within, by noise; none for no noise.
    """

    path: Path | None = None
    share: tuple[int, int] | None = None
    task: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    train: str | None = None
    allow_missing: float = ALLOWED_MISSING
    accept: bool = False
    privacy: PrivacySettings | None = None

    @property
    def is_given(self) -> bool:
        """Whether any rows were named."""
        return self.path is not None or self.share is not None

    def here(self, folder: Path) -> Here:
        """Where the founders' files are, of whom `folder` has the configuration."""
        return Here(folder, self.task, self.options)


@dataclass(frozen=True, eq=False)
class OwnRows:
    """A client's rows.

    Attributes:
        rows: To train on, and to judge by.
        number: Of the share, from which a simulation's draws follow; none for rows of its own, whose draws
            are nobody's to know.
        told: What their owner should know of them.
    """

    rows: ClientData
    number: int | None = None
    told: list[str] = field(default_factory=list)


def own_rows(options: DataOptions, learning: Learning, task: Task) -> OwnRows:
    """Return the client's rows, split into training and validation; the same file gives the same split.

    Raises:
        ConfigurationError: When the options do not go together, or the rows are not of the model's shape.
        SettingsError: When there is no such file or share.
        DataError: When a file is missing, damaged or too small, or its rows teach nothing: they have one
            outcome only, or are unlike those of the encoding.
        TaskError: When the task's code fails.
    """
    if (options.path is None) == (options.share is None):
        raise ConfigurationError("give --data FILE, or --share I/K of rows that the task makes, and not both")
    if options.share is not None:
        rows = share_of(task, *options.share, learning.genesis_seed, learning.metric)
        found = OwnRows(rows, number=options.share[0])
    else:
        assert options.path is not None
        found = _file(options, options.path, learning, task)
    _require_shape(found.rows, learning)
    note = judging_note(length(found.rows.y_validation), learning.tolerance)
    return OwnRows(found.rows, found.number, [*found.told, *([note] if note else [])])


def _file(options: DataOptions, path: Path, learning: Learning, task: Task) -> OwnRows:
    require_path(task, path)
    task.allow_missing, task.accept_rows = options.allow_missing, options.accept
    named = options.here(Path()).named(learning.task, learning.task_options)
    rows = read_same(task, path, named.is_foreign)
    return OwnRows(split_rows(task, rows, derive_seed(learning.genesis_seed, _SPLIT)), told=rows.said)


def _require_shape(rows: ClientData, learning: Learning) -> None:
    found = shape_of(rows.X_train), shape_of(rows.y_train)
    if found != (learning.row_shape, learning.label_shape):
        raise ConfigurationError(
            f"the rows have shape {_told(found[0])} with targets {_told(found[1])}; the deployment's task "
            f"{learning.task} takes {_told(learning.row_shape)} with targets {_told(learning.label_shape)}"
        )


def _told(shape: Shape) -> str:
    return str(list(shape) if isinstance(shape, tuple) else dict(shape))
