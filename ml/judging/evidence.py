"""From a round's updates to every voter's ballot by a policy of tests, with the reason of every no."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ml.judging.bases import nearest
from ml.judging.findings import Finding, Reason, of_all
from ml.judging.forgetting import Said, growth
from ml.judging.own_rows import OwnRows, Tried
from ml.judging.policies import admissible
from ml.judging.policy import (
    ClassLoss,
    Direction,
    Forgetting,
    LeaveOneOut,
    Loss,
    Opposed,
    Policy,
    Relation,
    Score,
    Size,
    Skill,
    UpdateTest,
)
from ml.judging.update_tests import (
    is_at_least,
    is_missed,
    is_no_longer,
    is_no_opponent,
    is_related,
    keeps_every_class,
    keeps_loss,
    keeps_score,
    least_growth,
    least_score,
    paired_standard_error,
    points_along,
    relations,
)
from ml.updates.fixed_point import aggregate, decode

Parameters = NDArray[np.int32]
Measured = NDArray[np.float64]
Passed = NDArray[np.bool_]


class Evidence:
    """What the voters of one round measured, each on its own rows; computed when a test asks.

    Args:
        updates: Admissible ones by seat position.
        parent: The voters' base.
        rows: All clients' rows.
        voters: Clients, as numbers in `rows`.
        references: What each voter's own rows make of the parent, float32 [voters, size]; asked for once,
            where a test needs them.
        budget: Of loss, within which training rows judge beside validation rows.
        models: Those that somebody may build on: an update is a change of the nearest; of none, the parent.
        untaught: What the rows of voters, by place, make of the parent with base rates for labels, float32
            [asked, size]; None where targets are not such.
    """

    def __init__(
        self,
        updates: Mapping[int, Parameters],
        parent: Parameters,
        rows: OwnRows,
        voters: Sequence[int],
        references: Callable[[], NDArray[np.float32]],
        budget: float,
        models: Sequence[Parameters] = (),
        untaught: Callable[[Sequence[int]], NDArray[np.float32]] | None = None,
    ) -> None:
        self.positions = tuple(updates)
        self.voters = voters
        self._rows = rows
        self._references = references
        self._untaught = untaught
        self._start = decode(parent)
        self._counts = rows.counts(self._start, voters, budget)
        origins = models or [parent]
        self._changes = np.array(
            [decode(update) - decode(origins[nearest(update, origins)]) for update in updates.values()]
        )
        self._steps: dict[float, list[Tried]] = {}
        self._errors: dict[tuple[Callable[..., float], float, int], float] = {}
        self._relations: dict[int, Measured] = {}
        self._own_growths: dict[tuple[float, int], float] = {}
        self._made: dict[tuple[float, int | None, int], float] = {}  # Losses beside own changes.

    @cached_property
    def current(self) -> Tried:
        """The parent on every voter's rows."""
        return self._tried(self._start, range(len(self.voters)))

    @cached_property
    def sizes(self) -> Measured:
        """‖δ_j‖, [updates, 1]."""
        sizes: Measured = np.linalg.norm(self._changes.astype(np.float64), axis=1, keepdims=True)
        return sizes

    @cached_property
    def own_changes(self) -> NDArray[np.float32]:
        """δ_v, [voters, size]."""
        changes: NDArray[np.float32] = self._references() - self._start
        return changes

    @cached_property
    def own_sizes(self) -> Measured:
        """‖δ_v‖, [1, voters]."""
        # One voter at a time, as for cosines; the sums are those of all together.
        return np.array([[_size_of(own.astype(np.float64)) for own in self.own_changes]])

    def parameters(self, layer: str) -> slice:
        """Return the place of all parameters, or of the first weights."""
        return slice(0, self._start.size) if layer == "all" else self._rows.schema.first_weights

    def relations(self, test: Relation) -> Measured:
        """Return how related an update's change of a layer is to a voter's own, [updates, voters]."""
        place, count = self._matrix(test)
        if place.start not in self._relations:
            changes = self._changes[:, place].astype(np.float64).reshape(len(self.positions), count, -1)
            own = (each[place].astype(np.float64).reshape(count, -1) for each in self.own_changes)
            self._relations[place.start] = relations(changes, own)
        return self._relations[place.start]

    def has_direction(self, test: Direction | Relation) -> bool:
        """Return whether models have the parameters that a direction takes: of few, chance has one."""
        place = self.parameters(test.layer) if isinstance(test, Direction) else self._matrix(test)[0]
        return len(range(place.start, place.stop)) >= test.parameters

    def _matrix(self, test: Relation) -> tuple[slice, int]:
        """Where the layer lies that a relation is asked of, and its rows."""
        return self._rows.schema.first_matrix(test.parameters if test.layer == "large" else 1)

    def cosines(self, place: slice) -> Measured:
        """Return cos(δ_j, δ_v) of the parameters at a place, [updates, voters]; 0 where one does not move."""
        return self._cosines(place, self.own_changes)

    def knows_what_labels_teach(self, test: Forgetting) -> bool:
        """Return whether targets are labels, and the first layer is one that has a direction."""
        place = self.parameters("first")
        return self._untaught is not None and place.stop - place.start >= test.parameters

    def cosines_with_labels(self, voters: Sequence[int]) -> Measured:
        """Return cos(δ_j, δ_v − δ°_v) of the first layer, [updates, voters asked], of voters by place."""
        assert self._untaught is not None  # `knows_what_labels_teach`.
        taught = self._references()[voters] - self._untaught(voters)
        return self._cosines(self.parameters("first"), taught)

    def _cosines(self, place: slice, references: NDArray[np.float32]) -> Measured:
        changes = self._changes[:, place].astype(np.float64)
        # One voter at a time: in float64 all of them together would be twice the memory of all models.
        found = [_products(changes, own[place].astype(np.float64)) for own in references]
        products, own_lengths = (np.array(part).T for part in zip(*found, strict=True))
        lengths = np.linalg.norm(changes, axis=1, keepdims=True) * own_lengths
        return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)

    @cached_property
    def chances(self) -> Measured:
        """The score of who knows nothing, on every voter's rows, [voters]."""
        return self._rows.chances(self.voters, self._counts)

    def score_error(self, step: float, voter: int) -> float:
        """Return how sure a voter's rows are of the difference of score that its own w + step·δ_v makes."""
        return self._error(self._rows.score_error, step, voter)

    def loss_error(self, step: float, voter: int) -> float:
        """Return how sure a voter's rows are of the difference of loss that its own w + step·δ_v makes."""
        return self._error(self._rows.loss_error, step, voter)

    def growths(self, step: float) -> Measured:
        """Return by what share w + step·δ_j says more of what w says on own rows, [updates, voters]."""
        return np.array([self._growths(tried) for tried in self.at(step)])

    def _growths(self, tried: Tried) -> list[float]:
        return [growth(now, said) for now, said in zip(self._rows.said(tried), self._said, strict=True)]

    def own_growth(self, step: float, voter: int) -> float:
        """Return the same of w + step·δ_v of a voter by its place."""
        if (step, voter) not in self._own_growths:
            made = self._made_by_own(step, voter)
            now = self._rows.own_said(made, self.voters[voter], self._counts[voter])
            self._own_growths[step, voter] = growth(now, self._said[voter])
        return self._own_growths[step, voter]

    @cached_property
    def _said(self) -> list[Said]:
        """Of the parent, by voter."""
        return self._rows.said(self.current)

    def noise(self, test: Loss, voter: int) -> float:
        """Return by how much more than its tolerance a test of loss lets the loss rise, on a voter's rows."""
        if not test.errors or self._rows.schema.size < test.parameters:
            return 0.0
        return test.errors * self.loss_error(test.step, voter)

    def _error(self, of: Callable[..., float], step: float, voter: int) -> float:
        if (of, step, voter) not in self._errors:
            made = self._made_by_own(step, voter)
            self._errors[of, step, voter] = of(self._start, made, self.voters[voter], self._counts[voter])
        return self._errors[of, step, voter]

    def rise_in_company(self, step: float, row: int, voter: int) -> float:
        """Return L(w + step·(δ_v + δ_j)) − L(w + step·δ_v) on a voter's rows, of an update by its place."""
        own = self._made_by_own(step, voter)
        if (step, None, voter) not in self._made:
            self._made[step, None, voter] = self._own_loss(own, voter)
        if (step, row, voter) not in self._made:
            both = own + np.float32(step) * self._changes[row]
            self._made[step, row, voter] = self._own_loss(both, voter)
        return self._made[step, row, voter] - self._made[step, None, voter]

    def _made_by_own(self, step: float, voter: int) -> NDArray[np.float32]:
        """Return w + step·δ_v of a voter by its place."""
        made: NDArray[np.float32] = self._start + np.float32(step) * self.own_changes[voter]
        return made

    def _own_loss(self, made: NDArray[np.float32], voter: int) -> float:
        return self._rows.own_loss(made, self.voters[voter], self._counts[voter])

    def scorings(self, voter: int) -> int:
        """Return how many models a voter, by its place, has tried so far, averages aside."""
        made = (*self._errors, *self._made, *self._own_growths)
        own = sum(asked == voter for *_, asked in made)
        return 1 + len(self._steps) * len(self.positions) + own

    def at(self, step: float) -> list[Tried]:
        """Return w + step·δ_j on every voter's rows, by update."""
        if step not in self._steps:
            models = self._start + np.float32(step) * self._changes
            everyone = range(len(self.voters))
            self._steps[step] = [self._tried(model, everyone) for model in models]
        return self._steps[step]

    def rises(self, step: float) -> Measured:
        """Return L(w + step·δ_j) − L(w), [updates, voters]; infinite where one is not finite."""
        return np.array([tried.means - self.current.means for tried in self.at(step)])

    def average(self, updates: Sequence[Parameters], samples: Sequence[int], voters: Sequence[int]) -> Tried:
        """Return the average of `updates` on the rows of some voters, places in `self.voters`."""
        return self._tried(decode(aggregate(updates, samples)), voters)

    def _tried(self, model: NDArray[np.float32], voters: Sequence[int]) -> Tried:
        return self._rows.tried(model, [self.voters[v] for v in voters], [self._counts[v] for v in voters])


