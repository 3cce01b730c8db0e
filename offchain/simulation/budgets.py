"""How much of its ε each honest client has spent, by the updates that it sent."""

from collections import Counter
from collections.abc import Collection, Sequence

from ml.training.private import Plan


class Budgets:
    """What clients that add noise have sent, and may still send.

    Args:
        plans: Of each client; empty where nobody adds noise.
        exempt: Clients that add none.
    """

    def __init__(self, plans: Sequence[Plan], exempt: Collection[int]) -> None:
        self._plans = plans
        self._exempt = exempt
        self._sent: Counter[int] = Counter()

    def allows(self, client: int) -> bool:
        """Return whether a client has any of its ε left for an update."""
        if not self._plans or client in self._exempt:
            return True
        return self._sent[client] < self._plans[client].privacy.updates

    def spend(self, clients: Collection[int]) -> None:
        """Count an update of each of `clients`."""
        self._sent.update(client for client in clients if client not in self._exempt)

    @property
    def most(self) -> float | None:
        """ε of the client that spent most; None where nobody adds noise."""
        if not self._plans:
            return None
        # Of as many updates, fewer rows give away more.
        by_plan = {(self._plans[client], sent) for client, sent in self._sent.items()}
        return max((plan.spent(sent) for plan, sent in by_plan), default=0.0)
