"""From a round's updates to every voter's ballot.

A ballot is an integer whose bit j accepts the update at seat position j. All honest voters of a round are
computed together, since those that average the same updates share the average and its scores.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.errors import UpdateError
from ml.judging.findings import Finding, Reason, of_all
from ml.judging.scoring import ValidationSets
from ml.settings import ScorePolicy
from ml.updates.canonical import from_bytes
from ml.updates.fixed_point import aggregate, decode
from ml.updates.schema import Schema

Parameters = NDArray[np.int32]
Scores = NDArray[np.float64]


def passes(candidate: Scores, current: Scores, tolerance: float) -> NDArray[np.bool_]:
    """Return per voter whether s_candidate ≥ (1 − ε)·s_current (paper, Eq. 2).

    >>> passes(np.array([0.95, 0.94]), np.array([1.0, 1.0]), 0.05)
    array([ True, False])
    """
    return candidate >= (1 - tolerance) * current


def parse_updates(blobs: Mapping[int, bytes | None], schema: Schema) -> dict[int, Parameters]:
    """Return the well-formed updates by ascending seat position; None in `blobs` is an unavailable one."""
    parsed = {}
    for position in sorted(blobs):
        blob = blobs[position]
        try:
            if blob is not None:
                parsed[position] = from_bytes(blob, schema)
        except UpdateError:
            continue  # A malformed update is an ordinary event of a round: its bit stays 0.
    return parsed


def admissible(
    updates: Mapping[int, Parameters], parent: Parameters, others: Sequence[Parameters] = ()
) -> dict[int, Parameters]:
    """Return the updates that may be accepted at all, by seat position in ascending order.

    Left out are those of the wrong type or length, and byte-equal to the parent, to one of `others`, which
    are models that somebody may build on, or to the update of a lower position.
    """
    seen = {model.tobytes() for model in (parent, *others)}
    kept = {}
    for position in sorted(updates):
        update = updates[position]
        content = update.tobytes()
        if update.dtype == np.int32 and update.shape == parent.shape and content not in seen:
            seen.add(content)
            kept[position] = update
    return kept


def score_findings(
    policy: ScorePolicy,
    updates: Mapping[int, Parameters],
    samples: Mapping[int, int],
    parent: Parameters,
    validation: ValidationSets,
    voters: Sequence[int],
    tolerance: float,
    others: Sequence[Parameters] = (),
) -> list[Finding]:
    """Return what honest `voters` find by one score, in their order.

    Args:
        policy: "aggregate": the average of all admissible updates decides on all bits (the paper).
            "verdict": each update is judged by itself; then the average of those that passed, worst cleared
            until it passes.
        updates: Parsed updates by seat position; inadmissible ones get bit 0 from everyone.
        samples: Weight of each update in an average, by seat position.
        parent: The current global model.
        validation: All clients' validation rows.
        voters: Clients, as indices into `validation`.
        tolerance: ε of Eq. 2.
        others: Models that somebody may build on, whose copies are inadmissible too.
    """
    judge = _Judge(admissible(updates, parent, others), samples, parent, validation, voters, tolerance)
    decided = judge.aggregate() if policy == "aggregate" else judge.verdict()
    return [of_all(found, updates) for found in decided]


class _Judge:
    """One round's models, with every average computed and scored once."""

    def __init__(
        self,
        updates: Mapping[int, Parameters],
        samples: Mapping[int, int],
        parent: Parameters,
        validation: ValidationSets,
        voters: Sequence[int],
        tolerance: float,
    ) -> None:
        self._updates = updates
        self._samples = samples
        self._validation = validation
        self._voters = voters
        self._tolerance = tolerance
        self._everyone = range(len(voters))
        self._scorings = [0] * len(voters)
        self._current = self._score(parent, self._everyone) if updates else np.zeros(len(voters))

    def _score(self, model: Parameters, voters: Sequence[int]) -> Scores:
        for v in voters:
            self._scorings[v] += 1
        return self._validation.scores(decode(model), [self._voters[v] for v in voters])

    def aggregate(self) -> list[Finding]:
        mask = tuple(self._updates)
        if not mask:
            return [Finding((), {}) for _ in self._voters]
        failed = self._failing_average(mask, self._everyone)
        return [
            self._finding(v, (), dict.fromkeys(mask, failed[v]))
            if v in failed
            else self._finding(v, mask, {})
            for v in self._everyone
        ]

    def verdict(self) -> list[Finding]:
        own = {j: self._score(update, self._everyone) for j, update in self._updates.items()}
        reasons = self._failing_alone(own)
        masks = [tuple(j for j in own if j not in reasons[v]) for v in self._everyone]
        # An average of one is that update, which has passed.
        undecided = [v for v, mask in enumerate(masks) if len(mask) > 1]
        while undecided:
            failed = self._failing(masks, undecided)
            for v, reason in failed.items():
                # Of equally bad ones the highest position goes, so that the choice is everyone's.
                worst = min(masks[v], key=lambda j: (own[j][v], -j))
                masks[v] = tuple(j for j in masks[v] if j != worst)
                reasons[v][worst] = reason
            undecided = [v for v in failed if len(masks[v]) > 1]
        return [self._finding(v, masks[v], reasons[v]) for v in self._everyone]

    def _finding(self, voter: int, accepted: tuple[int, ...], reasons: Mapping[int, Reason]) -> Finding:
        return Finding(accepted, reasons, self._scorings[voter])

    def _failing_alone(self, own: Mapping[int, Scores]) -> list[dict[int, Reason]]:
        """Of each voter, why updates by themselves do not pass."""
        reasons: list[dict[int, Reason]] = [{} for _ in self._voters]
        for position, scores in own.items():
            for v in np.flatnonzero(~passes(scores, self._current, self._tolerance)):
                reasons[v][position] = self._reason("score", scores[v], self._current[v])
        return reasons

    def _failing(self, masks: Sequence[tuple[int, ...]], voters: Sequence[int]) -> dict[int, Reason]:
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for v in voters:
            groups[masks[v]].append(v)
        failed: dict[int, Reason] = {}
        for mask, members in groups.items():
            failed |= self._failing_average(mask, members)
        return failed

    def _failing_average(self, mask: tuple[int, ...], voters: Sequence[int]) -> dict[int, Reason]:
        average = aggregate([self._updates[j] for j in mask], [self._samples[j] for j in mask])
        scores, current = self._score(average, voters), self._current[np.asarray(voters)]
        refused = np.flatnonzero(~passes(scores, current, self._tolerance))
        return {voters[v]: self._reason("average score", scores[v], current[v]) for v in refused}

    def _reason(self, test: str, found: float, current: float) -> Reason:
        return Reason(test, float(found), float((1 - self._tolerance) * current))
