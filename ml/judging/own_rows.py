"""A voter's own rows, validation and training, on which models are tried: losses by row, and a score."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Targets, batch, head, joined, length
from ml.errors import TaskError
from ml.judging.contrast import deals, deals_of
from ml.judging.forgetting import Said, said
from ml.judging.influence import chance, influences, least_error
from ml.judging.metrics import measure
from ml.judging.update_tests import paired_standard_error
from ml.tasks.targets import Classes, Labels, Target
from ml.training.learner import Learner
from ml.updates.schema import Schema

_RECENT_MODELS = 16
"""Whose outputs are kept: those of a round, so that whoever is asked twice computes once."""


@dataclass(frozen=True, eq=False)
class Tried:
    """One model on the rows of some voters.

    Attributes:
        losses: Of each voter's rows, float64 [rows] each.
        means: Of each voter's losses, float64 [voters]; infinite where one is not finite.
        scores: Of each voter, float64 [voters]; all 1 where the target has no score.
        classes: Of each voter's rows, int64 [rows] each; all 0 where the target has no classes.
        outputs: What the model says of each voter's rows.
    """

    losses: Sequence[NDArray[np.float64]]
    means: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: Sequence[NDArray[np.int64]]
    outputs: Sequence[Any]

    @property
    def class_means(self) -> NDArray[np.float64]:
        """Mean loss by voter and class, float64 [voters, classes]; NaN where a voter has no such row."""
        count = 1 + max((int(own.max(initial=0)) for own in self.classes), default=0)
        return np.array(
            [
                [losses[own == c].mean() if (own == c).any() else np.nan for c in range(count)]
                for losses, own in zip(self.losses, self.classes, strict=True)
            ]
        )


@dataclass(frozen=True, eq=False)
class Alone:
    """One model on the rows of one voter.

    Attributes:
        outputs: What it says of them.
        losses: Of each row, float64 [rows].
    """

    outputs: Any
    losses: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Of the losses; infinite where it is not finite."""
        return _finite_or_infinite(float(self.losses.mean()))


@dataclass(frozen=True, eq=False)
class _Passed:
    """A model on all rows of a client: outputs, losses float64 [rows], mean and score by how many rows."""

    outputs: Any
    losses: NDArray[np.float64]
    found: dict[int, tuple[float, float]]


