"""How well votes tell poisoned updates from honest ones: rates by threshold, by vote and by majority."""

import numpy as np
from numpy.typing import NDArray

Measured = NDArray[np.float64]
Refused = NDArray[np.bool_]

HONEST_REJECTED = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
"""Shares of honest pairs of update and voter at which detection is told."""


def detected(honest: Measured, poisoned: Measured, is_upper: bool, rejected: float) -> float:
    """Return the share of poisoned pairs that a threshold refuses which refuses so many honest ones at most.

    Args:
        honest: What a test's setting would have to be for each honest pair to pass, [pairs].
        poisoned: The same of poisoned ones, [pairs].
        is_upper: Whether more of the setting lets more pass.
        rejected: Share of the honest pairs.

    >>> honest, poisoned = np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.5, 3.0, 3.5, 9.0])
    >>> detected(honest, poisoned, True, 0.0)  # Above 3.
    0.5
    >>> detected(honest, poisoned, True, 0.25)  # Above 2.
    1.0
    >>> detected(-honest, -poisoned, False, 0.0)
    0.5
    """
    sign = 1 if is_upper else -1
    ordered = np.sort(sign * honest)
    kept = len(ordered) - int(rejected * len(ordered) + 1e-9)
    return 1.0 if kept == 0 else float((sign * poisoned > ordered[kept - 1]).mean())


def excluded(refused: Refused, lying: float = 0.0, lies: bool = True) -> float:
    """Return the share of updates that get no majority of ballots.

    Args:
        refused: What honest voters refuse, [updates, voters].
        lying: Share of all ballots that others cast, whatever they find.
        lies: What those say.

    >>> refused = np.array([[True, True, False], [True, False, False]])
    >>> excluded(refused)
    0.5
    >>> excluded(refused, lying=0.4), excluded(refused, lying=0.4, lies=False)
    (0.0, 1.0)
    """
    accepted = (1 - lying) * (1 - refused.mean(axis=1)) + (lying if lies else 0.0)
    return float((accepted <= 0.5).mean())
