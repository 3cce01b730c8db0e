"""Attackers who know the rule: as strong as their own voters let pass, in the worst direction that does."""

from collections.abc import Callable, Sequence

import numpy as np

from ml.attacks.coalition import Coalition, Vector, Vectors

Accepts = Callable[[Vector], bool]
"""Whether a model [size] would pass: the very policy in force, tried by the coalition on its own rows."""
Harm = Callable[[Vector], float]
"""What a model [size] is worth to the attacker: the mean loss of members' rows under it; more is worse."""

_HALVINGS = 20
_STRONGEST = 8.0
_SLACK = 1e-3  # Of a cosine: at 0 exactly, rounding to fixed point would decide.


def largest(holds: Callable[[float], bool], upper: float) -> float:
    """Return the largest number found in [0, upper] for which `holds`, by halving; 0 where none does.

    `holds` is taken to be true below some bound and false above it.

    >>> round(largest(lambda x: x <= 0.3, 1.0), 3)
    0.3
    """
    if holds(upper):
        return upper
    low, high = 0.0, upper
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def aimed(models: Vectors, parent: Vector, accepts: Accepts) -> Vectors:
    """Return each model [k, size] moved along its line from the parent, as far as `accepts` lets pass.

    Up to eight times its own change, and nearer to the parent where it would be refused.
    """
    return np.array([parent + _reach(parent, model - parent, accepts) * (model - parent) for model in models])


def worst(
    directions: Sequence[Vector], coalition: Coalition, accepts: Accepts, harm: Harm, tries: int
) -> Vector:
    """Return the most harmful model [size] that passes, found by search.

    Every direction is tried as it is and turned to within a right angle of the members' own mean change,
    each as far as it passes; then random mixtures around the best one so far (an evolution strategy with one
    parent).

    Args:
        directions: Changes of the parent to begin with, [size] each.
        coalition: Who searches.
        accepts: The policy in force.
        harm: What to make large.
        tries: Mixtures to try.
    """
    average = coalition.changes.mean(axis=0)
    found = [*directions, *(turned(direction, average) for direction in directions)]
    generator, parent = coalition.generator(), coalition.parent

    def passing(direction: Vector) -> Vector:
        return parent + _reach(parent, direction, accepts) * direction

    best = max((passing(direction) for direction in found), key=harm)
    for _ in range(tries):
        weights = generator.normal(0, 0.5, len(found))
        mixed: Vector = best - parent + weights @ np.array(found)
        best = max((best, passing(turned(mixed, average))), key=harm)
    return best


def turned(direction: Vector, towards: Vector) -> Vector:
    """Return a direction [size] without what opposes `towards`: the nearest whose cosine with it is above 0.

    >>> turned(np.array([-1.0, 1.0]), np.array([1.0, 0.0])).round(2) + 0.0
    array([0., 1.])
    """
    length = float(towards @ towards)
    opposed = float(direction @ towards)
    if length == 0 or opposed > 0:
        return direction
    beside = direction - opposed / length * towards
    nudge = _SLACK * float(np.linalg.norm(beside)) / length**0.5
    turned_: Vector = beside + nudge * towards
    return turned_


def _reach(parent: Vector, direction: Vector, accepts: Accepts) -> float:
    return largest(lambda strength: accepts(parent + strength * direction), _STRONGEST)
