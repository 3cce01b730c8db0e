"""Model families, each in a module of its own behind the protocol `Learner`; the registry is here.

To add one: a module with a function from (shape of a row, shape of its labels, device) to a `Learner`, which
for a PyTorch module is `ModuleLearner`; its name in `Model` and, by data set, in `MODELS` of `ml.settings`;
and an entry in `LEARNERS`.
"""

from collections.abc import Callable, Mapping

from ml.device import use_threads
from ml.models.base import Learner, Predictor, TrainingJob
from ml.models.cnn import cnn
from ml.models.densenet import densenet121
from ml.models.mlp import HIDDEN, Perceptron
from ml.parallel import processors
from ml.settings import Model

__all__ = ["LEARNERS", "Learner", "Predictor", "TrainingJob", "make_learner"]

Shape = tuple[int, ...]
"""Of one row, or of one row's labels."""


LEARNERS: Mapping[Model, Callable[[Shape, Shape, str], Learner]] = {"cnn": cnn, "densenet121": densenet121}
"""Networks by the name that settings carry: from shapes of rows and labels, and a device."""


def make_learner(
    model: Model,
    row: Shape,
    label: Shape,
    device: str = "cpu",
    threads: int | None = None,
    hidden: int = HIDDEN,
) -> Learner:
    """Return the learner `model` for rows of shape `row` with labels of shape `label`, on `device`.

    It computes with `threads` processor threads; by default with all there are where results do not depend on
    their number (mlp), else with one. `hidden` is the width of mlp's layers.
    """
    if model == "mlp":
        return Perceptron(row[0], hidden, device, threads or processors())
    use_threads(threads or 1)
    return LEARNERS[model](row, label, device)
