"""What the same clients would have learned without votes: averaged, attacked or not, and in one place."""

from collections.abc import Sequence

from ml.judging.evaluation import Quality
from offchain.engines.deployment import Deployment
from offchain.learning.common import Parameters
from offchain.reference import seats
from offchain.settings import SimulationSettings
from offchain.simulation.adversary import Adversary
from offchain.simulation.federation import Federation

WITHOUT_DEFENCE, WITHOUT_ATTACK, ORACLE, HONEST_ONLY = (
    "without_defence",
    "without_attack",
    "oracle",
    "honest_only",
)


class Baseline:
    """Federated averaging of every proposal: same seats, seeds and rows as the run, no stakes, no votes.

    Nobody is removed, so the seats are those that the run's round seed gives to all clients.

    Attributes:
        parameters: The global model so far.
    """

    def __init__(
        self, federation: Federation, deployment: Deployment, adversary: Adversary | None = None
    ) -> None:
        """Start from the run's genesis model, with an adversary or none."""
        self._federation = federation
        self._deployment = deployment
        self._adversary = adversary
        self.parameters: Parameters = federation.genesis

    def play(self, round_: int, seated: Sequence[int]) -> Quality:
        """Play one round, for which the run seated some proposers; the scores of its global model."""
        self.parameters = self._learned(round_, seated)
        return self._federation.quality(self.parameters)

    def _learned(self, round_: int, seated: Sequence[int]) -> Parameters:
        proposers = everyones_proposers(self._deployment, round_)
        if self._adversary is None:
            updates = self._federation.train(self.parameters, proposers, round_)
        else:
            updates = self._adversary.available([self.parameters], proposers, round_)
        return self._federation.average(updates.values(), self.parameters)


class Oracle(Baseline):
    """Learning in one place, from the rows of all clients that a round seats as proposers, one after another.

    The paper's centralised baseline on equal terms: it sees the same rows as often, and nothing is averaged.
    """

    def _learned(self, round_: int, seated: Sequence[int]) -> Parameters:
        proposers = everyones_proposers(self._deployment, round_)
        return self._federation.train_centrally(self.parameters, proposers, round_)


class HonestOnly(Baseline):
    """Averaging of the honest updates of the run's own seats: what votes that see everything would leave."""

    def __init__(self, federation: Federation, deployment: Deployment, malicious: frozenset[int]) -> None:
        """Start from the run's genesis model, without `malicious`."""
        super().__init__(federation, deployment)
        self._malicious = malicious

    def _learned(self, round_: int, seated: Sequence[int]) -> Parameters:
        honest = [client for client in seated if client not in self._malicious]
        updates = self._federation.train(self.parameters, honest, round_)
        return self._federation.average(updates.values(), self.parameters)


def baselines(
    settings: SimulationSettings, federation: Federation, deployment: Deployment, adversary: Adversary
) -> dict[str, Baseline]:
    """Return the baselines that the settings ask for, by name."""
    found: dict[str, Baseline] = {}
    if settings.baselines and adversary.members:
        found[WITHOUT_DEFENCE] = Baseline(federation, deployment, adversary)
    if settings.baselines:
        found[WITHOUT_ATTACK] = Baseline(federation, deployment)
    if settings.honest_only:
        found[HONEST_ONLY] = HonestOnly(federation, deployment, adversary.members)
    if settings.oracle:
        found[ORACLE] = Oracle(federation, deployment)
    return found


def everyones_proposers(deployment: Deployment, round_: int) -> Sequence[int]:
    """Return the clients that a round seats as proposers while all of them are members."""
    members = len(deployment.client_keys)
    count, _ = seats.counts(members, deployment.parameters.proposer_bps, deployment.parameters.voter_seats)
    seed = deployment.round_seed(round_)
    return [seats.index_at(seed, place, members) for place in range(count)]