def evidence_findings(
    policy: Policy,
    updates: Mapping[int, Parameters],
    samples: Mapping[int, int],
    parent: Parameters,
    rows: OwnRows,
    voters: Sequence[int],
    references: Callable[[], NDArray[np.float32]],
    models: Sequence[Parameters] = (),
    untaught: Callable[[Sequence[int]], NDArray[np.float32]] | None = None,
) -> list[Finding]:
    """Return what honest `voters` find under a policy of tests; arguments as of `Evidence`."""
    kept = admissible(updates, parent, models)
    if not kept:
        return [of_all(Finding((), {}), updates) for _ in voters]
    evidence = Evidence(kept, parent, rows, voters, references, policy.budget, models, untaught)
    return [of_all(found, updates) for found in findings(policy, evidence, kept, samples)]


def findings(
    policy: Policy, evidence: Evidence, updates: Mapping[int, Parameters], samples: Mapping[int, int]
) -> list[Finding]:
    """Return what each voter finds, in the order of `evidence.voters`.

    Args:
        policy: The tests.
        evidence: Of `updates`, at least one.
        updates: Admissible ones by seat position.
        samples: Weight of each in an average, by seat position.
    """
    return _Judge(policy, evidence, updates, samples).findings()


class _Judge:
    """One round under one policy; voters by place, with every average tried once for all that share it."""

    def __init__(
        self,
        policy: Policy,
        evidence: Evidence,
        updates: Mapping[int, Parameters],
        samples: Mapping[int, int],
    ) -> None:
        self._policy = policy
        self._evidence = evidence
        self._updates = updates
        self._samples = samples
        self._voters = range(len(evidence.voters))
        self._reasons: list[dict[int, Reason]] = [{} for _ in self._voters]
        self._masks: list[tuple[int, ...]] = []
        self._averages: list[set[tuple[int, ...]]] = [set() for _ in self._voters]

    def findings(self) -> list[Finding]:
        self._test_each()
        if self._policy.average:
            self._clear_averages()
        if self._policy.leave_one_out:
            self._leave_out(self._policy.leave_one_out)
        return [Finding(self._masks[v], self._reasons[v], self._scorings(v)) for v in self._voters]

    def _scorings(self, voter: int) -> int:
        return self._evidence.scorings(voter) + len(self._averages[voter])

    def _test_each(self) -> None:
        positions = self._evidence.positions
        asked = np.ones((len(positions), len(self._voters)), dtype=bool)
        for test in self._policy.updates:
            passed, found, limit = _CHECKS[type(test)](test, self._evidence, asked)
            asked &= passed
            for row, voter in np.argwhere(~passed):
                reason = Reason(test.test, float(found[row, voter]), float(limit[row, voter]))
                self._reasons[voter].setdefault(positions[row], reason)
        self._masks = [tuple(j for j in positions if j not in self._reasons[v]) for v in self._voters]

    def _clear_averages(self) -> None:
        undecided = [v for v in self._voters if self._masks[v]]
        while undecided:
            failed = self._failing(undecided)
            for v, reason in failed.items():
                self._drop(v, self._worst(v), reason)
            undecided = [v for v in failed if self._masks[v]]

    def _failing(self, voters: Sequence[int]) -> dict[int, Reason]:
        failed: dict[int, Reason] = {}
        for mask, members in self._sharing(voters).items():
            tried = self._averaged(mask, members)
            for test in self._policy.average:
                asked = np.ones(len(members), dtype=bool)
                passed, found, limit = _on_rows(
                    test, self._evidence, tried, self._current(members), members, asked
                )
                for place in np.flatnonzero(~passed):
                    reason = Reason(f"average {test.test}", float(found[place]), float(limit[place]))
                    failed.setdefault(members[place], reason)
        return failed

    def _leave_out(self, test: LeaveOneOut) -> None:
        """Every voter's mask loses those that its average is better without, tried on the mask as it was."""
        for mask, members in self._sharing([v for v in self._voters if len(self._masks[v]) > 1]).items():
            whole = self._averaged(mask, members)
            for position in mask:
                rest = self._averaged(tuple(j for j in mask if j != position), members)
                self._drop_unmissed(test, position, whole, rest, members)

    def _drop_unmissed(
        self, test: LeaveOneOut, position: int, whole: Tried, rest: Tried, members: Sequence[int]
    ) -> None:
        error = np.array(
            [paired_standard_error(a - b) for a, b in zip(whole.losses, rest.losses, strict=True)]
        )
        missed = is_missed(whole.means, rest.means, error, test.floor)
        for place in np.flatnonzero(~missed):
            rise, limit = whole.means[place] - rest.means[place], max(test.floor, error[place])
            self._drop(members[place], position, Reason(test.test, float(rise), float(limit)))

    def _worst(self, voter: int) -> int:
        """Of the updates that a voter still accepts, the one of the greatest loss, of equals the highest."""
        step = next(
            (t.step for t in self._policy.updates if isinstance(t, Loss | Score | Skill | ClassLoss)), 1.0
        )
        tried = dict(zip(self._evidence.positions, self._evidence.at(step), strict=True))
        return max(self._masks[voter], key=lambda j: (tried[j].means[voter], j))

    def _drop(self, voter: int, position: int, reason: Reason) -> None:
        self._masks[voter] = tuple(j for j in self._masks[voter] if j != position)
        self._reasons[voter].setdefault(position, reason)

    def _sharing(self, voters: Sequence[int]) -> dict[tuple[int, ...], list[int]]:
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for v in voters:
            groups[self._masks[v]].append(v)
        return groups

    def _averaged(self, mask: tuple[int, ...], voters: Sequence[int]) -> Tried:
        for v in voters:
            self._averages[v].add(mask)
        updates = [self._updates[j] for j in mask]
        return self._evidence.average(updates, [self._samples[j] for j in mask], voters)

    def _current(self, voters: Sequence[int]) -> Tried:
        current = self._evidence.current
        return Tried(
            [current.losses[v] for v in voters],
            current.means[np.asarray(voters)],
            current.scores[np.asarray(voters)],
            [current.classes[v] for v in voters],
            [current.outputs[v] for v in voters],
        )


