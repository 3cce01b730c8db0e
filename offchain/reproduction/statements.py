"""The paper's words about its figures, as sentences that numbers decide."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from offchain.reproduction.result import Statement

Sample = NDArray[np.float64]
"""One number per seed."""


def monotone(text: str, values: Mapping[Any, float], falling: bool = False) -> Statement:
    """Decide whether values, in their order, never fall, or with `falling` never rise."""
    steps = np.diff(list(values.values()))
    holds = bool(np.all(steps <= 0 if falling else steps >= 0))
    return Statement(text, holds, ", ".join(f"{name}: {value:.4g}" for name, value in values.items()))


def below(text: str, values: Mapping[str, float]) -> Statement:
    """Decide whether each value is strictly below the next."""
    holds = bool(np.all(np.diff(list(values.values())) > 0))
    return Statement(text, holds, " < ".join(f"{name} {value:.4f}" for name, value in values.items()))


def at_most(text: str, value: float, bound: float) -> Statement:
    """Decide whether a value is at most a bound."""
    return Statement(text, value <= bound, f"{value:.4g} against {bound:.4g}")


def at_least(text: str, value: float, bound: float) -> Statement:
    """Decide whether a value is at least a bound."""
    return Statement(text, value >= bound, f"{value:.4g} against {bound:.4g}")


def less(text: str, value: float, bound: float) -> Statement:
    """Decide whether a value is below a bound."""
    return Statement(text, value < bound, f"{value:.4g} against {bound:.4g}")


def more(text: str, value: float, bound: float) -> Statement:
    """Decide whether a value is above a bound."""
    return Statement(text, value > bound, f"{value:.4g} against {bound:.4g}")


def apart(text: str, lower: Sample, upper: Sample) -> Statement:
    """Decide whether the 95 % intervals of two means do not overlap, the first one below."""
    (a, b), (c, d) = interval(lower), interval(upper)
    return Statement(text, b < c, f"[{a:.4f}, {b:.4f}] and [{c:.4f}, {d:.4f}]")


def every(text: str, parts: Sequence[Statement]) -> Statement:
    """Join statements: it holds when each does; the evidence names those that fail, or how many hold."""
    failing = [part for part in parts if not part.holds]
    evidence = "; ".join(f"not for {part.text}: {part.evidence}" for part in failing)
    return Statement(text, not failing, evidence or f"holds for all {len(parts)}")


def interval(sample: Sample, level: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of a mean; the whole line for a sample of one."""
    if len(sample) < 2:
        return -np.inf, np.inf
    half = stats.t.ppf((1 + level) / 2, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample))
    return float(sample.mean() - half), float(sample.mean() + half)
