"""What voters find by whatever policy, and what a client's own voting makes of its update: one or many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from statistics import median
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import length, taken
from ml.data.splits import ClientData
from ml.judging.constants import base_rates
from ml.judging.evidence import Evidence
from ml.judging.findings import Finding
from ml.judging.judge import evidence_findings
from ml.judging.kinds import Size
from ml.judging.metrics import LIKELIHOOD
from ml.judging.own_rows import OwnRows
from ml.judging.policy import AGGREGATE, EVIDENCE, listed_tests
from ml.judging.policy import Policy as TestPolicy
from ml.judging.scoring import ValidationSets
from ml.seeds import derive_seed
from ml.settings import ScorePolicy, TrainingSettings
from ml.tasks.targets import Labels
from ml.tasks.task import Task
from ml.training import TrainingJob
from ml.updates.fixed_point import decode, encode
from offchain.learning.bases import Bases, Train, grouped
from offchain.learning.common import CommonLearning, Parameters

_REFERENCE = 6  # Under a run's seed.
_MOST_OF_A_STEP = 4_096  # Rows, where nobody has as many: a batch may be any number, and more are copies.

Model = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Base:
    """Which of the last models a client builds on.

    Attributes:
        place: Among them.
        made: What its own rows make of it, float32 [size]; None where nobody had to know that to choose.
    """

    place: int
    made: Model | None = None


@dataclass(frozen=True, eq=False)
class Sent:
    """What an honest client proposes.

    Attributes:
        base: Place of the model that it trained from.
        update: int32 [size].
        shortened: Whether its training went further than voters would let it.
    """

    base: int
    update: Parameters
    shortened: bool


class Voters:
    """Voters' own rows, on which they judge by what all of them share; parameters are int32 [size].

    Attributes:
        validation: Their validation rows, for scores.

    Args:
        common: What all share: the learner, without anybody's own training, and the score.
        rows: Of each voter.
        task: What is learned.
        reference: Training of a voter's own change, for policies that look at one; of its passes, one, or
            those of a policy whose references are as long as training.
        seed: Of that training's draws.
        names: Of the voters, for what is said of their rows; none for their numbers.

    Raises:
        MLError: When rows cannot be scored by the metric.
    """

    def __init__(
        self,
        common: CommonLearning,
        rows: Sequence[ClientData],
        task: Task,
        reference: TrainingSettings,
        seed: int,
        names: Sequence[str] = (),
    ) -> None:
        self._common = common
        self._rows = rows
        self._task = task
        self._training = reference
        most = max(_MOST_OF_A_STEP, *(length(own.y_train) for own in rows))
        self._short = reference.model_copy(
            update={"local_epochs": 1, "least_steps": 0, "batch": min(reference.batch, most)}
        )
        self._seed = seed
        validation = [(own.X_validation, own.y_validation) for own in rows]
        self.validation = ValidationSets(validation, common.learner, common.scoring.metric, names)
        self._placed: dict[tuple[int, int], OwnRows] = {}  # By how many rows a voter judges on.
        self._made: tuple[tuple[int, bytes], dict[tuple[int, bool], Model]] = ((0, b""), {})

    def bases(
        self, policy: str | TestPolicy, models: Sequence[Parameters], voters: Sequence[int]
    ) -> dict[int, Base]:
        """Return each voter's base among the last models, oldest first, by a policy.

        Where a voter's own change is compared with others', what becomes of its base counts, as in training.
        """
        tests = listed_tests(policy)
        if tests is None or len(models) == 1:
            return {voter: Base(place) for voter, place in self.newest(policy, models, voters).items()}
        return self._trained(policy, models, voters, partial(self.references, tests))

    def newest(
        self, policy: str | TestPolicy, models: Sequence[Parameters], clients: Sequence[int]
    ) -> dict[int, int]:
        """Return the place of the newest model that each client's own rows find good."""
        if _takes_the_newest(policy, models):
            return dict.fromkeys(clients, len(models) - 1)
        return {client: places[0] for client, places in self._bases.of(models, clients).items()}

    def sent(
        self,
        policy: str | TestPolicy,
        models: Sequence[Parameters],
        clients: Sequence[int],
        train: Train,
        encoded: Callable[[int, Model], Parameters],
        whole: bool = False,
    ) -> dict[int, Sent]:
        """Return what honest clients make of their bases among the last models, and send, in their order.

        Args:
            policy: By name, or its tests.
            models: Oldest first.
            clients: Who, by number.
            train: What some of them make of a model.
            encoded: That of a client as an update; raises what is to be said when it is none.
            whole: Whether nothing is shortened: how far follows from rows that no noise hides.
        """
        trained, sent = self._trained(policy, models, clients, train), {}
        for place, those in grouped({client: base.place for client, base in trained.items()}).items():
            made = {client: encoded(client, _made(trained[client])) for client in those}
            updates = made if whole else self.shortened(policy, made, models[place])
            for client, update in updates.items():
                sent[client] = Sent(place, update, update is not made[client])
        return {client: sent[client] for client in trained}

    def findings(
        self,
        policy: str | TestPolicy,
        updates: Mapping[int, Parameters],
        samples: Mapping[int, int],
        models: Sequence[Parameters],
        bases: Mapping[int, Base],
    ) -> list[Finding]:
        """Return what honest voters find of updates by seat position, in their order.

        Args:
            policy: By name, or its tests.
            updates: By seat position.
            samples: Their weights.
            models: The last ones, oldest first, copies of which are inadmissible.
            bases: Of each voter, by number.
        """
        found: dict[int, Finding] = {}
        for place, voters in grouped({voter: base.place for voter, base in bases.items()}).items():
            made = {voter: own for voter in voters if (own := bases[voter].made) is not None}
            of_base = self._found(policy, updates, samples, models, place, voters, made)
            found |= zip(voters, of_base, strict=True)
        return [found[voter] for voter in bases]

    def evidence(
        self, policy: TestPolicy, updates: Mapping[int, Parameters], parent: Parameters, voters: Sequence[int]
    ) -> Evidence:
        """Return what voters measure of updates by seat position, for tests of a policy to ask."""
        references = self._asked(policy, parent, voters, None)
        untaught = self._untaught(policy, parent, voters)
        rows = self.own_rows(policy)
        return Evidence(updates, parent, rows, voters, references, policy.budget, untaught=untaught)

    def shortened(
        self, policy: str | TestPolicy, updates: Mapping[int, Parameters], parent: Parameters
    ) -> Mapping[int, Parameters]:
        """Return updates, by client, no further from a model than a voter like each lets it be.

        A policy with a bound on size has voters compare with references of one short pass; whoever trains
        longer would be refused. One ends halfway from its own reference change to the bound where that is
        longer, since others' references are shorter or longer than its own.
        """
        tests = listed_tests(policy)
        bounds = [test.most for test in tests.updates if isinstance(test, Size)] if tests else []
        if tests is None or not bounds:
            return updates
        share, start = min(min(bounds), (1 + min(bounds)) / 2), decode(parent)
        references = self.references(tests, parent, [*updates])  # Side by side, on all processors.
        return {
            client: _cut(update, start, share * _length(references[client] - start))
            for client, update in updates.items()
        }

    def references(self, policy: TestPolicy, parent: Parameters, voters: Sequence[int]) -> dict[int, Model]:
        """Return what voters' own rows make of a model [size], in about one pass; see `_steps`."""
        return self._short_passes(policy, parent, voters, is_taught=True)

    def _short_passes(
        self, policy: TestPolicy, parent: Parameters, voters: Sequence[int], is_taught: bool
    ) -> dict[int, Model]:
        """What voters' own rows make of a model, by labels or base rates; kept of the parent at hand."""
        steps = self._steps(policy)
        key = (steps, parent.tobytes())
        if self._made[0] != key:
            self._made = (key, {})
        known = self._made[1]
        missing = [(voter, is_taught) for voter in voters if (voter, is_taught) not in known]
        jobs = [self._job(voter, steps, is_taught) for voter, _ in missing]
        trained = self._common.learner.train(decode(parent), jobs, self._short) if jobs else []
        known |= dict(zip(missing, trained, strict=True))
        return {voter: known[voter, is_taught] for voter in voters}

    def own_rows(self, policy: TestPolicy) -> OwnRows:
        """Return the rows that voters judge on by the tests of a policy, placed once."""
        asked = policy.rows, policy.enough
        if asked not in self._placed:
            self._placed[asked] = self._place(*asked)
        return self._placed[asked]

    @cached_property
    def _bases(self) -> Bases:
        rows = self.own_rows(EVIDENCE)
        known = [own.y_train for own in self._rows]
        return Bases(rows, known, self._task, self._common.scoring.tolerance)

    def _trained(
        self, policy: str | TestPolicy, models: Sequence[Parameters], clients: Sequence[int], train: Train
    ) -> dict[int, Base]:
        if _takes_the_newest(policy, models):
            made, newest = train(models[-1], clients), len(models) - 1
            return {client: Base(newest, made[client]) for client in clients}
        return {client: Base(*found) for client, found in self._bases.trained(models, clients, train).items()}

    def _found(
        self,
        policy: str | TestPolicy,
        updates: Mapping[int, Parameters],
        samples: Mapping[int, int],
        models: Sequence[Parameters],
        base: int,
        voters: Sequence[int],
        made: Mapping[int, Model],
    ) -> list[Finding]:
        """What voters that share a base find, in their order."""
        tests, parent = listed_tests(policy), models[base]
        if tests is None:
            scored = cast("ScorePolicy", policy)
            return self._common.score_findings(
                scored, updates, samples, parent, self.validation, voters, models
            )
        references = self._asked(tests, parent, voters, made)
        rows = self.own_rows(tests)
        untaught = self._untaught(tests, parent, voters)
        return evidence_findings(tests, updates, samples, parent, rows, voters, references, models, untaught)

    def _asked(
        self, policy: TestPolicy, parent: Parameters, voters: Sequence[int], made: Mapping[int, Model] | None
    ) -> Callable[[], Model]:
        """What a test of references asks, when one does: [voters, size]."""

        def references() -> Model:
            own = made or self.references(policy, parent, voters)
            return np.array([own[voter] for voter in voters])

        return references

    def _untaught(
        self, policy: TestPolicy, parent: Parameters, voters: Sequence[int]
    ) -> Callable[[Sequence[int]], Model] | None:
        """What a test of what labels teach asks of voters by place, [asked, size]; None of other targets.

        Losses of a task's own may not take base rates for labels.
        """
        if type(self._task).losses is not Task.losses or not isinstance(self._task.target, Labels):
            return None

        def made(places: Sequence[int]) -> Model:
            asked = [voters[place] for place in places]
            own = self._short_passes(policy, parent, asked, is_taught=False)
            return np.array([own[voter] for voter in asked])

        return made

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

    def _steps(self, policy: TestPolicy) -> int:
        """Of everybody's reference, whatever rows it has: lengths of changes are compared.

        A pass of the middle or the largest one of those whose rows are here, or all passes of the largest
        one's training: all clients in a simulation, live the client itself.
        """
        if policy.steps_each is not None:
            return policy.steps_each
        typical = median if policy.steps_of in (None, "middle") else max
        reference = policy.reference_of(self._training)
        steps = (reference.steps(length(own.y_train)) for own in self._rows)
        return min(policy.reference_steps, round(typical(steps)))

    def _job(self, voter: int, steps: int, is_taught: bool) -> TrainingJob:
        own, seed = self._rows[voter], derive_seed(self._seed, _REFERENCE, voter)
        count = length(own.y_train)
        is_a_pass = self._short.steps_of_a_pass(count) == steps
        places = np.arange(count if is_a_pass else steps * self._short.batch) % count
        targets = taken(own.y_train, places)
        return TrainingJob(taken(own.X_train, places), targets if is_taught else base_rates(targets), seed)


def _takes_the_newest(policy: str | TestPolicy, models: Sequence[Parameters]) -> bool:
    """Whether nobody chooses: of one model, and under the paper's policy, which has one parent for all."""
    return len(models) == 1 or policy == AGGREGATE


def _cut(update: Parameters, start: Model, longest: float) -> Parameters:
    """The same update where its change is no longer."""
    change = decode(update) - start
    length = _length(change)
    return update if length <= longest else encode(start + change * np.float32(longest / length))


def _made(base: Base) -> Model:
    assert base.made is not None  # Whoever trains knows what it made.
    return base.made


def _length(change: Model) -> float:
    return float(np.linalg.norm(change.astype(np.float64)))