def _size_of(change: Measured) -> float:
    """The length of a change [size], by the sum that `np.linalg.norm` makes of each row of many."""
    return float(np.sqrt(np.add.reduce(change * change)))


def _products(changes: Measured, own: Measured) -> tuple[Measured, float]:
    """Inner products of changes [updates, size] with a voter's own [size], and the length of that."""
    return changes @ own, float(np.sqrt(own @ own))


Check = tuple[Passed, Measured, Measured]
"""What passed, what was found, what would have passed; one entry a pair of update and voter."""


def _size(test: Size, evidence: Evidence, asked: Passed) -> Check:
    passed = is_no_longer(evidence.sizes, evidence.own_sizes, test.most)
    found = np.broadcast_to(evidence.sizes, passed.shape)
    return passed, found, np.broadcast_to(test.most * evidence.own_sizes, passed.shape)


def _direction(test: Direction, evidence: Evidence, asked: Passed) -> Check:
    if not evidence.has_direction(test):
        return _all_pass(evidence)
    cosines = evidence.cosines(evidence.parameters(test.layer))
    return points_along(cosines, test.least), cosines, np.full(cosines.shape, test.least)


def _relation(test: Relation, evidence: Evidence, asked: Passed) -> Check:
    if not evidence.has_direction(test):
        return _all_pass(evidence)
    found = evidence.relations(test)
    return is_related(found, test.least), found, np.full(found.shape, test.least)


