"""What all clients learn and judge with, whoever they are: a task's model, its genesis, the rules."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.errors import UpdateError
from ml.judging.findings import Finding
from ml.judging.policies import score_findings
from ml.judging.scoring import ValidationSets
from ml.settings import ScorePolicy, ScoringSettings, TrainingSettings
from ml.training import Learner, TrainingJob
from ml.updates.fixed_point import decode, encode
from ml.updates.schema import Schema
from offchain.errors import SimulationError

Parameters = NDArray[np.int32]


class CommonLearning:
    """One learner with the rules that all its clients share; parameters are int32 [size] in fixed point.

    Attributes:
        learner: Of the task's module.
        genesis: The first global model.
        scoring: How voters judge.
    """

    def __init__(self, learner: Learner, genesis: Parameters, scoring: ScoringSettings) -> None:
        self.learner = learner
        self.genesis = genesis
        self.scoring = scoring

    @property
    def schema(self) -> Schema:
        """The model's."""
        return self.learner.schema

    def updates(
        self,
        parent: Parameters,
        jobs: Sequence[TrainingJob],
        training: TrainingSettings,
        names: Sequence[str],
        trainee: Learner | None = None,
    ) -> list[Parameters]:
        """Return what each job makes of a global model, in their order.

        Args:
            parent: The global model.
            jobs: The jobs.
            training: How they train.
            names: Of the jobs, for what is said of them.
            trainee: What learns in place of the common learner, with a training of its own.

        Raises:
            SimulationError: When a job's training diverged.
        """
        trained = (trainee or self.learner).train(decode(parent), jobs, training)
        return [
            encoded(made, name, job.round, training)
            for name, job, made in zip(names, jobs, trained, strict=True)
        ]

    def score_findings(
        self,
        policy: ScorePolicy,
        updates: Mapping[int, Parameters],
        samples: Mapping[int, int],
        parent: Parameters,
        validation: ValidationSets,
        voters: Sequence[int],
        others: Sequence[Parameters] = (),
    ) -> list[Finding]:
        """Return what `voters`, indices into `validation`, find of updates by seat position by one score.

        Copies of `others`, models that somebody may build on, are inadmissible.
        """
        tolerance = self.scoring.tolerance
        return score_findings(policy, updates, samples, parent, validation, voters, tolerance, others)


def encoded(made: NDArray[np.float32], name: str, round_: int, training: TrainingSettings) -> Parameters:
    """Return what a training named `name` made as an update.

    Raises:
        SimulationError: When it diverged.
    """
    try:
        return encode(made)
    except UpdateError as error:
        raise SimulationError(
            f"{name} in round {round_} diverged ({error}); lower learning_rate {training.learning_rate}"
        ) from error
