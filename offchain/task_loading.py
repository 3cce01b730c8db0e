"""A task that a command loads in its own process."""

from contextlib import nullcontext

from ml.tasks.loading import Named
from ml.tasks.task import Task
from offchain.noticing import noticed


def load(named: Named) -> Task:
    """Return a task; where its file takes long to run, that is said.

    Raises:
        TaskError: When there is none, or it is not what a task has to be.
    """
    is_said = noticed(f"task {named.name} has been loading", "Ctrl-C ends it")
    with is_said if named.is_foreign else nullcontext():
        return named.load()
