"""What one client computes: its update of the global model, and its ballot on others' updates."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ml.device import require_device
from ml.errors import UpdateError
from ml.judging.evaluation import Evaluation
from ml.judging.findings import Finding, of_all
from ml.judging.policies import parse_updates, score_findings
from ml.judging.scoring import ValidationSets
from ml.settings import AttackSettings, TrainingSettings
from ml.training import TrainingJob
from ml.updates.fixed_point import decode, encode
from ml.updates.schema import Schema
from offchain.errors import SimulationError
from offchain.learning.training_seed import training_seed
from offchain.live.client.own_data import OwnRows
from offchain.live.deploying.configuration import Learning
from offchain.live.deploying.rules import learner_of

Parameters = NDArray[np.int32]


class LocalLearning:
    """One client's rows under a deployment's rules; all results depend on nothing else, to the last bit.

    Attributes:
        schema: The model's.
        samples: Training rows.
        told: What the owner should know of the rows.
    """

    attack = AttackSettings(name="none")

    def __init__(
        self, learning: Learning, own: OwnRows, training: TrainingSettings, device: str = "cpu"
    ) -> None:
        """Place the rows on the device.

        Args:
            learning: The deployment's rules.
            own: The client's rows.
            training: How it trains, which is its own business.
            device: "cpu" or "cuda".

        Raises:
            MLError: When the device is not there, or the rows cannot be scored by the deployment's metric.
        """
        self._learner = learner_of(learning, require_device(device))
        self._own = own
        self._learning = learning
        self._training = training
        self.schema: Schema = self._learner.schema
        self.samples = len(own.rows.y_train)
        self.told = own.told
        X, y = own.rows.X_validation, own.rows.y_validation
        validation = [(X, y)]
        self._evaluation = Evaluation(X, y, self._learner)
        self._validation = ValidationSets(validation, self._learner, learning.metric, ["this client"])

    def update(self, parent: Parameters, round_: int) -> Parameters:
        """Return what the client's rows make of the global model in a round.

        Raises:
            SimulationError: When training diverged.
        """
        rows = self._own.rows
        seed = training_seed(self._learning.genesis_seed, round_, self._own.number)
        job = TrainingJob(rows.X_train, rows.y_train, seed, self.attack)
        (trained,) = self._learner.train(decode(parent), [job], self._training)
        try:
            return encode(trained)
        except UpdateError as error:
            raise SimulationError(
                f"training in round {round_} diverged ({error}); lower --learning-rate"
            ) from error

    def quality(self, model: Parameters) -> dict[str, float]:
        """Return the scores of a global model on the client's validation rows by name, `loss` among them."""
        return self._evaluation.quality(decode(model))

    def finding(
        self, blobs: Mapping[int, bytes | None], samples: Mapping[int, int], parent: Parameters
    ) -> Finding:
        """Return what it finds of updates by seat position; None is one that could not be had: refused."""
        updates, rules = parse_updates(blobs, self.schema), self._learning
        (found,) = score_findings(
            rules.policy, updates, samples, parent, self._validation, [0], rules.tolerance
        )
        return of_all(found, blobs)
