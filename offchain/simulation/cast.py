"""Who of the clients is malicious, and how."""

from dataclasses import dataclass

import numpy as np

from ml.seeds import derive_seed
from offchain.settings import SimulationSettings

_CAST = 2  # Paths 0 and 1 under a run's seed are the data's.


@dataclass(frozen=True)
class Cast:
    """The malicious clients, by number; fixed before training, as in the paper.

    Attributes:
        proposers: Clients that propose badly.
        voters: Clients that vote the opposite of what they find: the first of `proposers`, and others when
            there are more.
    """

    proposers: frozenset[int]
    voters: frozenset[int]

    @property
    def malicious(self) -> frozenset[int]:
        """Clients that do either."""
        return self.proposers | self.voters

    @classmethod
    def of(cls, settings: SimulationSettings) -> "Cast":
        """Return the cast of a run: shares of the clients, rounded half up, taken from one random order."""
        generator = np.random.default_rng(derive_seed(settings.seed, _CAST))
        order = [int(client) for client in generator.permutation(settings.clients)]
        counts = (int(share * len(order) + 0.5) for share in (settings.malicious, settings.malicious_voters))
        proposers, voters = (frozenset(order[:count]) for count in counts)
        return cls(proposers, voters)
