"""The settings that all runs of a reproduction share, fixed before any seed was run."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ml.tasks.loading import Named
from offchain.reproduction.papers_data import (
    DATA_HELP,
    FEATURES_HELP,
    IMAGES_HELP,
    Features,
    Section,
    papers_metric,
    papers_task,
)
from offchain.settings import SimulationSettings, parse_settings

ETAS = (0.1, 0.2, 0.3, 0.4)
"""η: the shares of malicious clients that the paper tries."""

STAKES = (2, 4, 8, 16, 32)
"""γ: the stakes that the paper tries, tokens."""

PROPOSER_STAKE: Mapping[Section, int] = {"V": 8, "VI": 32}
"""γ_p of Table III and Figs. 5 to 7, and of section VI, tokens."""

VOTER_STAKE = 2
"""γ_v of the runs with honest voters, tokens.

The paper names none. The least of those in its Fig. 4 keeps honest voters' errors, which move tokens from
voter to voter, from hiding what proposers' stakes do.
"""

ROUNDS: Mapping[Section, int] = {"V": 200, "VI": 60}
"""Rounds of a run; the paper names none."""


class Study(BaseModel):
    """What a reproduction is made of; two with the same settings and the same data give the same numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str | None = Field(None, description="What all runs learn; none for the paper's own data.")
    task_options: Mapping[str, Any] = Field(
        default_factory=dict, description="Options of the task, of section V's where none is named."
    )
    data: Path | None = Field(None, description=f"Rows of the task; where none is named, {DATA_HELP}")
    clients_data: Path | None = Field(None, description="Folder of rows for each client of the task.")
    features: Features = Field("all", description=FEATURES_HELP)
    images: Path | None = Field(None, description=IMAGES_HELP)
    seeds: int = Field(5, ge=1, le=1000, description="Runs of each setting, with seeds 0, 1, ...")
    rounds: int | None = Field(None, ge=1, description="Rounds of a run; none for those of the section.")
    settings: Mapping[str, Any] = Field(
        default_factory=dict,
        description="Simulation settings that replace the study's, runs of section V, or of all with a task.",
    )
    image_settings: Mapping[str, Any] = Field(
        default_factory=dict, description="Simulation settings that replace the study's, runs of section VI."
    )

    def metric(self, section: Section) -> str:
        """Return what voters compare and figures show."""
        return self.run(section, 0).metric

    def is_of_papers_data(self, section: Section) -> bool:
        """Return whether the runs of a section learn from what the paper's did."""
        return self._papers_path(section) is not None and not self.is_of_another_task(section)

    def is_of_another_task(self, section: Section) -> bool:
        """Return whether the runs of a section learn a task that was named in place of the paper's."""
        return self.task is not None or "task" in self._own(section)

    def run(self, section: Section, seed: int, **changes: Any) -> SimulationSettings:
        """Return the settings of a run, with `changes` by field name; the study's own settings win.

        Raises:
            SettingsError: When they do not fit each other.
        """
        fixed = {
            "engine": "reference",
            "rounds": self.rounds or ROUNDS[section],
            "proposer_stake": Decimal(PROPOSER_STAKE[section]),
            "voter_stake": Decimal(VOTER_STAKE),
            "baselines": False,
            "seed": seed,
        }
        return parse_settings({**self._learned(section), **fixed, **changes, **self._own(section)})

    @property
    def named_task(self) -> Named | None:
        """The task with its options, of section V where none is named; None where nothing was said of it."""
        if self.task is None and not self.task_options:
            return None
        learned = self._learned("V")
        return Named(learned["task"], learned["task_options"])

    def _learned(self, section: Section) -> dict[str, Any]:
        """What the runs of a section learn, as settings."""
        if self.task is not None:
            own = {"data": self.data, "clients_data": self.clients_data}
            return {"task": self.task, "task_options": self.task_options, **own}
        path = self._papers_path(section)
        papers = papers_task(section, path, self.features)
        if section == "V" and self.task_options:
            papers["task_options"] = {**papers.get("task_options", {}), **self.task_options}
        return {**papers, "metric": papers_metric(section, path, self.features)}

    def _papers_path(self, section: Section) -> Path | None:
        return self.data if section == "V" else self.images

    def _own(self, section: Section) -> Mapping[str, Any]:
        if section == "V":
            return self.settings
        return self.image_settings if self.task is None else {**self.settings, **self.image_settings}