class OwnRows:
    """Every client's own rows, at most so many, made ready for any number of models.

    Args:
        validation: Inputs and targets that the client never trains on, by client.
        training: Those it trains on: a stranger's update has not seen them either.
        learner: What the models are of.
        score: The target's score that is compared; none for targets without one.
        most: Rows a client, at most; validation rows first.
        enough: Rows up to which training rows are added; none for `most`.
    """

    def __init__(
        self,
        validation: Sequence[tuple[Inputs, Targets]],
        training: Sequence[tuple[Inputs, Targets]],
        learner: Learner,
        score: str | None,
        most: int,
        enough: int | None = None,
    ) -> None:
        added = most if enough is None else min(enough, most)
        sets = [_first(own, other, most, added) for own, other in zip(validation, training, strict=True)]
        self._validation = [min(length(y), most) for _, y in validation]
        self._predictor = learner.predictor([X for X, _ in sets])
        self._targets = [y for _, y in sets]
        self._classes = [_classes(learner.target, y) for y in self._targets]
        self._learner = learner
        self._score = score
        self._recent: OrderedDict[bytes, dict[int, _Passed]] = OrderedDict()
        self._kept_deals: tuple[tuple[Any, ...], Sequence[Targets]] = (), ()

    @property
    def schema(self) -> Schema:
        """The models'."""
        return self._learner.schema

    @property
    def has_labels(self) -> bool:
        """Whether targets are labels or classes."""
        return isinstance(self._learner.target, Classes | Labels)

    def counts(self, params: NDArray[np.float32], clients: Sequence[int], budget: float) -> list[int]:
        """Return how many rows of each client judge a round that starts from `params`, validation rows first.

        All, or the validation rows alone where the model does better on training rows by more than the
        budget and two standard errors: what it has learned by heart makes strangers' updates look bad.
        """
        found = self._passed(params, clients)
        return [self._count(client, found[client].losses, budget) for client in clients]

    def unseen(self, client: int) -> int:
        """Return how many of a client's first rows it never trains on."""
        return self._validation[client]

    def means(self, params: NDArray[np.float32], clients: Sequence[int]) -> list[float]:
        """Return the mean loss of a model [size] on all rows of each of `clients`."""
        found = self._passed(params, clients)
        return [float(found[client].losses.mean()) for client in clients]

    def targets(self, client: int) -> Targets:
        """Return the targets of a client's rows."""
        return self._targets[client]

    def tried(self, params: NDArray[np.float32], clients: Sequence[int], counts: Sequence[int]) -> Tried:
        """Return what a model [size] does on the first `counts` rows of each of `clients`."""
        found = self._passed(params, clients)
        judged = list(zip(clients, counts, strict=True))
        means, scores = np.array([self._found(found[client], client, count) for client, count in judged]).T
        return Tried(
            [found[client].losses[:count] for client, count in judged],
            means,
            scores,
            [self._classes[client][:count] for client, count in judged],
            [batch(found[client].outputs, slice(count)) for client, count in judged],
        )

    def chances(self, clients: Sequence[int], counts: Sequence[int]) -> NDArray[np.float64]:
        """Return the score of who knows nothing, on the first `counts` rows of each client; 0 without one."""
        return np.array([self._chance(client, count) for client, count in zip(clients, counts, strict=True)])

    def alone(self, params: NDArray[np.float32], client: int, count: int) -> Alone:
        """Return what a model does on a client's first `count` rows; of one that nobody else asks of."""
        outputs = batch(self._predictor.outputs(params, [client])[0], slice(count))
        return Alone(outputs, self._learner.losses(outputs, batch(self._targets[client], slice(count))))

    def score_error(self, before: Any, now: Any, client: int) -> float:
        """Return the standard error of the difference of two models' scores; 0 without a score.

        Args:
            before: Outputs of one, for the client's first rows.
            now: Outputs of the other, for as many.
            client: Whose rows.
        """
        if self._score is None:
            return 0.0
        target, targets = self._learner.target, batch(self._targets[client], slice(length(before)))
        moved = [influences(self._score, target, outputs, targets) for outputs in (before, now)]
        least = least_error(self._score, target, targets)
        return max(least, float(paired_standard_error(moved[1] - moved[0])))

    def dealt(self, outputs: Sequence[Any], clients: Sequence[int]) -> list[NDArray[np.float64]]:
        """Return the losses of outputs with targets dealt out anew, float64 [deals, rows] of each client.

        NaN where a task's losses cannot be taken of another row's target.

        Args:
            outputs: Of a model, for the first rows of each client.
            clients: Whose rows.
        """
        if len(clients) > 1 and not _can_be_joined(outputs):
            return [self.dealt([own], [client])[0] for own, client in zip(outputs, clients, strict=True)]
        counts = tuple(length(own) for own in outputs)
        whole = joined(outputs)
        dealt = self._dealt_out(tuple(clients), counts, deals_of(_values(whole)))
        try:
            found = np.array([self._learner.losses(whole, targets) for targets in dealt])
        except TaskError:
            found = np.full((len(dealt), sum(counts)), np.nan)
        return np.split(found, np.cumsum(counts)[:-1], axis=1)

    def _dealt_out(self, clients: tuple[int, ...], counts: tuple[int, ...], many: int) -> Sequence[Targets]:
        """Targets of clients' first rows by deal; of many clients kept, for all updates of a round ask."""
        if self._kept_deals[0] == (clients, counts, many):
            return self._kept_deals[1]
        of_each = zip(clients, counts, strict=True)
        targets = joined([batch(self._targets[client], slice(count)) for client, count in of_each])
        dealt = [batch(targets, deal) for deal in deals(counts, many)]
        if len(clients) > 1:
            self._kept_deals = (clients, counts, many), dealt
        return dealt

    def said(self, outputs: Any) -> Said:
        """Return what a model says of rows, beside what it says of all of them alike."""
        return said(outputs, self._learner.target)

    def _chance(self, client: int, count: int) -> float:
        if self._score is None:
            return 0.0
        return chance(self._score, self._learner.target, batch(self._targets[client], slice(count)))

    def _passed(self, params: NDArray[np.float32], clients: Sequence[int]) -> dict[int, "_Passed"]:
        """What a model does on all rows of clients; kept of recent models: an average is the next parent."""
        key = blake2b(params.tobytes()).digest()
        known = self._recent.setdefault(key, {})
        self._recent.move_to_end(key)
        if len(self._recent) > _RECENT_MODELS:
            self._recent.popitem(last=False)
        missing = [client for client in clients if client not in known]
        outputs = self._predictor.outputs(params, missing)
        for client, own, losses in zip(missing, outputs, self._losses(outputs, missing), strict=True):
            known[client] = _Passed(own, losses, {})
        return known

    def _losses(self, outputs: Sequence[Any], clients: Sequence[int]) -> list[NDArray[np.float64]]:
        """Of each client's rows; of many clients at once, since a row's loss is of the row alone."""
        targets = [self._targets[client] for client in clients]
        if len(clients) < 2 or not _can_be_joined(outputs):
            return [self._learner.losses(own, y) for own, y in zip(outputs, targets, strict=True)]
        whole = self._learner.losses(joined(outputs), joined(targets))
        return np.split(whole, np.cumsum([length(y) for y in targets])[:-1])

    def _found(self, passed: "_Passed", client: int, count: int) -> tuple[float, float]:
        """The mean loss and the score of the first `count` rows."""
        if count not in passed.found:
            outputs, targets = batch(passed.outputs, slice(count)), batch(self._targets[client], slice(count))
            losses = passed.losses[:count]
            mean = _finite_or_infinite(float(losses.mean()))
            passed.found[count] = mean, self._measured(outputs, targets, losses)
        return passed.found[count]

    def _measured(self, outputs: Any, targets: Targets, losses: NDArray[np.float64]) -> float:
        if self._score is None:
            return 1.0
        return measure(self._score, self._learner.target, outputs, targets, lambda: losses)

    def _count(self, client: int, losses: NDArray[np.float64], budget: float) -> int:
        own, other = np.split(losses, [self._validation[client]])
        if not len(other):
            return len(losses)
        chance = 2 * float(np.hypot(paired_standard_error(own), paired_standard_error(other)))
        return len(losses) if own.mean() - other.mean() <= budget + chance else len(own)


