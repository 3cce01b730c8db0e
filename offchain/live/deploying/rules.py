"""What learning rules mean: a model, its first parameters, and the digest that the contract holds."""

import numpy as np
from numpy.typing import NDArray

from ml.errors import MLError
from ml.tasks.built_in.loans import Loans
from ml.tasks.images import ImageTask
from ml.tasks.targets import Labels
from ml.tasks.task import Task
from ml.training import Learner, make_learner
from ml.updates.hashing import keccak256
from ml.updates.schema import Schema
from offchain.learning.genesis import genesis_model
from offchain.learning.rules import first_rules
from offchain.live.deploying.configuration import Learning
from offchain.live.errors import ConfigurationError

_SHAPES = (
    "an mlp takes row_shape [inputs] and label_shape [], networks of images [1, side, side] and [labels]"
)


def learner_of(learning: Learning, device: str = "cpu") -> Learner:
    """Return the learner that the rules name, on a device, once a row of zeros went through it.

    Raises:
        ConfigurationError: When there is no such model for rows and labels of these shapes.
    """
    try:
        learner = make_learner(_task_of(learning), learning.row_shape, learning.label_shape, device)
        _require_passage(learner, learning)
    except (MLError, ValueError, IndexError, TypeError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]  # PyTorch's have many lines.
        raise ConfigurationError(
            f"learning: model {learning.model} does not take rows {list(learning.row_shape)} with labels "
            f"{list(learning.label_shape)} ({reason}); {_SHAPES}"
        ) from error
    return learner


def _task_of(learning: Learning) -> Task:
    if learning.model == "mlp":
        return Loans()
    task = ImageTask(learning.model, learning.row_shape[-1])
    task.target = Labels(learning.label_shape[0])
    return task


def _require_passage(learner: Learner, learning: Learning) -> None:
    """Try what every client will do: whatever shapes mean to a model, it has to give a row its labels."""
    row = np.zeros((1, *learning.row_shape), dtype=np.float32)
    (logits,) = learner.predictor([row]).outputs(learner.initial_parameters(0), [0])
    if logits.shape != (1, *learning.label_shape):
        raise ValueError(f"a row gives logits of shape {list(logits.shape[1:])}")


def genesis_of(learning: Learning, learner: Learner) -> NDArray[np.int32]:
    """Return the first global model, int32 [size]; that of a simulation with the same seed and shapes."""
    return genesis_model(learner, learning.genesis_seed)


def schema_of(learning: Learning) -> Schema:
    """Return the schema of the model that the rules name.

    Raises:
        ConfigurationError: When they name none.
    """
    return learner_of(learning).schema


def rules_of(learning: Learning) -> bytes:
    """Return the 32 bytes that a contract of these rules holds as `rules`.

    Raises:
        ConfigurationError: When the rules name no model.
    """
    learner = learner_of(learning)
    rules = first_rules(learning.scoring, learner.schema, genesis_of(learning, learner))
    # Voters that encode rows differently would slash one another.
    return rules if learning.encoding is None else keccak256(rules + bytes.fromhex(learning.encoding[2:]))
