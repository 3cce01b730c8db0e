"""Whether anybody can join: what every client does with the rules of learning, before they are deployed."""

from typing import Any

import numpy as np

from ml.data.rows import Shape
from ml.errors import MLError
from ml.training import Learner
from ml.training.checks import outputs_of
from offchain.errors import SettingsError
from offchain.learning.describing import common_learning
from offchain.learning.description import Learning
from offchain.learning.finding import Here
from offchain.live.errors import ConfigurationError

_KINDS = (np.float32, np.int64)  # Numbers, or places in a table of an embedding.


def require_joinable(learning: Learning, here: Here) -> None:
    """Raise ConfigurationError unless a client can start by these rules.

    Raises:
        ConfigurationError: When task, module, first model, probe or shapes are not what the rules say.
    """
    try:
        _, common = common_learning(learning, here)
    except (MLError, SettingsError) as error:
        raise ConfigurationError(f"learning: {error}") from error
    if learning.probe is None:
        _require_passage(common.learner, learning)


def _require_passage(learner: Learner, learning: Learning) -> None:
    """Try two rows of zeros: a network of images takes more than one side without any parameter telling."""
    faults = []
    for kind in _KINDS:
        X = _zeros(learning.row_shape, kind)
        try:
            y = learner.target.read(_zeros(learning.label_shape, kind))
            outputs_of(learner, learner.initial_parameters(0), X, y)
            return
        except (MLError, ValueError, TypeError, RuntimeError, IndexError) as error:
            faults.append(str(error).partition("\n")[0])  # PyTorch's have many lines.
    raise ConfigurationError(
        f"learning: task {learning.task} does not take rows {learning.row_shape} with targets "
        f"{learning.label_shape} ({faults[0]}); let `ape run task describe` write them"
    )


def _zeros(shape: Shape, kind: type) -> Any:
    if isinstance(shape, tuple):
        return np.zeros((2, *shape), dtype=kind)
    return {name: np.zeros((2, *part), dtype=kind) for name, part in shape.items()}
