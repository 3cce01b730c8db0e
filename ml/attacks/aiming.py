"""Attackers who know the rule: as strong as their own voters let pass, in the worst direction that does."""

from collections.abc import Callable, Sequence

import numpy as np

from ml.attacks.coalition import Coalition, Vector, Vectors
from ml.attacks.functional import reversed_model
from ml.attacks.labels import static_flip
from ml.attacks.options import Count
from ml.errors import AttackError

_HALVINGS = 20
_STRENGTHS = tuple(8.0 / 2**step for step in range(9))
_REFINEMENTS = 3  # Each trial of a strength costs a vote.
_SLACK = 1e-3  # Of a cosine: at 0 exactly, rounding to fixed point would decide.


def largest(holds: Callable[[float], bool], upper: float, halvings: int = _HALVINGS) -> float:
    """Return the largest number found in [0, upper] for which `holds`, by halving; 0 where none does.

    `holds` is taken to be true below some bound and false above it.

    >>> round(largest(lambda x: x <= 0.3, 1.0, halvings=20), 3)
    0.3
    """
    if holds(upper):
        return upper
    low, high = 0.0, upper
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def aimed(models: Vectors, coalition: Coalition) -> Vectors:
    """Return models [k, size] moved along their lines from the parent, together as far as all would pass.

    Up to eight times their own change, and nearer to the parent where they would be refused; where all is
    refused, members send their honest updates, which lose no stake.
    """
    changes = models - coalition.parent
    strength = _reach(coalition, changes)
    if not strength:
        return coalition.trained[: coalition.seats]
    moved: Vectors = coalition.parent + strength * changes
    return moved


def searched(coalition: Coalition, tries: Count = 4) -> Vectors:
    """All send the most harmful model that passes: what `worst` finds from three directions.

    Against the members' mean change, towards flipped labels, and towards the parent turned about the base.
    """
    directions = [-coalition.changes.mean(axis=0), static_flip(coalition).mean(axis=0) - coalition.parent]
    if coalition.base is not None:
        try:
            turned_ = reversed_model(coalition.parent, coalition.schema, coalition.base)
            directions.append(turned_ - coalition.parent)
        except AttackError:
            pass  # A model that does not end in a layer with a bias.
    found = worst(directions, coalition, tries)
    if np.array_equal(found, coalition.parent):
        return coalition.trained[: coalition.seats]
    return coalition.all_send(found)


def worst(directions: Sequence[Vector], coalition: Coalition, tries: int) -> Vector:
    """Return the most harmful model [size] that passes, found by search.

    Every direction is tried as it is and turned to within a right angle of the members' own mean change,
    each as far as it passes; then random mixtures around the best one so far (an evolution strategy with one
    parent).

    Args:
        directions: Changes of the parent to begin with, [size] each.
        coalition: Who searches, what passes and what harms.
        tries: Mixtures to try.
    """
    average = coalition.changes.mean(axis=0)
    found = [*directions, *(turned(direction, average) for direction in directions)]
    generator, parent = coalition.generator(), coalition.parent

    def passing(direction: Vector) -> Vector:
        sent = coalition.all_send(parent + direction) - parent
        return parent + _reach(coalition, sent) * direction

    best = max((passing(direction) for direction in found), key=coalition.harm)
    for _ in range(tries):
        weights = generator.normal(0, 0.5, len(found))
        mixed: Vector = best - parent + weights @ np.array(found)
        best = max((best, passing(turned(mixed, average))), key=coalition.harm)
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


def _reach(coalition: Coalition, changes: Vectors) -> float:
    """The greatest strength found that passes, to an eighth of it; 0 where a thirty-second does not."""

    def passes(strength: float) -> bool:
        return coalition.accepts(coalition.parent + strength * changes)

    strongest = next((strength for strength in _STRENGTHS if passes(strength)), 0.0)
    if strongest in (0.0, _STRENGTHS[0]):
        return strongest
    return strongest + largest(lambda more: passes(strongest + more), strongest, _REFINEMENTS)
