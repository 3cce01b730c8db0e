"""The learning of a run: clients' rows, one model's description, local training, averages, test scores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.attacks.coalition import Poison, Shard
from ml.attacks.marked_rows import MarkedRows
from ml.attacks.poisoning import poisoned
from ml.attacks.registry import trigger_in
from ml.data.rows import Targets, head, joined, length, shape_of
from ml.data.splits import FederatedData
from ml.device import require_device
from ml.judging.evaluation import Evaluation, Quality
from ml.judging.evidence import Evidence
from ml.judging.findings import Finding
from ml.judging.metrics import needs_outcomes
from ml.judging.policy import EVIDENCE, Policy
from ml.seeds import derive_seed
from ml.settings import AttackSettings, PrivacySettings
from ml.tasks.federating import federate
from ml.tasks.targets import Target
from ml.training import Learner, Origin, TrainingJob, make_learner
from ml.training.checks import check_learner
from ml.training.private import Plan, plan_of
from ml.training.trainers import trainer_of
from ml.updates.fixed_point import aggregate, decode, encode
from ml.updates.schema import Schema
from offchain.errors import SettingsError
from offchain.learning.bases import grouped
from offchain.learning.common import CommonLearning, Parameters, encoded
from offchain.learning.describing import description_of
from offchain.learning.genesis import genesis_model, repeated_genesis
from offchain.learning.rules import first_rules
from offchain.learning.training_seed import training_seed
from offchain.learning.voting import Sent, Voters
from offchain.settings import SimulationSettings, parted_rows

_CENTRAL, _POISON = 5, 8
_HONEST = AttackSettings(name="none")


def all_rows(settings: SimulationSettings) -> FederatedData:
    """Return every client's rows and the test rows of a run; the same settings give the same rows.

    Raises:
        SettingsError: When there is not a file for each client.
        MLError: When rows cannot be read, or are not enough.
    """
    if settings.clients_data is None:
        task, scored = settings.loaded_task, needs_outcomes(settings.metric)
        return federate(task, settings.data, settings.split_settings, settings.rows, scored)
    return federate(settings.loaded_task, _files(settings.clients_data, settings), settings.split_settings)


def _files(folder: Path, settings: SimulationSettings) -> list[Path]:
    if not folder.is_dir():
        raise SettingsError(f"clients_data {folder} is no folder; it holds a file or folder for each client")
    files = parted_rows(folder)
    if len(files) != settings.clients:
        raise SettingsError(
            f"{folder} holds the rows of {len(files)} clients and clients is {settings.clients}; "
            f"set clients to {len(files)}"
        )
    return files


def _rules(settings: SimulationSettings, common: CommonLearning) -> bytes:
    if settings.edition == 1:
        return first_rules(common.scoring, common.schema, common.genesis)
    task, named, training = settings.loaded_task, settings.named_task, settings.training_settings
    return description_of(
        named, task, common.learner, common.scoring, training, settings.seed, common.genesis
    ).rules


def _plans(settings: SimulationSettings, data: FederatedData) -> list[Plan]:
    privacy, training = settings.privacy_settings, settings.training_settings
    if privacy is None:
        return []
    return [plan_of(privacy, length(client.y_train), training) for client in data.clients]


class Federation:
    """What the clients of a run hold and compute; parameters are int32 [size] in fixed point.

    Attributes:
        schema: The model's.
        genesis: The first global model.
        rules: The digest of everything that voters must agree on, 32 bytes.
        plans: How each client's updates stay within its ε; empty for no noise.
    """

    def __init__(self, settings: SimulationSettings, data: FederatedData) -> None:
        """Describe the model and place all rows on the device.

        Raises:
            MLError: When the device is not there, a client's rows cannot be scored, or nobody could judge by
                a task of one's own or train it.
        """
        device = require_device(settings.device)
        self._settings = settings
        self._data = data
        row, label = shape_of(data.X_test), shape_of(data.y_test)

        def learning(train: str | None, privacy: PrivacySettings | None = None) -> Learner:
            task, threads = settings.loaded_task, settings.threads
            trainer = trainer_of(task, train, privacy)
            origin = Origin(settings.named_task, train, row, label, privacy)
            return make_learner(task, row, label, device, threads, trainer, origin)

        learner = learning(None)  # What judges; a training of the clients' own never does.
        self._trainee = learning(settings.train) if settings.train else learner
        privacy = settings.privacy_settings
        self._hiding = learning(None, privacy) if privacy else self._trainee
        self.plans = _plans(settings, data)
        first = repeated_genesis if settings.named_task.is_foreign else genesis_model
        self._common = CommonLearning(learner, first(learner, settings.seed), settings.scoring_settings)
        if settings.named_task.is_foreign:
            rows = data.clients[0]
            check_learner(self._trainee, decode(self._common.genesis), rows.X_train, rows.y_train)
        self.schema: Schema = learner.schema
        self.genesis: Parameters = self._common.genesis
        self.rules = _rules(settings, self._common)
        self._voters = Voters(
            self._common, data.clients, settings.loaded_task, settings.training_settings, settings.seed
        )
        # In random order already, so the first ones are a fair sample of all.
        tested = settings.test_rows
        X, y = head(data.X_test, tested), head(data.y_test, tested)
        self._test = Evaluation(X, y, learner)
        trigger = trigger_in(settings.attack, settings.attack_options)
        self._marked = MarkedRows(trigger, X, y, learner) if trigger else None

    def train(
        self,
        parent: Parameters,
        clients: Sequence[int],
        round_: int,
        poison: Poison | None = None,
        divergence_weight: float = 0.0,
    ) -> dict[int, Parameters]:
        """Return what each client makes of the global model in a round, by client.

        Noise hides what honest clients send; who poisons its rows adds none.

        Args:
            parent: The global model.
            clients: Who trains.
            round_: The round's number.
            poison: What they do to their rows before; None for nothing.
            divergence_weight: λ of the term that keeps them close to the global model.

        Raises:
            SimulationError: When a client's training diverged.
        """
        jobs, trainee = [self._job(client, round_) for client in clients], self._hiding
        if poison is not None:
            trainee = self._trainee
            attack = AttackSettings(name="near", divergence_weight=divergence_weight)
            jobs = [
                replace(self._poisoned(job, client, parent, poison), attack=attack)
                for client, job in zip(clients, jobs, strict=True)
            ]
        names = [_training_of(client) for client in clients]
        return dict(zip(clients, self._updates(parent, jobs, names, trainee), strict=True))

    def bases(self, models: Sequence[Parameters], clients: Sequence[int]) -> dict[int, list[int]]:
        """Return who builds on which of the last models, oldest first: clients by the model's place."""
        return grouped(self._voters.newest(self._common.scoring.policy, models, clients))

    def train_from(
        self, models: Sequence[Parameters], clients: Sequence[int], round_: int
    ) -> dict[int, Parameters]:
        """Return the updates that clients send in a round; see `sent`."""
        return {client: each.update for client, each in self.sent(models, clients, round_).items()}

    def sent(self, models: Sequence[Parameters], clients: Sequence[int], round_: int) -> dict[int, Sent]:
        """Return what each client makes, in a round, of its base among the last models, oldest first.

        Raises:
            SimulationError: When a client's training diverged.
        """
        training = self._settings.training_settings

        def train(base: Parameters, those: Sequence[int]) -> dict[int, NDArray[np.float32]]:
            jobs = [self._job(client, round_) for client in those]
            return dict(zip(those, self._hiding.train(decode(base), jobs, training), strict=True))

        def update(client: int, made: NDArray[np.float32]) -> Parameters:
            return encoded(made, _training_of(client), round_, training)

        policy = self._common.scoring.policy
        return self._voters.sent(policy, models, clients, train, update, bool(self.plans))

    def train_centrally(self, parent: Parameters, clients: Sequence[int], round_: int) -> Parameters:
        """Return what the rows of `clients`, in one place, make of a model: as many steps as theirs together.

        Raises:
            SimulationError: When the training diverged.
        """
        rows = [self._data.clients[client] for client in clients]
        X, y = joined([r.X_train for r in rows]), joined([r.y_train for r in rows])
        job = TrainingJob(X, y, derive_seed(self._settings.seed, _CENTRAL, round_), _HONEST, round_)
        return self._updates(parent, [job], ["central training"], self._trainee)[0]

    def findings(
        self,
        policy: str | Policy,
        updates: Mapping[int, Parameters],
        models: Sequence[Parameters],
        voters: Sequence[int],
    ) -> list[Finding]:
        """Return what honest `voters` find of `updates` by seat position under a policy, in their order.

        `models` are the last global ones, oldest first, of which each voter has its base.
        """
        bases = self._voters.bases(policy, models, voters)
        return self._voters.findings(policy, updates, dict.fromkeys(updates, 1), models, bases)

    def evidence(
        self, policy: Policy, updates: Mapping[int, Parameters], parent: Parameters, voters: Sequence[int]
    ) -> Evidence:
        """Return what voters measure of `updates` by seat position, for tests of a policy to ask."""
        return self._voters.evidence(policy, updates, parent, voters)

    def average(self, updates: Collection[Parameters], parent: Parameters) -> Parameters:
        """Return the next global model: the average of `updates`, or `parent` when there are none."""
        return aggregate(list(updates), [1] * len(updates)) if updates else parent

    def quality(self, parameters: Parameters) -> Quality:
        """Return the scores of a global model on the test rows; `backdoor` is the success of one, if any."""
        model = decode(parameters)
        found = self._test.quality(model)
        return {**found, "backdoor": self._marked.success(model)} if self._marked else found

    @property
    def target(self) -> Target:
        """What models say of a row."""
        return self._common.learner.target

    def targets(self, clients: Sequence[int]) -> Targets:
        """Return the training targets of clients, one after another."""
        found: Targets = joined([self._data.clients[client].y_train for client in clients])
        return found

    def scores(self, parameters: Parameters, clients: Sequence[int]) -> NDArray[np.float64]:
        """Return the score of a model on the validation rows of each of `clients`."""
        return self._voters.validation.scores(decode(parameters), clients)

    def mean_loss(self, parameters: Parameters, clients: Sequence[int]) -> float:
        """Return the mean loss of clients' validation rows under a model."""
        return float(np.concatenate(self._voters.validation.losses(decode(parameters), clients)).mean())

    def reference(self, parent: Parameters, client: int) -> Parameters:
        """Return what a client's own rows make of a model, as voters of `evidence` train theirs."""
        return encode(self._voters.references(EVIDENCE, parent, [client])[client])

    def _updates(
        self, parent: Parameters, jobs: Sequence[TrainingJob], names: Sequence[str], trainee: Learner
    ) -> list[Parameters]:
        training = self._settings.training_settings
        return self._common.updates(parent, jobs, training, names, trainee)

    def _job(self, client: int, round_: int) -> TrainingJob:
        rows = self._data.clients[client]
        seed = training_seed(self._settings.seed, round_, client)
        return TrainingJob(rows.X_train, rows.y_train, seed, _HONEST, round_)

    def _poisoned(self, job: TrainingJob, client: int, parent: Parameters, poison: Poison) -> TrainingJob:
        learner = self._common.learner
        generator = np.random.default_rng(derive_seed(job.seed, _POISON))

        def outputs() -> NDArray[Any]:
            said: NDArray[Any] = learner.predictor([job.X]).outputs(decode(parent), [0])[0]
            return said

        inputs, targets = poisoned(poison, Shard(job.X, job.y, learner.target, outputs, generator))
        return replace(job, X=inputs, y=targets)


def _training_of(client: int) -> str:
    return f"client {client}'s training"
