"""A voter's own rows, validation and training, on which models are tried: losses by row, and a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Targets, batch, head, joined, length
from ml.judging.metrics import measure
from ml.judging.update_tests import paired_standard_error
from ml.tasks.targets import Classes, Labels, Target
from ml.training.learner import Learner


@dataclass(frozen=True, eq=False)
class Tried:
    """One model on the rows of some voters.

    Attributes:
        losses: Of each voter's rows, float64 [rows] each.
        scores: Of each voter, float64 [voters]; all 1 where the target has no score.
        classes: Of each voter's rows, int64 [rows] each; all 0 where the target has no classes.
    """

    losses: Sequence[NDArray[np.float64]]
    scores: NDArray[np.float64]
    classes: Sequence[NDArray[np.int64]]

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

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean loss by voter, float64 [voters]; infinite where a loss is not finite."""
        means = np.array([losses.mean() for losses in self.losses])
        return np.where(np.isfinite(means), means, np.inf)


class OwnRows:
    """Every client's own rows, at most so many, made ready for any number of models.

    Args:
        validation: Inputs and targets that the client never trains on, by client.
        training: Those it trains on: a stranger's update has not seen them either.
        learner: What the models are of.
        score: The target's score that is compared; none for targets without one.
        most: Rows a client, at most; validation rows first.
    """

    def __init__(
        self,
        validation: Sequence[tuple[Inputs, Targets]],
        training: Sequence[tuple[Inputs, Targets]],
        learner: Learner,
        score: str | None,
        most: int,
    ) -> None:
        sets = [_first(own, other, most) for own, other in zip(validation, training, strict=True)]
        self._validation = [min(length(y), most) for _, y in validation]
        self._predictor = learner.predictor([X for X, _ in sets])
        self._targets = [y for _, y in sets]
        self._classes = [_classes(learner.target, y) for y in self._targets]
        self._learner = learner
        self._score = score

    def counts(self, params: NDArray[np.float32], clients: Sequence[int], budget: float) -> list[int]:
        """Return how many rows of each client judge a round that starts from `params`, validation rows first.

        All, or the validation rows alone where the model does better on training rows by more than the
        budget and two standard errors: what it has learned by heart makes strangers' updates look bad.
        """
        outputs = self._predictor.outputs(params, list(clients))
        return [self._count(client, found, budget) for client, found in zip(clients, outputs, strict=True)]

    def means(self, params: NDArray[np.float32], clients: Sequence[int]) -> list[float]:
        """Return the mean loss of a model [size] on all rows of each of `clients`."""
        outputs = self._predictor.outputs(params, list(clients))
        return [
            float(self._learner.losses(found, self._targets[client]).mean())
            for client, found in zip(clients, outputs, strict=True)
        ]

    def targets(self, client: int) -> Targets:
        """Return the targets of a client's rows."""
        return self._targets[client]

    def tried(self, params: NDArray[np.float32], clients: Sequence[int], counts: Sequence[int]) -> Tried:
        """Return what a model [size] does on the first `counts` rows of each of `clients`."""
        outputs = self._predictor.outputs(params, list(clients))
        losses, scores = [], []
        for client, count, found in zip(clients, counts, outputs, strict=True):
            kept, targets = batch(found, slice(count)), batch(self._targets[client], slice(count))
            losses.append(self._learner.losses(kept, targets))
            scores.append(self._measured(kept, targets, losses[-1]))
        classes = [self._classes[client][:count] for client, count in zip(clients, counts, strict=True)]
        return Tried(losses, np.array(scores), classes)

    def _measured(self, outputs: Any, targets: Targets, losses: NDArray[np.float64]) -> float:
        if self._score is None:
            return 1.0
        return measure(self._score, self._learner.target, outputs, targets, lambda: losses)

    def _count(self, client: int, outputs: Any, budget: float) -> int:
        losses = self._learner.losses(outputs, self._targets[client])
        own, other = np.split(losses, [self._validation[client]])
        if not len(other):
            return len(losses)
        chance = 2 * float(np.hypot(paired_standard_error(own), paired_standard_error(other)))
        return len(losses) if own.mean() - other.mean() <= budget + chance else len(own)


def _classes(target: Target, targets: Targets) -> NDArray[np.int64]:
    """The class of each row, where a row has one; −1 where it is not known."""
    if isinstance(targets, np.ndarray) and targets.size == len(targets):
        if isinstance(target, Classes):
            return targets.reshape(-1).astype(np.int64).clip(-1)
        if isinstance(target, Labels):
            return np.nan_to_num(targets.reshape(-1), nan=-1).astype(np.int64)
    return np.zeros(length(targets), dtype=np.int64)


def _first(own: tuple[Inputs, Targets], other: tuple[Inputs, Targets], most: int) -> tuple[Inputs, Targets]:
    return head(joined([own[0], other[0]]), most), head(joined([own[1], other[1]]), most)
