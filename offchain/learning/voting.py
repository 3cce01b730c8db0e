"""What voters find by whatever policy, one voter or many side by side."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import head
from ml.data.shares import ClientData
from ml.judging.evidence import evidence_findings
from ml.judging.findings import Finding
from ml.judging.metrics import LIKELIHOOD
from ml.judging.own_rows import OwnRows
from ml.judging.policy import Policy, Size, listed_tests
from ml.judging.scoring import ValidationSets
from ml.seeds import derive_seed
from ml.settings import ScorePolicy, TrainingSettings
from ml.training import TrainingJob
from ml.updates.fixed_point import decode
from offchain.learning.common import CommonLearning, Parameters

_REFERENCE = 6  # Under a run's seed.


class Voters:
    """Voters' own rows, on which they judge by what all of them share; parameters are int32 [size].

    Args:
        common: What all share: the learner, without anybody's own training, and the score.
        rows: Of each voter.
        reference: Training of a voter's own change, for policies that look at one; of its passes, one.
        seed: Of that training's draws.
        names: Of the voters, for what is said of their rows; none for their numbers.

    Raises:
        MLError: When rows cannot be scored by the metric.
    """

    def __init__(
        self,
        common: CommonLearning,
        rows: Sequence[ClientData],
        reference: TrainingSettings,
        seed: int,
        names: Sequence[str] = (),
    ) -> None:
        self._common = common
        self._rows = rows
        self._reference = reference.model_copy(update={"local_epochs": 1})
        self._seed = seed
        validation = [(own.X_validation, own.y_validation) for own in rows]
        self._validation = ValidationSets(validation, common.learner, common.scoring.metric, names)
        self._placed: dict[int, OwnRows] = {}  # By how many rows a voter judges on.

    def findings(
        self,
        policy: str | Policy,
        updates: Mapping[int, Parameters],
        samples: Mapping[int, int],
        parent: Parameters,
        voters: Sequence[int],
    ) -> list[Finding]:
        """Return what honest `voters`, by number, find of updates by seat position, in their order."""
        tests = listed_tests(policy)
        if tests is None:
            scored = cast("ScorePolicy", policy)
            return self._common.score_findings(scored, updates, samples, parent, self._validation, voters)
        return evidence_findings(
            tests,
            updates,
            samples,
            parent,
            self._own_rows(tests.rows),
            voters,
            lambda: self._references(tests, parent, voters),
        )

    def longest(self, policy: str | Policy, parent: Parameters, voter: int) -> float:
        """Return how far from a global model a voter like this one lets an update be; infinite for no bound.

        Halfway from its own reference change to the policy's bound where that is longer, since others'
        references are shorter or longer than its own.
        """
        tests = listed_tests(policy)
        bounds = [test.most for test in tests.updates if isinstance(test, Size)] if tests else []
        if tests is None or not bounds:
            return inf
        (reference,) = self._references(tests, parent, [voter])
        times = min(min(bounds), (1 + min(bounds)) / 2)
        return times * float(np.linalg.norm(reference.astype(np.float64) - decode(parent)))

    def _own_rows(self, most: int) -> OwnRows:
        if most not in self._placed:
            self._placed[most] = self._place(most)
        return self._placed[most]

    def _place(self, most: int) -> OwnRows:
        metric = self._common.scoring.metric
        return OwnRows(
            [(own.X_validation, own.y_validation) for own in self._rows],
            [(own.X_train, own.y_train) for own in self._rows],
            self._common.learner,
            None if metric == LIKELIHOOD else metric,
            most,
        )

    def _references(self, policy: Policy, parent: Parameters, voters: Sequence[int]) -> NDArray[np.float32]:
        """What each voter's own rows make of the parent in one pass, of so many steps at most."""
        jobs = [
            self._reference_job(voter, policy.reference_steps * self._reference.batch) for voter in voters
        ]
        return np.array(self._common.learner.train(decode(parent), jobs, self._reference))

    def _reference_job(self, voter: int, most: int) -> TrainingJob:
        rows, seed = self._rows[voter], derive_seed(self._seed, _REFERENCE, voter)
        return TrainingJob(head(rows.X_train, most), head(rows.y_train, most), seed)