def _values(outputs: Any) -> int:
    """How many values a model says of a row."""
    parts = outputs.values() if isinstance(outputs, Mapping) else [outputs]
    return sum(part[0].size for part in parts)


def _can_be_joined(outputs: Sequence[Any]) -> bool:
    """Whether outputs of many clients are small enough to be copied side by side."""
    return all(isinstance(own, np.ndarray) and own.ndim < 3 for own in outputs)


def _finite_or_infinite(mean: float) -> float:
    return mean if np.isfinite(mean) else np.inf


def _classes(target: Target, targets: Targets) -> NDArray[np.int64]:
    """The class of each row, where a row has one; −1 where it is not known."""
    if isinstance(targets, np.ndarray) and targets.size == len(targets):
        if isinstance(target, Classes):
            return targets.reshape(-1).astype(np.int64).clip(-1)
        if isinstance(target, Labels):
            return np.nan_to_num(targets.reshape(-1), nan=-1).astype(np.int64)
    return np.zeros(length(targets), dtype=np.int64)


def _first(
    own: tuple[Inputs, Targets], other: tuple[Inputs, Targets], most: int, enough: int
) -> tuple[Inputs, Targets]:
    """A client's own rows, and others up to `enough`."""
    count = max(enough, min(length(own[1]), most))
    return head(joined([own[0], other[0]]), count), head(joined([own[1], other[1]]), count)
