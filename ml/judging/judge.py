"""From a round's updates to every voter's ballot by a policy of tests, with the reason of every no."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.judging.checks import CHECKS, on_rows
from ml.judging.evidence import Evidence
from ml.judging.findings import Finding, Reason, of_all
from ml.judging.kinds import ClassLoss, LeaveOneOut, Loss, Score, Skill
from ml.judging.own_rows import OwnRows, Tried
from ml.judging.policies import admissible
from ml.judging.policy import Policy
from ml.judging.update_tests import is_missed, paired_standard_error

Parameters = NDArray[np.int32]


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
        for test in filter(self._evidence.is_asked, self._policy.updates):
            passed, found, limit = CHECKS[type(test)](test, self._evidence, asked)
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
                passed, found, limit = on_rows(
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
