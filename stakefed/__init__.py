"""The names that a task's file imports: `from stakefed import Task, Rows, Classes`."""

from ml.data.rows import Rows
from ml.data.stored_images import StoredImages
from ml.settings import TrainingSettings
from ml.tasks.context import Context
from ml.tasks.targets import Classes, Labels, Numbers, Other
from ml.tasks.task import Task

__all__ = [
    "Classes",
    "Context",
    "Labels",
    "Numbers",
    "Other",
    "Rows",
    "StoredImages",
    "Task",
    "TrainingSettings",
]
