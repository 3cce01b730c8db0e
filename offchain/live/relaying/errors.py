"""What can go wrong between a member and a relay."""

from offchain.errors import OffchainError


class RelayError(OffchainError):
    """A relay that is not there or not this deployment's, or a request that it does not take."""
