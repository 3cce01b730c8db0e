"""Exceptions of the package; all derive from `MLError`."""

from ml.messages import cleaned


class MLError(Exception):
    """Anything this package refuses, with one sentence that names the value and what was expected."""

    def __str__(self) -> str:
        """The sentence, fit to be shown: parts of it may come from a file that anyone wrote."""
        return cleaned(super().__str__())


class SettingsError(MLError):
    """A setting that is well formed but cannot be used here, such as an unknown device."""


class DataError(MLError):
    """A data set that is missing, damaged, lacks columns or holds too little for the clients."""


class SchemaError(MLError):
    """A model description that cannot exist or does not fit the vector beside it."""


class UpdateError(MLError):
    """A model update that is malformed: wrong length, type or shape, not finite or out of range."""


class TrainingError(MLError):
    """A training job that cannot be run, such as one whose rows do not fit the model."""


class ScoreError(MLError):
    """A score that is undefined, such as the AUROC of rows of one class."""


class DefenceError(MLError):
    """A robust rule that is asked for what it is not defined for, such as Krum with too few updates."""


class AttackError(MLError):
    """An attack that cannot be made on a model, or one of a user's that returns what is no update."""


class TaskError(MLError):
    """A task that cannot be loaded, or whose code does not do what a task has to."""
