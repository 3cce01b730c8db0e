"""What the same clients would have learned without votes: plain averaging, attacked and not."""

from collections.abc import Collection, Sequence

from ml.evaluation import Quality
from offchain.deployment import Deployment
from offchain.federation import Federation, Parameters
from offchain.reference import seats

WITHOUT_DEFENCE, WITHOUT_ATTACK = "without_defence", "without_attack"


class Baseline:
    """Federated averaging of every proposal: same seats, seeds and rows as the run, no stakes, no votes.

    Nobody is removed, so the seats are those that the run's round seed gives to all clients.

    Attributes:
        parameters: The global model so far.
    """

    def __init__(self, federation: Federation, deployment: Deployment, attackers: Collection[int]) -> None:
        """Start from the run's genesis model, with `attackers` training maliciously."""
        self._federation = federation
        self._deployment = deployment
        self._attackers = attackers
        self.parameters: Parameters = federation.genesis

    def play(self, round_: int) -> Quality:
        """Play one round; the scores of its global model."""
        proposers = everyones_proposers(self._deployment, round_)
        updates = self._federation.train(self.parameters, proposers, self._attackers, round_)
        self.parameters = self._federation.average(updates.values(), self.parameters)
        return self._federation.quality(self.parameters)


def baselines(
    federation: Federation, deployment: Deployment, attackers: Collection[int]
) -> dict[str, Baseline]:
    """Return the baselines by name: both, or the one without attack where nobody attacks."""
    without_attack = {WITHOUT_ATTACK: Baseline(federation, deployment, ())}
    if not attackers:
        return without_attack
    return {WITHOUT_DEFENCE: Baseline(federation, deployment, attackers), **without_attack}


def everyones_proposers(deployment: Deployment, round_: int) -> Sequence[int]:
    """Return the clients that a round seats as proposers while all of them are members."""
    members = len(deployment.client_keys)
    count, _ = seats.counts(members, deployment.parameters.proposer_bps, deployment.parameters.voter_seats)
    seed = deployment.round_seed(round_)
    return [seats.index_at(seed, place, members) for place in range(count)]
