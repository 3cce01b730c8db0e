"""What can go wrong where chain and models meet."""

from collections.abc import Callable, Mapping
from enum import Enum

from ml.messages import cleaned

AMOUNTS: Mapping[str, tuple[str, ...]] = {
    "InsufficientFree": ("free", "required"),
    "BondNotCovered": ("free", "bond"),
    "NotWithdrawable": ("amount", "available"),
    "UnexpectedTransfer": ("received", "expected"),
    "UnsupportedSupply": ("supply",),
    "ERC20InsufficientBalance": ("balance", "needed"),
    "ERC20InsufficientAllowance": ("allowance", "needed"),
}
"""Values of contracts' errors that are base units of the token, by error."""


class OffchainError(Exception):
    """Base of this package's errors; the message is one sentence for the person at the terminal."""

    def __str__(self) -> str:
        """The sentence, fit to be shown: parts of it may come from a node, a store or a relay."""
        return cleaned(super().__str__())


class ChainError(OffchainError):
    """The node refused a request or did not answer as a node does."""


def told_refusal(error: str, values: Mapping[str, object], amount: Callable[[int], str]) -> str:
    """Return a contract's error for people.

    Args:
        error: Its name.
        values: Its values by name; members of an enum are told by theirs.
        amount: What base units come to, in words.

    >>> told_refusal("BondNotCovered", {"client": "0xab", "free": 5, "bond": 9}, lambda n: f"{n} T")
    'BondNotCovered(client=0xab, free=5 T, bond=9 T)'
    """
    amounts = AMOUNTS.get(error, ())

    def shown(name: str, value: object) -> object:
        if isinstance(value, Enum):
            return value.name
        return amount(value) if name in amounts and isinstance(value, int) else value

    return f"{error}({', '.join(f'{name}={shown(name, value)}' for name, value in values.items())})"


def base_units(amount: int) -> str:
    """Return an amount as it is where nobody knows the token's decimals."""
    return f"{amount} base units"


class CallRevertedError(ChainError):
    """A contract refused a call.

    Attributes:
        call: The function's name.
        error: The custom error's name; "" when the contract gave none.
        values: The error's values by name, amounts in base units.
    """

    def __init__(
        self,
        call: str,
        error: str,
        values: Mapping[str, object],
        amount: Callable[[int], str] = base_units,
    ) -> None:
        why = f": {told_refusal(error, values, amount)}" if error else " and gave no reason"
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


class DamagedRunError(RunFolderError):
    """A run's folder whose files are not as they were written."""


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


class WorkerError(OffchainError):
    """A process for code of others that ended, took too long, or says what is no answer."""


class RestingError(WorkerError):
    """Code of others that failed a short time ago, and is not asked again yet."""
