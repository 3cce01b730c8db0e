"""How much of a member's ε its updates spent, by the accountant, as its client tells it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ml.messages import counted
from ml.settings import PrivacySettings
from ml.training.private import Plan
from offchain.learning.finding import Here
from offchain.live.client.local_learning import learning_of
from offchain.live.client.options import Whose
from offchain.live.client.own_data import DataOptions
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.watching.rounds import RoundLog, sent_by


@dataclass(frozen=True)
class Spent:
    """What a member's updates gave away of any one of its rows.

    Attributes:
        client: Its address.
        updates: How many it published.
        epsilon: Of them together, at the δ of `privacy`.
        privacy: What they stay within.
    """

    client: str
    updates: int
    epsilon: float
    privacy: PrivacySettings

    @property
    def told(self) -> str:
        """The same in words."""
        p = self.privacy
        return (
            f"ε {self.epsilon:.4g} of {p.epsilon:g} spent by {counted(self.updates, 'update')} of "
            f"{p.updates}, at δ {p.delta:g}"
        )


class Spending:
    """Counts a member's updates on the chain, which no restart forgets.

    Args:
        client: The member's address.
        plan: How its training stays within its ε.
    """

    def __init__(self, client: str, plan: Plan) -> None:
        self._client = client
        self._plan = plan

    def of(self, rounds: Iterable[RoundLog]) -> Spent:
        """Return what the updates that it published in some rounds spent."""
        sent = sent_by(self._client, rounds)
        return Spent(self._client, sent, self._plan.spent(sent), self._plan.privacy)


def spending_of(deployment: LiveDeployment, whose: Whose, here: Here, path: Path | None) -> Spending:
    """Return what counts a member's spent ε, from its rows and how it trains, as its client has them.

    Args:
        deployment: Which.
        whose: The member, and its client's options.
        here: Where the founders' task is.
        path: Its rows; none for a share.

    Raises:
        OffchainError: When task, module or first model are not the founders', or options do not fit.
        MLError: When the rows cannot be read, or no noise is enough for the ε.
    """
    # Nothing is staked on rows that are only counted: none is too odd for that.
    rows = DataOptions(path, whose.share, here.task, here.options, None, 1.0, True, whose.privacy)
    rules = deployment.configuration.learning
    plan = learning_of(rules, deployment.folder, rows, whose.training, "cpu").plan
    assert plan is not None
    return Spending(whose.client, plan)
