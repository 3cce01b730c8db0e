"""What voters find by whatever policy, and what a client's own voting makes of its update: one or many."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import head
from ml.data.shares import ClientData
from ml.judging.evidence import Evidence, evidence_findings
from ml.judging.findings import Finding
from ml.judging.metrics import LIKELIHOOD
from ml.judging.own_rows import OwnRows
from ml.judging.policy import Policy as TestPolicy
from ml.judging.policy import Size, listed_tests
from ml.judging.scoring import ValidationSets
from ml.seeds import derive_seed
from ml.settings import ScorePolicy, TrainingSettings
from ml.training import TrainingJob
from ml.updates.fixed_point import decode, encode
from offchain.learning.common import CommonLearning, Parameters

_REFERENCE = 6  # Under a run's seed.

Model = NDArray[np.float32]


class Voters:
    """Voters' own rows, on which they judge by what all of them share; parameters are int32 [size].

    Attributes:
        validation: Their validation rows, for scores.

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
        self.validation = ValidationSets(validation, common.learner, common.scoring.metric, names)
        self._placed: dict[tuple[int, int], OwnRows] = {}  # By how many rows a voter judges on.
        self._made: tuple[tuple[int, bytes], dict[int, Model]] = ((0, b""), {})  # Of the parent at hand.

    def findings(
        self,
        policy: str | TestPolicy,
        updates: Mapping[int, Parameters],
        samples: Mapping[int, int],
        parent: Parameters,
        voters: Sequence[int],
        others: Sequence[Parameters] = (),
        made: Mapping[int, Model] | None = None,
    ) -> list[Finding]:
        """Return what honest `voters`, by number, find of updates by seat position, in their order.

        Args:
            policy: By name, or its tests.
            updates: By seat position.
            samples: Their weights.
            parent: The model that these voters compare with.
            voters: Who, by number.
            others: Models that somebody may build on, copies of which are inadmissible.
            made: What voters' own rows make of the parent, where that is known.
        """
        tests = listed_tests(policy)
        if tests is None:
            scored = cast("ScorePolicy", policy)
            return self._common.score_findings(
                scored, updates, samples, parent, self.validation, voters, others
            )
        steps, rows = tests.reference_steps, self.own_rows(tests)
        return evidence_findings(
            tests, updates, samples, parent, rows, voters, self._asked(steps, parent, voters, made), others
        )

    def evidence(
        self, policy: TestPolicy, updates: Mapping[int, Parameters], parent: Parameters, voters: Sequence[int]
    ) -> Evidence:
        """Return what voters measure of updates by seat position, for tests of a policy to ask."""
        references = self._asked(policy.reference_steps, parent, voters, None)
        return Evidence(updates, parent, self.own_rows(policy), voters, references, policy.budget)

    def shortened(
        self, policy: str | TestPolicy, update: Parameters, parent: Parameters, voter: int
    ) -> Parameters:
        """Return an update no further from a model than a voter like its client lets it be.

        A policy with a bound on size has voters compare with references of one short pass; whoever trains
        longer would be refused. It ends halfway from its own reference change to the bound where that is
        longer, since others' references are shorter or longer than its own.
        """
        tests = listed_tests(policy)
        bounds = [test.most for test in tests.updates if isinstance(test, Size)] if tests else []
        if tests is None or not bounds:
            return update
        start = decode(parent)
        reference = self.references(tests.reference_steps, parent, [voter])[voter]
        longest = min(min(bounds), (1 + min(bounds)) / 2) * _length(reference - start)
        change = decode(update) - start
        length = _length(change)
        return update if length <= longest else encode(start + change * np.float32(longest / length))

    def references(self, steps: int, parent: Parameters, voters: Sequence[int]) -> dict[int, Model]:
        """Return what voters' own rows make of a model [size], in one pass of so many steps at most."""
        key = (steps, parent.tobytes())
        if self._made[0] != key:
            self._made = (key, {})
        known = self._made[1]
        missing = [voter for voter in voters if voter not in known]
        jobs = [self._job(voter, steps * self._reference.batch) for voter in missing]
        trained = self._common.learner.train(decode(parent), jobs, self._reference) if jobs else []
        known |= dict(zip(missing, trained, strict=True))
        return {voter: known[voter] for voter in voters}

    def own_rows(self, policy: TestPolicy) -> OwnRows:
        """Return the rows that voters judge on by the tests of a policy, placed once."""
        asked = policy.rows, policy.enough
        if asked not in self._placed:
            self._placed[asked] = self._place(*asked)
        return self._placed[asked]

    def _asked(
        self, steps: int, parent: Parameters, voters: Sequence[int], made: Mapping[int, Model] | None
    ) -> Callable[[], Model]:
        """What a test of references asks, when one does: [voters, size]."""

        def references() -> Model:
            own = made or self.references(steps, parent, voters)
            return np.array([own[voter] for voter in voters])

        return references

    def _place(self, most: int, enough: int) -> OwnRows:
        metric = self._common.scoring.metric
        return OwnRows(
            [(own.X_validation, own.y_validation) for own in self._rows],
            [(own.X_train, own.y_train) for own in self._rows],
            self._common.learner,
            None if metric == LIKELIHOOD else metric,
            most,
            enough,
        )

    def _job(self, voter: int, most: int) -> TrainingJob:
        rows, seed = self._rows[voter], derive_seed(self._seed, _REFERENCE, voter)
        return TrainingJob(head(rows.X_train, most), head(rows.y_train, most), seed)


def _length(change: Model) -> float:
    return float(np.linalg.norm(change.astype(np.float64)))
