"""What the voters of a round measured of its updates, each on its own rows."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ml.judging.bases import nearest
from ml.judging.forgetting import Said, growth
from ml.judging.kinds import Contrast, Direction, Forgetting, Loss, Relation, UpdateTest
from ml.judging.own_rows import Alone, OwnRows, Tried
from ml.judging.round_contrasts import RoundContrasts
from ml.judging.update_tests import errors_left, paired_standard_error, relations
from ml.updates.fixed_point import aggregate, decode

Parameters = NDArray[np.int32]
Measured = NDArray[np.float64]

_SLIGHT = 0.1
"""The step at which an own change tells most of rows that did not train it: a longer one overshoots."""


class Evidence:
    """What voters measured; computed when a test asks.

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
        self._relations: dict[int, Measured] = {}
        self._contrasts: dict[float, Measured] = {}
        self._by_own_contrasts: dict[tuple[float, int], Measured] = {}
        self._along: dict[tuple[int, int], Measured] = {}  # Cosines by place.
        self._own: dict[tuple[float, int], Alone] = {}
        self._in_company: dict[tuple[float, int, int], float] = {}  # Losses beside own changes.

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

    def is_asked(self, test: UpdateTest) -> bool:
        """Return whether a test is asked of such models and targets; where not, all pass."""
        if isinstance(test, Direction | Relation):
            return self._has_direction(test)
        if isinstance(test, Contrast):
            return test.is_of(self._rows.schema.size)
        return not isinstance(test, Forgetting) or self._knows_what_labels_teach(test)

    def _has_direction(self, test: Direction | Relation) -> bool:
        """Whether models have the parameters that a direction takes: of few, chance has one."""
        place = self.parameters(test.layer) if isinstance(test, Direction) else self._matrix(test)[0]
        return len(range(place.start, place.stop)) >= test.parameters

    def _matrix(self, test: Relation) -> tuple[slice, int]:
        """Where the layer lies that a relation is asked of, and its rows."""
        return self._rows.schema.first_matrix(test.parameters if test.layer == "large" else 1)

    def cosines(self, place: slice) -> Measured:
        """Return cos(δ_j, δ_v) of the parameters at a place, [updates, voters]; 0 where one does not move."""
        key = place.start, place.stop
        if key not in self._along:
            self._along[key] = self._cosines(place, self.own_changes)
        return self._along[key]

    def _knows_what_labels_teach(self, test: Forgetting) -> bool:
        """Whether targets are labels, and the first layer is one that has a direction."""
        place = self.parameters("first")
        return self._untaught is not None and place.stop - place.start >= test.parameters

    def cosines_with_labels(self, voters: Sequence[int]) -> Measured:
        """Return cos(δ_j, δ_v − δ°_v) of the first layer, [updates, voters asked], of voters by place."""
        assert self._untaught is not None  # `is_asked`.
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
        before, own = self.current.outputs[voter], self._by_own(step, voter)
        return self._rows.score_error(before, own.outputs, self.voters[voter])

    def loss_error(self, step: float, voter: int) -> float:
        """Return how sure a voter's rows are of the difference of loss that its own w + step·δ_v makes.

        0 where the difference is not finite.
        """
        before, own = self.current.losses[voter], self._by_own(step, voter)
        error = float(paired_standard_error(own.losses - before))
        return error if np.isfinite(error) else 0.0

    @property
    def has_labels(self) -> bool:
        """Whether targets are labels or classes, whose outputs have no unit."""
        return self._rows.has_labels

    def contrasts(self, step: float) -> Measured:
        """Return κ(w + step·δ_j) − κ(w), the mean over a voter's rows, [updates, voters]."""
        if step not in self._contrasts:
            everyone = range(len(self.voters))
            changes = [self._contrast.changes(each.outputs, each.losses, everyone) for each in self.at(step)]
            self._contrasts[step] = np.array([[float(own.mean()) for own in each] for each in changes])
        return self._contrasts[step]

    @property
    def known_contrasts(self) -> Measured:
        """κ(w) of every voter's rows, [voters]; 0 where there is none to lose."""
        return self._contrast.known

    def contrast_errors(self, step: float, voters: Sequence[int]) -> Measured:
        """Return how sure voters' rows are of the difference of contrast that their own w + step·δ_v makes.

        Float64 [asked], of voters by place; 0 where the difference is not finite.
        """
        errors = [paired_standard_error(each) for each in self._own_contrasts(step, voters)]
        return np.nan_to_num(errors, posinf=0.0)

    def own_contrasts(self, step: float) -> Measured:
        """Return κ(w + step·δ_v) − κ(w) of every voter's own change, [voters]."""
        return np.array([each.mean() for each in self._own_contrasts(step, range(len(self.voters)))])

    def _own_contrasts(self, step: float, voters: Sequence[int]) -> list[Measured]:
        """What voters' own changes make of contrasts, by row, of voters by place."""
        if missing := [voter for voter in voters if (step, voter) not in self._by_own_contrasts]:
            own = [self._by_own(step, voter) for voter in missing]
            outputs, losses = [each.outputs for each in own], [each.losses for each in own]
            changes = self._contrast.changes(outputs, losses, missing)
            self._by_own_contrasts |= zip([(step, voter) for voter in missing], changes, strict=True)
        return [self._by_own_contrasts[step, voter] for voter in voters]

    def contrast_noise(self, test: Contrast, voters: Sequence[int]) -> Measured:
        """Return by how much a contrast may fall as noise, on the rows of voters by place, [asked]."""
        left = errors_left(test.errors, self.errors_spared(test, voters), test.floor)
        return left * self.contrast_errors(test.step, voters)

    def errors_spared(self, test: Contrast, voters: Sequence[int]) -> Measured:
        """Return how many of a test's errors voters do not allow for, before its floor, [asked].

        None of them where the own change takes less than `holds` off the loss of rows that did not train it;
        else `less` for each standard error, beyond two, which chance may have, by which it does, and for no
        more of them than there are in κ(w).
        """
        less = test.less_of(self._rows.schema.size)
        if not less:
            return np.zeros(len(voters))
        error = self.contrast_errors(test.step, voters)
        known = np.divide(
            self.known_contrasts[list(voters)], error, out=np.zeros_like(error), where=error > 0
        )
        spared: Measured = less * np.minimum([self._sureness(test, voter) for voter in voters], known)
        return spared

    def _sureness(self, test: Contrast, voter: int) -> float:
        """By how many standard errors more than two what a voter's rows teach holds for its others."""
        if not self._falls(test.step, voter).mean() >= test.holds * self.current.means[voter]:
            return 0.0
        falls = self._falls(_SLIGHT, voter)
        error = float(paired_standard_error(falls))
        return max(0.0, float(falls.mean()) / error - 2) if np.isfinite(error) and error > 0 else 0.0

    def _falls(self, step: float, voter: int) -> Measured:
        """Of the loss of a voter's rows that did not train its own change, by row."""
        unseen = slice(self._rows.unseen(self.voters[voter]))
        with np.errstate(invalid="ignore"):  # Of what is not finite, which tells nothing.
            return (self.current.losses[voter] - self._by_own(step, voter).losses)[unseen]

    @cached_property
    def _contrast(self) -> RoundContrasts:
        return RoundContrasts(self._rows, self.voters, self.current)

    def growths(self, step: float) -> Measured:
        """Return by what share w + step·δ_j says more of what w says on own rows, [updates, voters]."""
        return np.array([self._growths(tried) for tried in self.at(step)])

    def _growths(self, tried: Tried) -> list[float]:
        said = [self._rows.said(outputs) for outputs in tried.outputs]
        return [growth(now, before) for now, before in zip(said, self._said, strict=True)]

    def own_growth(self, step: float, voter: int) -> float:
        """Return the same of w + step·δ_v of a voter by its place."""
        return growth(self._rows.said(self._by_own(step, voter).outputs), self._said[voter])

    @cached_property
    def _said(self) -> list[Said]:
        """Of the parent, by voter."""
        return [self._rows.said(outputs) for outputs in self.current.outputs]

    def noise(self, test: Loss, voter: int) -> float:
        """Return by how much more than its tolerance a test of loss lets the loss rise, on a voter's rows."""
        errors = test.fewer if self._rows.schema.size < test.parameters else test.errors
        return errors and errors * self.loss_error(test.step, voter)

    def rise_in_company(self, step: float, row: int, voter: int) -> float:
        """Return L(w + step·(δ_v + δ_j)) − L(w + step·δ_v) on a voter's rows, of an update by its place."""
        if (step, row, voter) not in self._in_company:
            both = self._made_by_own(step, voter) + np.float32(step) * self._changes[row]
            self._in_company[step, row, voter] = self._alone(both, voter).mean
        return self._in_company[step, row, voter] - self._by_own(step, voter).mean

    def _by_own(self, step: float, voter: int) -> Alone:
        """What w + step·δ_v does on the rows of a voter by its place."""
        if (step, voter) not in self._own:
            self._own[step, voter] = self._alone(self._made_by_own(step, voter), voter)
        return self._own[step, voter]

    def _made_by_own(self, step: float, voter: int) -> NDArray[np.float32]:
        made: NDArray[np.float32] = self._start + np.float32(step) * self.own_changes[voter]
        return made

    def _alone(self, made: NDArray[np.float32], voter: int) -> Alone:
        return self._rows.alone(made, self.voters[voter], self._counts[voter])

    def scorings(self, voter: int) -> int:
        """Return how many models a voter, by its place, has tried so far, averages aside."""
        own = sum(asked == voter for *_, asked in (*self._own, *self._in_company))
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


def _size_of(change: Measured) -> float:
    """The length of a change [size], by the sum that `np.linalg.norm` makes of each row of many."""
    return float(np.sqrt(np.add.reduce(change * change)))


def _products(changes: Measured, own: Measured) -> tuple[Measured, float]:
    """Inner products of changes [updates, size] with a voter's own [size], and the length of that."""
    return changes @ own, float(np.sqrt(own @ own))
