"""Tasks for people: the built-in ones, and a task with some rows of it to look at."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ml.data.rows import shape_of
from ml.data.splits import ClientData
from ml.settings import AnyPolicy, ScoringSettings
from ml.tasks.federating import own_rows
from ml.tasks.loading import Named, built_in_names
from ml.tasks.rereading import read_same
from ml.tasks.task import Task, settings_of
from ml.training import make_learner
from ml.training.checks import check_learner
from ml.updates.fixed_point import decode
from ml.validation import first_fault_with_value
from offchain.errors import SettingsError
from offchain.learning.describing import FoundersFiles, described
from offchain.learning.description import Learning
from offchain.learning.genesis import repeated_genesis
from offchain.learning.member_rows import require_path, share_of
from offchain.task_loading import load

FIRST_SHARE = "0/8"
"""Of the rows that a task makes, where none is named."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A task with rows of a member.

    Attributes:
        named: As it is named.
        task: The task.
        rows: The member's.
        seed: Of the first model.
        told: What became of the rows of its file.
    """

    named: Named
    task: Task
    rows: ClientData
    seed: int
    told: Sequence[str] = ()

    @classmethod
    def of(
        cls, name: str, options: Mapping[str, Any], data: Path | None, share: str | None, seed: int
    ) -> "Sample":
        """Return a task with a member's file, or with share I of K of the rows that it makes.

        Raises:
            SettingsError: When the task needs a file and there is none, the share is none, or both are given.
            MLError: When the task or its rows cannot be loaded.
        """
        if data is not None and share is not None:
            raise SettingsError(
                f"give --data FILE, or --share {share} of rows that the task makes, and not both"
            )
        named = Named(name, options)
        task = load(named)
        if data is not None:
            require_path(task, data)
            rows = read_same(task, data, named.is_foreign)
            return cls(named, task, own_rows(task, rows, seed), seed, rows.said)
        if task.takes:
            raise SettingsError(f"task {name} needs --data, {task.takes}")
        share = share or FIRST_SHARE
        index, _, of = share.partition("/")
        if not (index.isdecimal() and of.isdecimal()):
            raise SettingsError(f"--share is {share}; the third of eight is 2/8")
        return cls(named, task, share_of(task, int(index), int(of), seed, _metric(task)), seed)

    @property
    def metric(self) -> str:
        """The score that votes on the task use unless told otherwise."""
        return _metric(self.task)


def _metric(task: Task) -> str:
    return str(settings_of(task)["metric"])


def describe_for_deployment(
    sample: Sample, policy: AnyPolicy, metric: str | None, tolerance: float, memory: int, files: FoundersFiles
) -> Learning:
    """Return what a configuration says of a task, for rows of the sample's shape.

    Raises:
        SettingsError: When task, score, first model and probe do not fit each other.
        MLError: When nobody could judge by the task.
    """
    try:
        scoring = ScoringSettings(
            policy=policy,
            metric=metric or sample.metric,
            tolerance=tolerance,
            memory=memory,
        )
    except ValidationError as error:
        raise SettingsError(first_fault_with_value(error, "how voters judge")) from error
    row, label = shape_of(sample.rows.X_train), shape_of(sample.rows.y_train)
    learner = make_learner(sample.task, row, label)
    first = decode(repeated_genesis(learner, sample.seed))
    check_learner(learner, first, sample.rows.X_train, sample.rows.y_train)
    return described(sample.named, row, label, scoring, sample.seed, files)


def lines() -> Iterator[str]:
    """Yield a line for each built-in task: name, options with defaults, rows."""
    for name in built_in_names():
        kind = Named(name, {}).kind
        takes = inspect.signature(kind).parameters.values()
        options = ", ".join(f"{each.name} {each.default}" for each in takes)
        about = (inspect.getdoc(inspect.getmodule(kind)) or "").partition("\n")[0]
        rows = f"--data: {kind.takes}" if kind.takes else "makes its own rows"
        yield f"{name}: {about} Options: {options or 'none'}; {rows}."