def _all_pass(evidence: Evidence) -> Check:
    """Of a test that is not asked of such a model."""
    shape = (len(evidence.positions), len(evidence.voters))
    return np.ones(shape, dtype=bool), np.zeros(shape), np.zeros(shape)


def _opposed(test: Opposed, evidence: Evidence, asked: Passed) -> Check:
    cosines = evidence.cosines(evidence.parameters("all"))
    passed = is_no_opponent(cosines, test.least, evidence.rises(test.step))
    return passed, cosines, np.full(passed.shape, test.least)


def _forgetting(test: Forgetting, evidence: Evidence, asked: Passed) -> Check:
    """What excuses is asked by those voters alone for whom it decides: it takes a training of their own."""
    if not evidence.knows_what_labels_teach(test):
        return _all_pass(evidence)
    found = evidence.growths(test.step)
    limit = np.full(found.shape, -test.most)
    for voter in _undecided(found, limit, asked):
        limit[:, voter] = least_growth(evidence.own_growth(test.step, voter), test.most)
    passed = is_at_least(found, limit)
    if voters := _undecided(found, limit, asked):
        passed[:, voters] |= points_along(evidence.cosines_with_labels(voters), test.least)
    return passed, found, limit


def _undecided(found: Measured, limit: Measured, asked: Passed) -> list[int]:
    """Voters, by place, who ask of some update what excuses it."""
    voters: list[int] = np.flatnonzero((asked & ~is_at_least(found, limit)).any(axis=0)).tolist()
    return voters


