"""What can go wrong where chain and models meet."""

from ml.messages import cleaned


class OffchainError(Exception):
    """Base of this package's errors; the message is one sentence for the person at the terminal."""

    def __str__(self) -> str:
        """The sentence, fit to be shown: parts of it may come from a node, a store or a relay."""
        return cleaned(super().__str__())


class ChainError(OffchainError):
    """The node refused a request or did not answer as a node does."""


class CallRevertedError(ChainError):
    """A contract refused a call.

    Attributes:
        call: The function's name.
        error: The custom error's name; "" when the contract gave none.
        values: The error's values by name.
    """

    def __init__(self, call: str, error: str, values: dict[str, object]) -> None:
        shown = ", ".join(f"{name}={value}" for name, value in values.items())
        why = f": {error}({shown})" if error else " and gave no reason"
        super().__init__(f"the contract refused {call}{why}")
        self.call = call
        self.error = error
        self.values = values


class SettingsError(OffchainError):
    """Settings that are malformed, unknown or do not fit each other."""


class TrackingError(OffchainError):
    """Another program's package is missing, or does not take what is tracked."""


class RunFolderError(OffchainError):
    """An output folder that is in use, or that holds no run to continue."""


class SimulationError(OffchainError):
    """A run that cannot go on, such as one whose training diverged."""


class ReproductionError(OffchainError):
    """An item of the paper that cannot be made from what is there."""


class ArenaError(OffchainError):
    """A grid that is malformed, or of which nothing could be played."""


class StoreError(OffchainError):
    """A store that cannot be read or written, or that holds what it should not."""


class SilentStoreError(StoreError):
    """A store that does not answer: gone, or perhaps starting just now."""


class LineageError(OffchainError):
    """A lineage of models that does not follow from the logs and the artefacts."""


class BytesGoneError(LineageError):
    """An included update whose bytes no store has, so that nobody can make the model of it."""


class PageError(OffchainError):
    """A page that cannot be written or served."""
