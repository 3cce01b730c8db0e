"""A small simulation's game, with what a verifier gets to see of it."""

from dataclasses import dataclass, replace

from offchain.engines.deployment import Deployment
from offchain.engines.reference_engine import ReferenceEngine
from offchain.settings import parse_settings
from offchain.simulation.federation import Federation, all_rows
from offchain.simulation.simulation import Simulation
from offchain.stores.artefacts import Artefacts
from offchain.stores.memory import MemoryStore

SMALL = dict(
    clients=10, rows=2000, engine="reference", proposer_bps=3000, malicious=0.4, baselines=False, seed=1
) | {"policy": "verdict"}


class Kept(MemoryStore):
    """A store that forgets nothing, as a deployment's."""

    def clear(self):
        pass


@dataclass
class Game:
    """What was played: events, artefacts, and what they must lead to."""

    events: list
    artefacts: Artefacts
    schema: object
    genesis: object
    parameters: object
    final: object
    model: bytes


class Silent(ReferenceEngine):
    """An engine whose first `silent` voters do not vote."""

    silent = 0

    def submit_ballots(self, ballots):
        super().submit_ballots(dict(list(ballots.items())[self.silent :]))

    def _pass(self, seated, offset):
        if self.silent:
            self._protocol.now = max(self._protocol.now, self._protocol.head.drawn_at + offset)
            return
        super()._pass(seated, offset)

    def close_round(self):
        if self.silent:
            head, p = self._protocol.head, self._deployment.parameters
            self._protocol.now = head.drawn_at + p.schedule
        return super().close_round()


def played(rounds, quorum_bps=0, silent=0):
    settings = parse_settings({**SMALL, "rounds": rounds})
    federation = Federation(settings, all_rows(settings))
    deployment = Deployment.of(settings, federation.rules)
    parameters = replace(deployment.parameters, quorum_bps=quorum_bps)
    deployment = replace(deployment, parameters=parameters)
    engine = Silent(deployment)
    engine.silent = silent
    simulation = Simulation(settings, federation, deployment, engine)
    simulation._store = store = Kept()
    simulation.start()
    while not simulation.is_over:
        simulation.play_round()
    return Game(
        events=engine._protocol.events,
        artefacts=Artefacts([store], federation.schema),
        schema=federation.schema,
        genesis=federation.genesis,
        parameters=parameters,
        final=simulation.state.parameters,
        model=engine._protocol.model,
    )
