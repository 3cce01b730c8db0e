"""What a member trains with, where it is not what its task says."""

from ml.errors import TrainingError
from ml.settings import PrivacySettings
from ml.tasks.loading import load_function
from ml.tasks.task import Task
from ml.training.learner import Trainer
from ml.training.private import PrivateTrainer


def trainer_of(task: Task, train: str | None, privacy: PrivacySettings | None = None) -> Trainer | None:
    """Return a training of the member's own, or with noise; None for the task's.

    Args:
        task: What is learned.
        train: FILE.py:function; none for none.
        privacy: What updates stay within; none for no noise.

    Raises:
        TrainingError: When both are given, or noise cannot be added.
        TaskError: When the function cannot be loaded.
    """
    if train and privacy:
        raise TrainingError(
            f"--dp-epsilon is of the default training, and --train {train} is one of your own: leave one out"
        )
    if privacy:
        return PrivateTrainer(task, privacy)
    return load_function(train, "--train") if train else None
