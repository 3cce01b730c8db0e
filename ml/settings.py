"""Frozen, validated settings; everything a run of this package depends on."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Dataset = Literal["loans", "lending-club"]
Features = Literal["application", "all"]
Metric = Literal["accuracy", "auroc"]
Policy = Literal["aggregate", "verdict"]
AttackName = Literal["none", "label-flip"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(_Settings):
    """Which loans, which of their columns, and how they are split among the clients."""

    dataset: Dataset = Field("loans", description="Built-in synthetic loans, or Lending Club's file.")
    path: Path | None = Field(None, description="The Lending Club CSV or CSV.GZ; none for built-in loans.")
    features: Features = Field(
        "application", description="Columns known at application time, or all, which leak the outcome."
    )
    clients: int = Field(50, ge=1, description="Number of equal shares.")
    rows: int | None = Field(
        None, ge=1, description="Loans to use; default 40,000 built-in, or all of the file."
    )
    seed: int = Field(0, ge=0, description="Seed of the splits; the built-in loans themselves never change.")

    @model_validator(mode="after")
    def _fits(self) -> "DataSettings":
        if self.dataset == "lending-club" and self.path is None:
            raise ValueError("dataset 'lending-club' needs the path of its CSV or CSV.GZ file")
        if self.dataset == "loans" and self.path is not None:
            raise ValueError(f"dataset 'loans' is built in and takes no path, got {str(self.path)!r}")
        if self.dataset == "loans" and self.features == "all":
            raise ValueError(
                "dataset 'loans' has no columns known only afterwards; use features 'application'"
            )
        return self


class AttackSettings(_Settings):
    """What a malicious client does to its own training."""

    name: AttackName = Field("none", description="The attack.")
    divergence_weight: float = Field(
        1e-3,
        ge=0,
        allow_inf_nan=False,
        description="λ of the term λ·‖w − w_global‖² that keeps an attack close.",
    )


class TrainingSettings(_Settings):
    """Local training (paper, section V-A: Adam, 1e-3, batches of 128)."""

    local_epochs: int = Field(1, ge=1, description="Passes over a client's own rows in a round.")
    batch: int = Field(128, ge=1, description="Rows per step.")
    learning_rate: float = Field(1e-3, gt=0, allow_inf_nan=False, description="Adam's step size.")


class ScoringSettings(_Settings):
    """How voters judge (paper, Eq. 2)."""

    metric: Metric = Field("accuracy", description="The score on a voter's validation rows.")
    tolerance: float = Field(0.05, ge=0, lt=1, description="ε: the relative loss of score that still passes.")
    policy: Policy = Field("verdict", description="One verdict on the average, or one per update.")
