"""The learning of a run: clients' rows, one model's description, local training, averages, test scores."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.data import FederatedData
from ml.data.rows import head, joined
from ml.device import require_device
from ml.errors import UpdateError
from ml.judging.evaluation import Evaluation, Quality
from ml.judging.policies import ballots
from ml.judging.scoring import ValidationSets
from ml.models import TrainingJob, make_learner
from ml.seeds import derive_seed
from ml.settings import AttackSettings
from ml.updates.fixed_point import aggregate, decode, encode
from ml.updates.schema import Schema
from offchain.engines.deployment import rules_digest
from offchain.errors import SimulationError
from offchain.genesis import genesis_model
from offchain.settings import SimulationSettings
from offchain.training_seed import training_seed

Parameters = NDArray[np.int32]

_CENTRAL = 5
_HONEST = AttackSettings(name="none")


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
        row, label = data.X_test.shape[1:], data.y_test.shape[1:]
        self._learner = make_learner(settings.model, row, label, device, settings.threads, settings.hidden)
        self.schema: Schema = self._learner.schema
        self.genesis: Parameters = genesis_model(self._learner, settings.seed)
        self.rules = rules_digest(settings.scoring_settings, self.schema, self.genesis)
        rows = [(client.X_validation, client.y_validation) for client in data.clients]
        self._validation = ValidationSets(rows, self._learner, settings.metric)
        # In random order already, so the first ones are a fair sample of all.
        tested = settings.test_rows
        self._test = Evaluation(head(data.X_test, tested), data.y_test[:tested], self._learner)

    def train(
        self, parent: Parameters, proposers: Sequence[int], attackers: Collection[int], round_: int
    ) -> dict[int, Parameters]:
        """Return what each proposer makes of the global model in a round, by client.

        Raises:
            SimulationError: When a client's training diverged.
        """
        jobs = [self._job(client, client in attackers, round_) for client in proposers]
        names = [f"client {client}'s training" for client in proposers]
        return dict(zip(proposers, self._updates(parent, jobs, names, round_), strict=True))

    def train_centrally(self, parent: Parameters, clients: Sequence[int], round_: int) -> Parameters:
        """Return what the rows of `clients`, in one place, make of a model: as many steps as theirs together.

        Raises:
            SimulationError: When the training diverged.
        """
        rows = [self._data.clients[client] for client in clients]
        X, y = joined([r.X_train for r in rows]), np.concatenate([r.y_train for r in rows])
        job = TrainingJob(X, y, derive_seed(self._settings.seed, _CENTRAL, round_), _HONEST)
        return self._updates(parent, [job], ["central training"], round_)[0]

    def ballots(
        self, updates: Mapping[int, Parameters], parent: Parameters, voters: Sequence[int]
    ) -> list[int]:
        """Return the honest ballots of `voters` on `updates` by seat position, in their order."""
        scoring = self._settings.scoring_settings
        weights = dict.fromkeys(updates, 1)
        return ballots(scoring.policy, updates, weights, parent, self._validation, voters, scoring.tolerance)

    def average(self, updates: Collection[Parameters], parent: Parameters) -> Parameters:
        """Return the next global model: the average of `updates`, or `parent` when there are none."""
        return aggregate(list(updates), [1] * len(updates)) if updates else parent

    def quality(self, parameters: Parameters) -> Quality:
        """Return the scores of a global model on the test rows."""
        return self._test.quality(decode(parameters))

    def _updates(
        self, parent: Parameters, jobs: Sequence[TrainingJob], names: Sequence[str], round_: int
    ) -> list[Parameters]:
        settings = self._settings
        trained = self._learner.train(decode(parent), jobs, settings.training_settings)
        updates = []
        for name, parameters in zip(names, trained, strict=True):
            try:
                updates.append(encode(parameters))
            except UpdateError as error:
                raise SimulationError(
                    f"{name} in round {round_} diverged ({error}); "
                    f"lower learning_rate {settings.learning_rate}"
                ) from error
        return updates

    def _job(self, client: int, attacks: bool, round_: int) -> TrainingJob:
        rows = self._data.clients[client]
        seed = training_seed(self._settings.seed, round_, client)
        return TrainingJob(
            rows.X_train, rows.y_train, seed, self._settings.attack_settings if attacks else _HONEST
        )
