"""Everybody's tokens as the logs tell them, compared with the contract."""

from collections.abc import Mapping, Sequence

from offchain.live.watching.explain import Change, require_balance, statements
from offchain.live.watching.history import LoggedEvent
from offchain.live.watching.view import ClientView
from offchain.reference import Parameters

Told = Mapping[str, Sequence[Change]]
"""Changes by client, as `statements` returns them."""


class Books:
    """Statements of everyone, of which those are compared that changed since the last comparison.

    Args:
        parameters: The deployment's.

    Attributes:
        told: The changes of every client that the logs name.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._compared: Told = {}
        self.told: Told = {}

    def enter(self, events: Sequence[LoggedEvent]) -> list[str]:
        """Take in all logs of round manager and pool, from the first on; whose tokens are to be compared.

        Raises:
            LogsError: When a payout is not what the round's own logs make of it.
        """
        self.told = statements(events, self._parameters)
        return [client for client, changes in self.told.items() if changes != self._compared.get(client)]

    def require(self, clients: Mapping[str, ClientView]) -> None:
        """Require of clients what the contract says of them at the block of the last event.

        Raises:
            LogsError: When the logs make something else.
        """
        for client, changes in self.told.items():
            if client in clients:
                free, escrow = sum(each.free for each in changes), sum(each.escrow for each in changes)
                require_balance(client, free, escrow, clients[client])
        self._compared = self.told
