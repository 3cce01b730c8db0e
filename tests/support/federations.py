"""Built-in tasks' rows shared out, and small tasks of a test's own."""

import inspect

from ml.settings import SplitSettings
from ml.tasks.federating import federate
from ml.tasks.images import ImageTask
from ml.tasks.loading import Named
from ml.tasks.targets import Labels
from ml.tasks.task import Task
from ml.training import make_learner


def load(
    task="loans", path=None, clients=50, shares="iid", dirichlet_alpha=0.5, seed=0, rows=None, **options
):
    """All clients' rows of a built-in task."""
    split = SplitSettings(clients=clients, shares=shares, dirichlet_alpha=dirichlet_alpha, seed=seed)
    made = Named(task, options).load()
    if rows is not None and "rows" in inspect.signature(type(made)).parameters:
        made, rows = Named(task, {**options, "rows": rows}).load(), None
    return federate(made, path, split, rows)


class OfModule(Task):
    """A task that is a module and a target."""

    def __init__(self, make, target):
        self._make, self.target = make, target

    def module(self):
        return self._make()


def image_learner(model, side, labels, **more):
    task = ImageTask(model, side)
    task.target = Labels(labels)
    return make_learner(task, (1, side, side), (labels,), **more)
