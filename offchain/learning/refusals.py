"""Why voters said no, as files have it."""

from math import isfinite

from pydantic import BaseModel, ConfigDict

from ml.judging.findings import Finding, Reason


class Refusal(BaseModel):
    """Why a voter said no: the first test that failed, what was found, what would have passed.

    Numbers are null where nothing is measured, or what was found is not finite.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: str
    found: float | None
    limit: float | None

    @property
    def reason(self) -> Reason:
        """What it was made from, as far as it is kept."""
        return Reason(self.test, self.found, self.limit)


def refusals(finding: Finding) -> dict[int, Refusal]:
    """Return why a voter said no, by seat position."""
    return {position: _refusal(reason) for position, reason in sorted(finding.reasons.items())}


def _refusal(reason: Reason) -> Refusal:
    return Refusal(test=reason.test, found=_finite(reason.found), limit=_finite(reason.limit))


def _finite(number: float | None) -> float | None:
    return None if number is None or not isfinite(number) else number
