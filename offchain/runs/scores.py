"""Scores by name, for people."""

import math
from collections.abc import Iterable, Mapping

from ml.judging.metrics import LIKELIHOOD

_TITLES = {"auroc": "AUROC"}


def title(name: str) -> str:
    """Return how a score is called in tables and pictures.

    >>> title("auroc")
    'AUROC'
    """
    return _TITLES.get(name, name)


def shown_score(metric: str, scores: Mapping[str, float]) -> str:
    """Return the score that stands for a run where one is shown: what voters compare, where it is recorded.

    >>> shown_score("auroc", {"accuracy": 0.9, "auroc": 0.8})
    'auroc'
    """
    return metric if metric in scores else next(iter(scores))


def score_of(scores: Mapping[str, float], metric: str) -> float:
    """Return what voters compared of a model's recorded scores: of the likelihood, the loss is recorded.

    >>> score_of({"loss": 0.0}, "likelihood"), score_of({"auroc": 0.8, "loss": 0.5}, "auroc")
    (1.0, 0.8)
    """
    return math.exp(-scores["loss"]) if metric == LIKELIHOOD else scores[metric]


def in_order(names: Iterable[str]) -> list[str]:
    """Return names of scores in the order of tables."""
    return sorted(names)
