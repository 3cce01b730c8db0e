"""What one client computes: its update of the global model, and its ballot on others' updates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import length
from ml.judging.evaluation import Evaluation
from ml.judging.findings import Finding, of_all
from ml.judging.policies import parse_updates
from ml.judging.policy import noise_note
from ml.settings import AnyPolicy, AttackSettings, PrivacySettings, TrainingSettings
from ml.tasks.task import Task
from ml.training import Learner, TrainingJob
from ml.training.checks import check_learner
from ml.training.private import plan_of
from ml.training.trainers import trainer_of
from ml.updates.fixed_point import decode
from offchain.learning.common import CommonLearning, Parameters, encoded
from offchain.learning.describing import common_learning, learner_of, training_of
from offchain.learning.description import Learning
from offchain.learning.training_seed import training_seed
from offchain.learning.voting import Sent, Voters
from offchain.live.client.own_data import DataOptions, OwnRows, own_rows
from offchain.live.errors import ConfigurationError


@dataclass(frozen=True)
class Judged:
    """What a client finds of a round's updates, and the place of the model that it compared them with."""

    base: int
    finding: Finding


class LocalLearning:
    """One client's rows under a deployment's rules; all results depend on nothing else, to the last bit.

    Attributes:
        genesis: The first global model.
        schema: The model's.
        samples: Training rows.
        plan: How its updates stay within its ε; none for no noise.
        policy: By which it votes.
        shadow: Another, computed beside it, which decides nothing; none for none.
        told: What the owner should know of rows and training.
    """

    attack = AttackSettings(name="none")

    def __init__(
        self,
        learning: Learning,
        task: Task,
        common: CommonLearning,
        own: OwnRows,
        training: Mapping[str, Any],
        trainee: Learner | None = None,
        must_repeat: bool = True,
        privacy: PrivacySettings | None = None,
        shadow: AnyPolicy | None = None,
    ) -> None:
        """Try on the first rows what this client will do.

        Args:
            learning: The deployment's rules.
            task: Their task.
            common: What all clients share.
            own: The client's rows.
            training: Where it trains otherwise than the task says, by the names of `TrainingSettings`.
            trainee: What learns with the client's own training; none for the task's.
            must_repeat: Whether training twice has to give the same update.
            privacy: What its updates stay within, by the trainee's noise; none for no noise.
            shadow: Policy that is computed beside the one that decides; none for none.

        Raises:
            ConfigurationError: When it has to, and does not.
            MLError: When nobody could judge by the task, or the rows cannot be scored by the metric.
        """
        self._common = common
        self._trainee = trainee or common.learner
        self._own = own
        self._seed = learning.genesis_seed
        self.policy, self.shadow = common.scoring.policy, shadow
        self._training = TrainingSettings(**{**training_of(task).model_dump(), **training})
        self.genesis, self.schema = common.genesis, common.schema
        self.samples = length(own.rows.y_train)
        self.plan = plan_of(privacy, self.samples, self._training) if privacy else None
        reference = learning.reference or TrainingSettings()
        self._voters = Voters(common, [own.rows], task, reference, self._seed, ["this client"])
        self._evaluation = Evaluation(own.rows.X_validation, own.rows.y_validation, common.learner)
        noise = [self.plan.told, noise_note(self.policy)] if self.plan else []
        self.told = [*own.told, *filter(None, noise), *self._tried(must_repeat)]

    def update(self, models: Sequence[Parameters], round_: int, secret: int, noise: bytes = b"") -> Sent:
        """Return what the client's rows make, in a round, of its base among the last models.

        Args:
            models: Oldest first.
            round_: The round.
            secret: Seed of what training draws from rows of one's own; a share's is the simulation's.
            noise: What noise that hides rows follows from, known to nobody else.

        Raises:
            SimulationError: When training diverged.
        """
        rows, number, training = self._own.rows, self._own.number, self._training
        seed = secret if number is None else training_seed(self._seed, round_, number)
        job = TrainingJob(rows.X_train, rows.y_train, seed, self.attack, round_, noise)

        def train(base: Parameters, clients: Sequence[int]) -> dict[int, NDArray[np.float32]]:
            return dict(zip(clients, self._trainee.train(decode(base), [job], training), strict=True))

        def update(client: int, made: NDArray[np.float32]) -> Parameters:
            return encoded(made, "training", round_, training)

        return self._voters.sent(self.policy, models, [0], train, update, self.plan is not None)[0]

    def quality(self, model: Parameters) -> dict[str, float]:
        """Return the scores of a global model on the client's validation rows by name, `loss` among them."""
        return self._evaluation.quality(decode(model))

    def judged(
        self,
        policy: AnyPolicy,
        blobs: Mapping[int, bytes | None],
        samples: Mapping[int, int],
        models: Sequence[Parameters],
    ) -> Judged:
        """Return what it finds of updates by a policy, its own or its shadow.

        Updates are by seat position, and None is one that could not be had: refused. `models` are the last
        ones, oldest first.
        """
        updates = parse_updates(blobs, self.schema)
        bases = self._voters.bases(policy, models, [0])
        (found,) = self._voters.findings(policy, updates, samples, models, bases)
        return Judged(bases[0].place, of_all(found, blobs))

    def _tried(self, must_repeat: bool) -> list[str]:
        rows = self._own.rows
        checked = check_learner(self._trainee, decode(self.genesis), rows.X_train, rows.y_train)
        if checked.repeats:
            return []
        if must_repeat:
            raise ConfigurationError(
                "training the same rows twice gives two updates, so that a client that is killed before it "
                "publishes could lose its stake: the task must draw from PyTorch's, NumPy's or Python's "
                "generators, which are seeded, and from nothing else"
            )
        return ["training twice gives two updates: keep --cache, or a kill before publishing costs the stake"]


def learning_of(
    rules: Learning,
    folder: Path,
    data: DataOptions,
    training: Mapping[str, Any],
    device: str,
    shadow: AnyPolicy | None = None,
) -> LocalLearning:
    """Return what a client computes under a deployment's rules, once everything about it was checked.

    Args:
        rules: Of learning.
        folder: Of the deployment's files.
        data: The task's place here, the rows, what trains on them.
        training: Where it trains otherwise than the task says, by the names of `TrainingSettings`.
        device: Where.
        shadow: Policy that is computed beside the one that decides; none for none.

    Raises:
        OffchainError: When task, module, first model or probe are not the founders', or options do not fit.
        MLError: When the rows cannot be read or scored.
    """
    task, common = common_learning(rules, data.here(folder), device)
    own, trainer = own_rows(data, rules, task), trainer_of(task, data.train, data.privacy)
    trainee = learner_of(rules, task, device, trainer) if trainer else None
    must_repeat = data.train is None and device == "cpu"
    return LocalLearning(rules, task, common, own, training, trainee, must_repeat, data.privacy, shadow)