def _on_own_rows(test: "Loss | Score | Skill | ClassLoss", evidence: Evidence, asked: Passed) -> Check:
    everyone, current = range(len(evidence.voters)), evidence.current
    checks = [
        _on_rows(test, evidence, tried, current, everyone, of)
        for tried, of in zip(evidence.at(test.step), asked, strict=True)
    ]
    passed, found, limit = (np.array(part) for part in zip(*checks, strict=True))
    if isinstance(test, Loss) and test.in_company:
        found = in_company(test, evidence, found, asked)
        passed = keeps_loss(found, np.zeros_like(found), limit)
    return passed, found, limit


def in_company(test: Loss, evidence: Evidence, rises: Measured, asked: Passed) -> Measured:
    """Return rises of loss [updates, voters]; of what does not pass, the lesser of alone and in company."""
    found = rises.copy()
    fails = ~keeps_loss(rises, np.zeros_like(rises), test.tolerance)
    for row, voter in np.argwhere(asked & fails).tolist():
        found[row, voter] = np.fmin(rises[row, voter], evidence.rise_in_company(test.step, row, voter))
    return found


def _on_rows(
    test: "Loss | Score | Skill | ClassLoss",
    evidence: Evidence,
    tried: Tried,
    current: Tried,
    voters: Sequence[int],
    asked: Passed,
) -> Check:
    """One model, an update's or an average, on the rows of some voters, places in `evidence.voters`."""
    if isinstance(test, Skill):
        return _of_skill(test, evidence, tried, current, voters, asked)
    if isinstance(test, Score):
        limit = (1 - test.tolerance) * current.scores
        return keeps_score(tried.scores, current.scores, test.tolerance), tried.scores, limit
    if isinstance(test, ClassLoss):
        return _of_classes(test, tried.class_means, current.class_means)
    return _of_loss(test, evidence, tried, current, voters, asked)


