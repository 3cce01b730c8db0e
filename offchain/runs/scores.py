"""Scores by name, for people."""

from collections.abc import Iterable, Mapping

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


def in_order(names: Iterable[str]) -> list[str]:
    """Return names of scores in the order of tables."""
    return sorted(names)
