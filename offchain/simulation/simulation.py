"""The paper's game, round by round: seats, training, ballots, outcome, the next global model."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ml.judging.ballots import bitmap, majority
from ml.judging.evaluation import Quality
from ml.judging.policies import parse_updates
from ml.judging.policy import Policy
from ml.updates.canonical import digest, to_bytes
from offchain.engines.deployment import Deployment
from offchain.engines.engine import Engine, RoundOutcome, Seating
from offchain.errors import SimulationError
from offchain.learning.common import Parameters
from offchain.reference.settlement import positions
from offchain.settings import MIN_CLIENTS, SimulationSettings
from offchain.simulation.adversary import Adversary
from offchain.simulation.baselines import baselines
from offchain.simulation.budgets import Budgets
from offchain.simulation.cast import Cast
from offchain.simulation.defending import defending
from offchain.simulation.federation import Federation
from offchain.simulation.records import Judgement, RoundRecord, Seconds, gas_uses, judgement
from offchain.simulation.stopwatch import Stopwatch
from offchain.stores.artefacts import is_artefact
from offchain.stores.memory import MemoryStore

SAMPLES = 1
"""Every proposer claims one sample: shares are equal, and so are weights in the average."""


@dataclass(frozen=True, eq=False)
class State:
    """What a run needs besides its records to go on: models as int32 [size].

    Attributes:
        round: Rounds played.
        parameters: The global model.
        baselines: The baselines' global models, by name.
        older: The included models before it that clients may still build on, oldest first.
    """

    round: int
    parameters: Parameters
    baselines: Mapping[str, Parameters]
    older: Sequence[Parameters] = ()


@dataclass(frozen=True, eq=False)
class Model:
    """A global model int32 [size], its Merkle root, its scores on the test rows."""

    parameters: Parameters
    root: bytes
    quality: Quality


@dataclass(frozen=True, eq=False)
class Judged:
    """What a round's voters did.

    Attributes:
        fetched: The updates that they could have, by seat position.
        ballots: As they are cast, by client.
        judgement: What is honest.
        shadow: What another policy would have found.
    """

    fetched: Mapping[int, Parameters]
    ballots: Mapping[int, int]
    judgement: Judgement
    shadow: Judgement | None


class Simulation:
    """A run: clients that learn, judge and stake, on either engine.

    Args:
        settings: What the run is.
        federation: The clients' learning.
        deployment: Keys, seeds and parameters, the same as the engine's.
        engine: The protocol, on a chain or in memory.
    """

    def __init__(
        self, settings: SimulationSettings, federation: Federation, deployment: Deployment, engine: Engine
    ) -> None:
        self.cast = Cast.of(settings)
        self._settings = settings
        self._federation = federation
        self._engine = engine
        self._adversary = Adversary(settings, federation, self.cast)
        self._budgets = Budgets(federation.plans, self._adversary.members)
        self._combine = defending(settings, federation, self.cast)
        self._baselines = baselines(settings, federation, deployment, self._adversary)
        self._store = MemoryStore()
        # One thread, so that the learner does one thing at a time: the round trains before, and waits after.
        self._beside = ThreadPoolExecutor(1, "beside the chain")
        self._models = [federation.genesis]  # The last included ones, oldest first; the genesis counts.
        self._round = 0
        self._members = settings.clients

    def start(self) -> None:
        """Deploy and make every client a member."""
        self._engine.start()

    @property
    def is_over(self) -> bool:
        """Whether all rounds are played, or too few members are left to open another."""
        return self._round >= self._settings.rounds or self._members < MIN_CLIENTS

    @property
    def state(self) -> State:
        """What to keep, beside the records, to go on later."""
        models = {name: baseline.parameters for name, baseline in self._baselines.items()}
        return State(self._round, self._parameters, models, self._models[:-1])

    @property
    def _parameters(self) -> Parameters:
        return self._models[-1]

    def restore(self, records: Sequence[RoundRecord], state: State) -> None:
        """Play the recorded rounds again, without learning, and go on from `state`.

        Raises:
            SimulationError: When the records do not lead where they say, or `state` is not theirs.
        """
        for record in records:
            self._replay(record)
        self._check_state(records, state)
        self._round = len(records)
        self._models = [*state.older, state.parameters]
        for name, baseline in self._baselines.items():
            baseline.parameters = state.baselines[name]

    def play_round(self) -> RoundRecord:
        """Play the next round; what happened in it.

        What does not wait for the chain is computed beside its transactions: ballots while updates are
        proposed and published, then the baselines, and the next global model as the ballots will decide it.
        """
        watch = Stopwatch()
        with watch.measure("chain"):
            seating = self._engine.open_round()
        with watch.measure("train"):
            updates = self._train(seating)
        roots = self._put(updates)
        judging = self._beside.submit(self._judge, seating, roots)
        playing = self._beside.submit(self._play_baselines, seating)
        with watch.measure("chain"):
            self._engine.submit_updates({client: (root, SAMPLES) for client, root in roots.items()})
        with watch.measure("score"):
            judged = judging.result()
        fetched, ballots = judged.fetched, judged.ballots
        expected = majority(ballots.values(), fetched)
        learning = self._beside.submit(self._next_model, fetched, expected, seating)
        with watch.measure("chain"):
            self._engine.submit_ballots(ballots)
            outcome = self._engine.close_round()
        with watch.measure("baselines"):
            beside = playing.result()
        model = learning.result()
        if outcome.included != expected:
            model = self._next_model(fetched, outcome.included, seating)
        entered = _entered(fetched, outcome.included, seating)
        agreed = self._combine.agreed(entered, self._parameters, model.parameters)
        self._combine.recall(list(entered), agreed)

        if entered:
            self.include(model.parameters)
        self._round = seating.round
        self._members -= len(outcome.removed)
        self._adversary.see(outcome.balances)
        self._budgets.spend(updates)
        return self._record(seating, roots, judged, outcome, model, agreed, beside, watch)

    def include(self, model: Parameters) -> None:
        """Make a model the global one; clients may build on the last `memory` of them."""
        self._models = [*self._models, model][-self._settings.memory :]

    def _check_state(self, records: Sequence[RoundRecord], state: State) -> None:
        older = {f"included model {place}": model for place, model in enumerate(state.older)}
        models = {"the global model": state.parameters, **older, **state.baselines}
        if len(older) >= self._settings.memory or state.baselines.keys() != self._baselines.keys():
            raise SimulationError(f"the saved models are of {', '.join(models)}, not of this run's settings")
        for name, model in models.items():
            if model.dtype != np.int32 or model.shape != self._federation.genesis.shape:
                raise SimulationError(
                    f"the saved model of {name} is {model.dtype} {model.shape}; "
                    f"expected int32 {self._federation.genesis.shape}"
                )
        saved = digest(to_bytes(state.parameters), self._federation.schema).hex()
        if records and saved != records[-1].parameters:
            raise SimulationError(
                f"the saved global model {saved} is not that of round {len(records)}, "
                f"{records[-1].parameters}"
            )

    def _train(self, seating: Seating) -> dict[int, Parameters]:
        able = [client for client in seating.proposers if client not in seating.unable]
        proposers = [client for client in able if self._budgets.allows(client)]
        return self._adversary.proposals(self._models, proposers, seating.round)

    def _put(self, updates: Mapping[int, Parameters]) -> dict[int, bytes]:
        self._store.clear()
        roots = {}
        for client, update in updates.items():
            blob = to_bytes(update)
            roots[client] = digest(blob, self._federation.schema)
            if not self._adversary.withholds(client):
                self._store.put(roots[client], blob)
        return roots

    def _judge(self, seating: Seating, roots: Mapping[int, bytes]) -> Judged:
        published = {seating.proposers.index(client): root for client, root in roots.items()}
        fetched = self._fetch(published)
        # With nothing published voters have no duty.
        voters = [client for client in seating.voters if client not in seating.unable] if published else []
        if self._settings.defence is not None:
            return _all_accepted(self._settings.defence, fetched, voters)
        found = self._found(self._settings.policy, fetched, voters)
        beside = self._settings.shadow_policy
        shadow = None if beside is None else self._found(beside, fetched, voters)
        ballots = self._adversary.cast(found.ballots, seating.proposers, published, seating.round)
        return Judged(fetched, ballots, found, shadow)

    def _found(
        self, policy: str | Policy, fetched: Mapping[int, Parameters], voters: Sequence[int]
    ) -> Judgement:
        found = self._federation.findings(policy, fetched, self._models, voters) if voters else []
        return judgement(policy, voters, found)

    def _next_model(self, fetched: Mapping[int, Parameters], included: int, seating: Seating) -> Model:
        parameters = self._combine(_entered(fetched, included, seating), self._parameters, seating)
        root = digest(to_bytes(parameters), self._federation.schema)
        return Model(parameters, root, self._federation.quality(parameters))

    def _play_baselines(self, seating: Seating) -> dict[str, Quality]:
        seated = [client for client in seating.proposers if client not in seating.unable]
        return {name: baseline.play(seating.round, seated) for name, baseline in self._baselines.items()}

    def _fetch(self, roots: Mapping[int, bytes]) -> dict[int, Parameters]:
        # Every voter would fetch and check for itself; all would find the same.
        schema = self._federation.schema
        kept = {position: self._store.get(root, 4 * schema.size) for position, root in roots.items()}
        blobs = {p: blob if is_artefact(roots[p], blob, schema) else None for p, blob in kept.items()}
        return parse_updates(blobs, schema)

    def _record(
        self,
        seating: Seating,
        roots: Mapping[int, bytes],
        judged: Judged,
        outcome: RoundOutcome,
        model: Model,
        agreed: tuple[int, ...] | None,
        beside: Mapping[str, Quality],
        watch: Stopwatch,
    ) -> RoundRecord:
        return RoundRecord(
            round=seating.round,
            proposers=seating.proposers,
            voters=seating.voters,
            unable=tuple(sorted(seating.unable)),
            updates={client: (root.hex(), SAMPLES) for client, root in roots.items()},
            ballots=dict(judged.ballots),
            judgement=judged.judgement,
            shadow=judged.shadow,
            included=outcome.included,
            included_clients=_decided(seating, roots, outcome.included, True),
            excluded_clients=_decided(seating, roots, outcome.included, False),
            agreed=agreed,
            void=outcome.void,
            model=outcome.model.hex(),
            parameters=model.root.hex(),
            removed=outcome.removed,
            balances=outcome.balances,
            reward_pool=outcome.reward_pool,
            budget=outcome.budget,
            scores=dict(model.quality),
            epsilon=self._budgets.most,
            baselines={name: dict(other) for name, other in beside.items()},
            gas=gas_uses(outcome.gas),
            seconds=_seconds(watch),
        )

    def _replay(self, record: RoundRecord) -> None:
        seating = self._engine.open_round()
        same_seats = (seating.proposers, seating.voters) == (record.proposers, record.voters)
        if same_seats:
            self._engine.submit_updates(
                {client: (bytes.fromhex(root), samples) for client, (root, samples) in record.updates.items()}
            )
            self._engine.submit_ballots(record.ballots)
            outcome = self._engine.close_round()
            self._members -= len(outcome.removed)
            self._adversary.see(outcome.balances)
            self._budgets.spend(record.updates)
            self._combine.recall(record.included_clients, record.agreed)
            if (outcome.model.hex(), outcome.balances) == (record.model, record.balances):
                return
        raise SimulationError(f"round {record.round} does not play again as it was recorded")


def _all_accepted(defence: str, fetched: Mapping[int, Parameters], voters: Sequence[int]) -> Judged:
    """Nobody judges: all that is there goes to the rule."""
    ballots = dict.fromkeys(voters, bitmap(fetched))
    return Judged(fetched, ballots, Judgement(policy=defence, ballots=ballots, refused={}), None)


def _entered(fetched: Mapping[int, Parameters], included: int, seating: Seating) -> dict[int, Parameters]:
    """Updates that make the next model, by client, in seat order; none where bytes of one are gone."""
    if not fetched.keys() >= {*positions(included)}:
        return {}
    return {seating.proposers[j]: fetched[j] for j in positions(included)}


def _decided(seating: Seating, proposals: Collection[int], included: int, wanted: bool) -> tuple[int, ...]:
    return tuple(
        client
        for position, client in enumerate(seating.proposers)
        if client in proposals and bool(included >> position & 1) == wanted
    )


def _seconds(watch: Stopwatch) -> Seconds:
    parts = {part: watch.part(part) for part in ("train", "score", "chain", "baselines")}
    return Seconds(**parts, total=watch.total)
