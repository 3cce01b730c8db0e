"""The settings that all runs of a reproduction share, fixed before any seed was run."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ml.settings import Features, Metric
from offchain.settings import SimulationSettings, parse_settings

ETAS = (0.1, 0.2, 0.3, 0.4)
"""η: the shares of malicious clients that the paper tries."""

STAKES = (2, 4, 8, 16, 32)
"""γ: the stakes that the paper tries, tokens."""

PROPOSER_STAKE = 8
"""γ_p of Table III and Figs. 5 to 7, tokens."""

VOTER_STAKE = 2
"""γ_v of the runs with honest voters, tokens.

The paper names none. The least of those in its Fig. 4 keeps honest voters' errors, which move tokens from
voter to voter, from hiding what proposers' stakes do.
"""

ROUNDS = 200
"""Rounds of a run; the paper names none."""


class Study(BaseModel):
    """What a reproduction is made of; two with the same settings and the same data give the same numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path | None = Field(None, description="Lending Club's CSV or CSV.GZ; none for built-in loans.")
    features: Features = Field(
        "all", description="Columns of Lending Club's file; all of them, as the paper."
    )
    images: Path | None = Field(None, description="Chest X-rays, NIH's or MedMNIST's; none for digits.")
    seeds: int = Field(5, ge=1, le=1000, description="Runs of each setting, with seeds 0, 1, ...")
    rounds: int = Field(ROUNDS, ge=1, description="Rounds of a run.")
    settings: Mapping[str, Any] = Field(
        default_factory=dict, description="Simulation settings that replace those of the study, by name."
    )

    @property
    def metric(self) -> Metric:
        """What voters compare and figures show: accuracy, or AUROC where accuracy stays at the base rate."""
        return "auroc" if self.data and self.features == "application" else "accuracy"

    def loans(self, seed: int, **changes: Any) -> SimulationSettings:
        """Return the settings of a run on loans, with `changes` by field name.

        Raises:
            SettingsError: When they do not fit each other.
        """
        where = dict(dataset="lending-club", data=self.data, features=self.features) if self.data else {}
        return parse_settings(
            {
                **where,
                "metric": self.metric,
                "rounds": self.rounds,
                "proposer_stake": Decimal(PROPOSER_STAKE),
                "voter_stake": Decimal(VOTER_STAKE),
                "engine": "reference",
                "baselines": False,
                "seed": seed,
                **changes,
                **self.settings,
            }
        )
