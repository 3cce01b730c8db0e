"""Model families, each in a module of its own behind the protocol `Learner`; the registry is here.

To add one: a module with a function from (shape of a row, shape of its labels, device) to a `Learner`, which
for a PyTorch module is `ModuleLearner`; its name in `Model` and, by data set, in `MODELS` of `ml.settings`;
and an entry in `LEARNERS`.
"""

from collections.abc import Callable, Mapping

from ml.device import use_threads
from ml.learners.base import Learner, Predictor, TrainingJob
from ml.learners.cnn import cnn
from ml.learners.densenet import densenet121
from ml.learners.mlp import Perceptron
from ml.parallel import processors
from ml.settings import Model

__all__ = ["LEARNERS", "Learner", "Predictor", "TrainingJob", "make_learner"]

Shape = tuple[int, ...]
"""Of one row, or of one row's labels."""


def _mlp(row: Shape, label: Shape, device: str, threads: int | None) -> Learner:
    return Perceptron(row[0], device=device, threads=threads or processors())


def _module(make: Callable[[Shape, Shape, str], Learner]) -> "LearnerMaker":
    def maker(row: Shape, label: Shape, device: str, threads: int | None) -> Learner:
        use_threads(threads or 1)
        return make(row, label, device)

    return maker


LearnerMaker = Callable[[Shape, Shape, str, int | None], Learner]
LEARNERS: Mapping[Model, LearnerMaker] = {
    "mlp": _mlp,
    "cnn": _module(cnn),
    "densenet121": _module(densenet121),
}
"""By the name that settings carry: what makes a learner for rows and labels of given shapes on a device."""


def make_learner(
    model: Model, row: Shape, label: Shape, device: str = "cpu", threads: int | None = None
) -> Learner:
    """Return the learner `model` for rows of shape `row` with labels of shape `label`, on `device`.

    It computes with `threads` processor threads; by default with all there are where results do not depend on
    their number (mlp), else with one.
    """
    return LEARNERS[model](row, label, device, threads)
