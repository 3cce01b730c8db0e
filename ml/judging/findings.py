"""What a voter found of a round's updates: which it accepts, and why not the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ml.judging.ballots import bitmap

INADMISSIBLE = "admissible"
"""The first test of every policy: an update's type, length, and that it is nobody's copy."""


@dataclass(frozen=True)
class Reason:
    """Why a voter said no to an update.

    Attributes:
        test: The first that failed; `average …` where it was the average that the update was cleared from.
        found: What was found, in the test's unit; infinite where a model's outputs are not finite, and None
            where nothing is measured.
        limit: What would have passed.
    """

    test: str
    found: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Finding:
    """What a voter found of a round's updates.

    Attributes:
        accepted: The seat positions that it accepts.
        reasons: The first failed test of each other one.
        scorings: How many models it tried on its rows: the parent, updates at every step, averages.
    """

    accepted: tuple[int, ...]
    reasons: Mapping[int, Reason]
    scorings: int = 0

    @property
    def ballot(self) -> int:
        """The ballot: bit j accepts the update at seat position j.

        >>> Finding((0, 3), {}).ballot
        9
        """
        return bitmap(self.accepted)


def of_all(finding: Finding, positions: Iterable[int]) -> Finding:
    """Return a finding about admissible updates as one about all `positions`, the others refused as such."""
    decided = {*finding.accepted, *finding.reasons}
    others = {position: Reason(INADMISSIBLE) for position in positions if position not in decided}
    return replace(finding, reasons={**others, **finding.reasons})


def told(reason: Reason) -> str:
    """Return a reason in words, for a log's line.

    >>> told(Reason("evidence", 0.034567, 0.02))
    'evidence 0.0346, limit 0.02'
    """
    if reason.found is None or reason.limit is None:
        return f"not {reason.test}"
    return f"{reason.test} {reason.found:.3g}, limit {reason.limit:.3g}"
