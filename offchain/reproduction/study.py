"""The settings that all runs of a reproduction share, fixed before any seed was run."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ml.tasks.built_in.lending_club.columns import Features
from offchain.settings import SimulationSettings, parse_settings

Subject = Literal["loans", "images"]
"""What the clients learn from: loans in section V of the paper, images in section VI."""

ETAS = (0.1, 0.2, 0.3, 0.4)
"""η: the shares of malicious clients that the paper tries."""

STAKES = (2, 4, 8, 16, 32)
"""γ: the stakes that the paper tries, tokens."""

PROPOSER_STAKE: Mapping[Subject, int] = {"loans": 8, "images": 32}
"""γ_p of Table III and Figs. 5 to 7, and of section VI, tokens."""

VOTER_STAKE = 2
"""γ_v of the runs with honest voters, tokens.

The paper names none. The least of those in its Fig. 4 keeps honest voters' errors, which move tokens from
voter to voter, from hiding what proposers' stakes do.
"""

ROUNDS: Mapping[Subject, int] = {"loans": 200, "images": 60}
"""Rounds of a run; the paper names none."""

DIGITS = {"clients": 20}
"""Built-in digits are too few for fifty clients."""


class Study(BaseModel):
    """What a reproduction is made of; two with the same settings and the same data give the same numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path | None = Field(None, description="Lending Club's CSV or CSV.GZ; none for built-in loans.")
    features: Features = Field(
        "all", description="Columns of Lending Club's file; all of them, as the paper."
    )
    images: Path | None = Field(None, description="Chest X-rays, NIH's or MedMNIST's; none for digits.")
    seeds: int = Field(5, ge=1, le=1000, description="Runs of each setting, with seeds 0, 1, ...")
    rounds: int | None = Field(None, ge=1, description="Rounds of a run; none for those of the subject.")
    settings: Mapping[str, Any] = Field(
        default_factory=dict, description="Simulation settings that replace the study's, runs on loans."
    )
    image_settings: Mapping[str, Any] = Field(
        default_factory=dict, description="Simulation settings that replace the study's, runs on images."
    )

    def metric(self, subject: Subject) -> str:
        """Return what voters compare and figures show: AUROC where accuracy stays at the base rate."""
        leaks = self.data is None or self.features == "all"
        return "accuracy" if subject == "loans" and leaks else "auroc"

    def run(self, subject: Subject, seed: int, **changes: Any) -> SimulationSettings:
        """Return the settings of a run, with `changes` by field name; the study's own settings win.

        Raises:
            SettingsError: When they do not fit each other.
        """
        fixed = {
            "engine": "reference",
            "metric": self.metric(subject),
            "rounds": self.rounds or ROUNDS[subject],
            "proposer_stake": Decimal(PROPOSER_STAKE[subject]),
            "voter_stake": Decimal(VOTER_STAKE),
            "baselines": False,
            "seed": seed,
        }
        own = self.settings if subject == "loans" else self.image_settings
        return parse_settings({**self._data(subject), **fixed, **changes, **own})

    def _data(self, subject: Subject) -> dict[str, Any]:
        if subject == "images":
            return dict(task="chest-xray", data=self.images) if self.images else dict(task="digits", **DIGITS)
        if self.data is None:
            return dict(task="loans")
        return dict(task="lending-club", data=self.data, task_options={"features": self.features})
