"""What can go wrong on a live network; each message is one sentence for the person at the terminal."""

from offchain.errors import ChainError, OffchainError


class ConfigurationError(OffchainError):
    """A configuration that is malformed or does not fit itself, or an address book that does not."""


class DeploymentError(OffchainError):
    """A deployment that is not on this chain, not finished, or not what its address book says."""


class AccountError(OffchainError):
    """A key that is not there or cannot be used."""


class SigningError(AccountError, ChainError):
    """An account that does not sign now; a device or a service may come back."""


class UnansweredError(OffchainError):
    """Somebody else's program, device or service that failed or gave no answer; the message says why."""


class NodeUnavailableError(ChainError):
    """No node answered in time."""


class LogsError(ChainError):
    """Logs that do not fit each other, or not what the contracts say; the message ends with what to do."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"{fault}: logs are missing, or the node is wrong; try another with --rpc")


class NodeRefusedError(ChainError):
    """A node answered a request with an error.

    Attributes:
        method: The request's.
        message: The node's own words.
        data: What a contract reverted with, or None.
        reverted: Whether it was a contract that refused, not the node.
    """

    def __init__(
        self, method: str, message: str, data: bytes | None = None, reverted: bool | None = None
    ) -> None:
        super().__init__(f"the node refused {method}: {message}")
        self.method = method
        self.message = message
        self.data = data
        self.reverted = data is not None if reverted is None else reverted


class TooMuchAskedError(NodeRefusedError):
    """A node finds a range of blocks too large.

    Attributes:
        most: How many blocks it says that it would take; None when it does not say.
    """

    def __init__(self, method: str, message: str, most: int | None = None) -> None:
        super().__init__(method, message)
        self.most = most


class BeyondHeadError(NodeRefusedError):
    """A node has not the logs yet of the last block that was named."""


class HeaderError(ChainError):
    """A block whose header cannot be put together, so that no contract can be shown it."""


class FeeCapError(ChainError):
    """The chain asks more for gas than the user allows."""


class InsufficientFundsError(ChainError):
    """An account that cannot pay for the gas of what it is to send."""


class StaleDecisionError(ChainError):
    """The account has sent something since the decision was taken: read the chain and decide again."""


class DeadlineMissedError(ChainError):
    """A transaction was not mined in time, and is withdrawn, so that it cannot take effect later."""


class CommitmentLostError(OffchainError):
    """A commitment that this client cannot open."""


class RelayError(OffchainError):
    """A relay that is not there or not this deployment's, or a request that it does not take."""


class UnfitEntryError(RelayError):
    """An entry that the contract would refuse now; the message begins with the name of its error."""