def _of_loss(
    test: Loss, evidence: Evidence, tried: Tried, current: Tried, voters: Sequence[int], asked: Passed
) -> Check:
    """As for skill, noise is asked for by those voters alone for whom it decides."""
    limit = np.full(len(voters), test.tolerance)
    for place in np.flatnonzero(asked & ~keeps_loss(tried.means, current.means, test.tolerance)):
        limit[place] += evidence.noise(test, voters[place])
    return keeps_loss(tried.means, current.means, limit), tried.means - current.means, limit


def _of_skill(
    test: Skill, evidence: Evidence, tried: Tried, current: Tried, voters: Sequence[int], asked: Passed
) -> Check:
    """Noise is asked for by those voters alone for whom it decides."""
    known = evidence.chances[np.asarray(voters)]
    errors = np.zeros(len(voters))
    without = least_score(current.scores, known, errors, test.tolerance, 0.0)
    for place in np.flatnonzero(asked & (tried.scores < without)):
        errors[place] = evidence.score_error(test.step, voters[place])
    least = least_score(current.scores, known, errors, test.tolerance, test.errors)
    # What is not finite scores 0, which so much noise may allow.
    return is_at_least(tried.scores, least) & np.isfinite(tried.means), tried.scores, least


def _of_classes(test: ClassLoss, candidate: Measured, current: Measured) -> Check:
    worst = np.nan_to_num(candidate - current, nan=-np.inf).max(axis=1)
    return keeps_every_class(candidate, current, test.tolerance), worst, np.full(len(worst), test.tolerance)


_CHECKS: Mapping[type[UpdateTest], Callable[..., Check]] = {
    Size: _size,
    Direction: _direction,
    Relation: _relation,
    Opposed: _opposed,
    Forgetting: _forgetting,
    Loss: _on_own_rows,
    Score: _on_own_rows,
    Skill: _on_own_rows,
    ClassLoss: _on_own_rows,
}
"""By test; of an evidence and of the pairs that passed so far, of which alone it is asked what costs."""
