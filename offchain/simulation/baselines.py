"""What the same clients would have learned without votes: averaged, attacked or not, and in one place."""

from collections.abc import Collection, Sequence

from ml.judging.evaluation import Quality
from offchain.engines.deployment import Deployment
from offchain.learning.common import Parameters
from offchain.reference import seats
from offchain.settings import SimulationSettings
from offchain.simulation.federation import Federation

WITHOUT_DEFENCE, WITHOUT_ATTACK, ORACLE = "without_defence", "without_attack", "oracle"


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


class Oracle(Baseline):
    """Learning in one place, from the rows of all clients that a round seats as proposers, one after another.

    The paper's centralised baseline on equal terms: it sees the same rows as often, and nothing is averaged.
    """

    def __init__(self, federation: Federation, deployment: Deployment) -> None:
        """Start from the run's genesis model; nobody attacks."""
        super().__init__(federation, deployment, ())

    def play(self, round_: int) -> Quality:
        """Play one round; the scores of its model."""
        proposers = everyones_proposers(self._deployment, round_)
        self.parameters = self._federation.train_centrally(self.parameters, proposers, round_)
        return self._federation.quality(self.parameters)


def baselines(
    settings: SimulationSettings, federation: Federation, deployment: Deployment, attackers: Collection[int]
) -> dict[str, Baseline]:
    """Return the baselines that the settings ask for, by name."""
    found: dict[str, Baseline] = {}
    if settings.baselines and attackers:
        found[WITHOUT_DEFENCE] = Baseline(federation, deployment, attackers)
    if settings.baselines:
        found[WITHOUT_ATTACK] = Baseline(federation, deployment, ())
    if settings.oracle:
        found[ORACLE] = Oracle(federation, deployment)
    return found


def everyones_proposers(deployment: Deployment, round_: int) -> Sequence[int]:
    """Return the clients that a round seats as proposers while all of them are members."""
    members = len(deployment.client_keys)
    count, _ = seats.counts(members, deployment.parameters.proposer_bps, deployment.parameters.voter_seats)
    seed = deployment.round_seed(round_)
    return [seats.index_at(seed, place, members) for place in range(count)]
