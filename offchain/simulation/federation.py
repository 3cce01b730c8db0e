"""The learning of a run: clients' rows, one model's description, local training, averages, test scores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ml.attacks.coalition import Poison, Shard
from ml.attacks.marked_rows import MarkedRows
from ml.attacks.registry import trigger_in
from ml.data.rows import Targets, head, joined, shape_of
from ml.data.shares import FederatedData
from ml.device import require_device
from ml.judging.evaluation import Evaluation, Quality
from ml.judging.evidence import Evidence, evidence_findings
from ml.judging.findings import Finding
from ml.judging.metrics import LIKELIHOOD, needs_outcomes
from ml.judging.own_rows import OwnRows
from ml.judging.policy import Policy, listed_tests
from ml.judging.scoring import ValidationSets
from ml.seeds import derive_seed
from ml.settings import AttackSettings, ScorePolicy
from ml.tasks.federating import federate
from ml.tasks.loading import load_function
from ml.tasks.targets import Target
from ml.training import Origin, TrainingJob, make_learner
from ml.updates.fixed_point import aggregate, decode, encode
from ml.updates.schema import Schema
from offchain.errors import SettingsError
from offchain.learning.common import CommonLearning, Parameters
from offchain.learning.describing import description_of
from offchain.learning.genesis import genesis_model
from offchain.learning.rules import first_rules
from offchain.learning.training_seed import training_seed
from offchain.settings import SimulationSettings, parted_rows
from offchain.simulation.bases import Bases, grouped

_CENTRAL, _REFERENCE, _POISON = 5, 6, 8
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
    found = description_of(
        named, task, common.learner, common.scoring, training, settings.seed, common.genesis
    )
    return found.model_copy(update={"memory": settings.memory}).rules


class Federation:
    """What the clients of a run hold and compute; parameters are int32 [size] in fixed point.

    Attributes:
        schema: The model's.
        genesis: The first global model.
        rules: The digest of everything that voters must agree on, 32 bytes.
    """

    def __init__(self, settings: SimulationSettings, data: FederatedData) -> None:
        """Describe the model and place all rows on the device.

        Raises:
            MLError: When the device is not there, or a client's rows cannot be scored.
        """
        device = require_device(settings.device)
        self._settings = settings
        self._data = data
        row, label = shape_of(data.X_test), shape_of(data.y_test)
        learner = make_learner(
            settings.loaded_task,
            row,
            label,
            device,
            settings.threads,
            load_function(settings.train, "train") if settings.train else None,
            Origin(settings.named_task, settings.train, row, label),
        )
        self._common = CommonLearning(
            learner, genesis_model(learner, settings.seed), settings.scoring_settings
        )
        self.schema: Schema = learner.schema
        self.genesis: Parameters = self._common.genesis
        self.rules = _rules(settings, self._common)
        rows = [(client.X_validation, client.y_validation) for client in data.clients]
        self._validation = ValidationSets(rows, learner, settings.metric)
        self._placed: dict[int, OwnRows] = {}  # By how many rows a client judges on.
        # In random order already, so the first ones are a fair sample of all.
        tested = settings.test_rows
        X, y = head(data.X_test, tested), head(data.y_test, tested)
        self._test = Evaluation(X, y, learner)
        trigger = trigger_in(settings.attack, settings.attack_options)
        self._referred: tuple[tuple[int, bytes], dict[int, NDArray[np.float32]]] = ((0, b""), {})
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

        Args:
            parent: The global model.
            clients: Who trains.
            round_: The round's number.
            poison: What they do to their rows before; None for nothing.
            divergence_weight: λ of the term that keeps them close to the global model.

        Raises:
            SimulationError: When a client's training diverged.
        """
        jobs = [self._job(client, round_) for client in clients]
        if poison is not None:
            attack = AttackSettings(name="near", divergence_weight=divergence_weight)
            jobs = [
                replace(self._poisoned(job, client, parent, poison), attack=attack)
                for client, job in zip(clients, jobs, strict=True)
            ]
        names = [f"client {client}'s training" for client in clients]
        return dict(zip(clients, self._updates(parent, jobs, names), strict=True))

    def bases(self, models: Sequence[Parameters], clients: Sequence[int]) -> dict[int, list[int]]:
        """Return who builds on which of the last models, oldest first: clients by the model's place."""
        return grouped({client: own[0] for client, own in self._bases.of(models, clients).items()})

    def train_from(
        self, models: Sequence[Parameters], clients: Sequence[int], round_: int
    ) -> dict[int, Parameters]:
        """Return what each client makes, in a round, of its base among the last models, oldest first.

        Raises:
            SimulationError: When a client's training diverged.
        """

        def train(base: Parameters, clients: Sequence[int]) -> dict[int, NDArray[np.float32]]:
            made = self.train(base, clients, round_)
            return {client: decode(update) for client, update in made.items()}

        if len(models) == 1:
            return self.train(models[0], clients, round_)
        trained = self._bases.trained(models, clients, train)
        return {client: encode(made) for client, (_, made) in trained.items()}

    def train_centrally(self, parent: Parameters, clients: Sequence[int], round_: int) -> Parameters:
        """Return what the rows of `clients`, in one place, make of a model: as many steps as theirs together.

        Raises:
            SimulationError: When the training diverged.
        """
        rows = [self._data.clients[client] for client in clients]
        X, y = joined([r.X_train for r in rows]), joined([r.y_train for r in rows])
        job = TrainingJob(X, y, derive_seed(self._settings.seed, _CENTRAL, round_), _HONEST, round_)
        return self._updates(parent, [job], ["central training"])[0]

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
        tests = listed_tests(policy)
        made: dict[int, NDArray[np.float32]] = {}
        if tests is None or len(models) == 1:
            bases = {voter: places[0] for voter, places in self._bases.of(models, voters).items()}
        else:
            trained = self._bases.trained(models, voters, partial(self._references, tests))
            bases = {voter: place for voter, (place, _) in trained.items()}
            made = {voter: model for voter, (_, model) in trained.items()}
        found: dict[int, Finding] = {}
        for place, those in grouped(bases).items():
            of_base = self._of_base(policy, updates, models, models[place], those, made)
            found |= zip(those, of_base, strict=True)
        return [found[voter] for voter in voters]

    def evidence(
        self, policy: Policy, updates: Mapping[int, Parameters], parent: Parameters, voters: Sequence[int]
    ) -> Evidence:
        """Return what voters measure of `updates` by seat position, for tests of a policy to ask."""
        own = self._own_rows(policy.rows)

        def references() -> NDArray[np.float32]:
            return np.array(list(self._references(policy, parent, voters).values()))

        return Evidence(updates, parent, own, voters, references, policy.budget)

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

    def mean_loss(self, parameters: Parameters, clients: Sequence[int]) -> float:
        """Return the mean loss of clients' validation rows under a model."""
        return float(np.concatenate(self._validation.losses(decode(parameters), clients)).mean())

    def reference(self, parent: Parameters, client: int, steps: int) -> Parameters:
        """Return what a client's own rows make of a model in one pass, of so many steps at most."""
        settings = self._settings.training_settings.model_copy(update={"local_epochs": 1})
        job = self._reference_job(client, steps * settings.batch)
        return self._common.updates(parent, [job], settings, [f"client {client}'s training"])[0]

    def _of_base(
        self,
        policy: str | Policy,
        updates: Mapping[int, Parameters],
        models: Sequence[Parameters],
        base: Parameters,
        voters: Sequence[int],
        made: Mapping[int, NDArray[np.float32]],
    ) -> list[Finding]:
        """What voters of one base find; `made` has what their own rows make of it, where that is known."""
        weights, tests = dict.fromkeys(updates, 1), listed_tests(policy)
        if tests is None:
            scored = cast("ScorePolicy", policy)
            return self._common.score_findings(
                scored, updates, weights, base, self._validation, voters, models
            )

        def references() -> NDArray[np.float32]:
            own = made or self._references(tests, base, voters)
            return np.array([own[voter] for voter in voters])

        rows = self._own_rows(tests.rows)
        return evidence_findings(tests, updates, weights, base, rows, voters, references, models)

    @cached_property
    def _bases(self) -> Bases:
        settings = self._settings
        known = [client.y_train for client in self._data.clients]
        rows = self._own_rows(Policy.model_fields["rows"].default)
        return Bases(rows, known, settings.loaded_task, settings.tolerance)

    def _own_rows(self, most: int) -> OwnRows:
        if most not in self._placed:
            self._placed[most] = self._place(most)
        return self._placed[most]

    def _place(self, most: int) -> OwnRows:
        clients, metric = self._data.clients, self._settings.metric
        return OwnRows(
            [(client.X_validation, client.y_validation) for client in clients],
            [(client.X_train, client.y_train) for client in clients],
            self._common.learner,
            None if metric == LIKELIHOOD else metric,
            most,
        )

    def _references(
        self, policy: Policy, parent: Parameters, voters: Sequence[int]
    ) -> dict[int, NDArray[np.float32]]:
        """What each voter's own rows make of the parent in one pass, of so many steps at most."""
        known = self._known_references(policy.reference_steps, parent)
        missing = [voter for voter in voters if voter not in known]
        settings = self._settings.training_settings.model_copy(update={"local_epochs": 1})
        jobs = [self._reference_job(voter, policy.reference_steps * settings.batch) for voter in missing]
        known |= dict(zip(missing, self._common.learner.train(decode(parent), jobs, settings), strict=True))
        return {voter: known[voter] for voter in voters}

    def _known_references(self, steps: int, parent: Parameters) -> dict[int, NDArray[np.float32]]:
        """Those of the parent at hand: who aims at a policy asks for them many times."""
        key = (steps, parent.tobytes())
        if self._referred[0] != key:
            self._referred = (key, {})
        return self._referred[1]

    def _reference_job(self, voter: int, most: int) -> TrainingJob:
        rows, seed = self._data.clients[voter], derive_seed(self._settings.seed, _REFERENCE, voter)
        return TrainingJob(head(rows.X_train, most), head(rows.y_train, most), seed, _HONEST)

    def _updates(
        self, parent: Parameters, jobs: Sequence[TrainingJob], names: Sequence[str]
    ) -> list[Parameters]:
        return self._common.updates(parent, jobs, self._settings.training_settings, names)

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

        inputs, targets = poison(Shard(job.X, job.y, learner.target, outputs, generator))
        return replace(job, X=inputs, y=targets)
