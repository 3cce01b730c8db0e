"""From a task to a learner: what trains and tries models of its module, the fast one where there is one."""

from ml.data.rows import Shape
from ml.device import use_threads
from ml.models.perceptron import PerceptronNetwork
from ml.parallel import processors
from ml.tasks.targets import Labels
from ml.tasks.task import Task
from ml.training.learner import Learner, Predictor, Trainer, TrainingJob
from ml.training.module import ModuleLearner, make_module
from ml.training.perceptron import Perceptron
from ml.training.private import PrivateTrainer
from ml.training.side_by_side import Origin, SideBySideLearner

__all__ = ["Learner", "Origin", "Predictor", "Trainer", "TrainingJob", "make_learner"]


def make_learner(
    task: Task,
    row: Shape,
    label: Shape,
    device: str = "cpu",
    threads: int | None = None,
    trainer: Trainer | None = None,
    origin: Origin | None = None,
) -> Learner:
    """Return what learns a task from rows of shape `row` with targets of shape `label`, on `device`.

    It computes with `threads` processor threads; by default with all there are where results do not depend on
    their number (the perceptron of one label). Others have one by default, and where their `origin` is given,
    so that processes beside this one can make them too, clients are shared out among as many as there are
    processors. `trainer` is a member's own training.
    """
    module = make_module(task, row, label)
    if trainer is None and isinstance(module, PerceptronNetwork) and _is_the_papers(task, module):
        inputs, hidden, *_ = module.widths
        return Perceptron(inputs, hidden, device, threads or processors(), task)
    if isinstance(trainer, PrivateTrainer):
        trainer.require_apart(module)
    use_threads(threads or 1)
    own = ModuleLearner(task, row, label, device, trainer)
    count = 1 if threads or device != "cpu" else processors()
    return own if origin is None or count == 1 else SideBySideLearner(own, origin, count)


def _is_the_papers(task: Task, module: PerceptronNetwork) -> bool:
    """Whether the passes that are written out compute what the task asks for."""
    _, *hidden, outputs = module.widths
    defaults = all(
        getattr(type(task), name) is getattr(Task, name) for name in ("losses", "train", "initial_parameters")
    )
    one_label = isinstance(task.target, Labels) and task.target.count == 1
    return defaults and one_label and outputs == 1 and len(hidden) == 2 and hidden[0] == hidden[1]
