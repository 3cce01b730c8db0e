"""Frozen, validated settings; everything a run of this package depends on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Dataset = Literal["loans", "lending-club", "chest-xray", "digits"]
Features = Literal["application", "all"]
Model = Literal["mlp", "cnn", "densenet121"]
Shares = Literal["iid", "dirichlet", "patient"]
Metric = Literal["accuracy", "auroc"]
Policy = Literal["aggregate", "verdict"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
AttackName = Literal["none", "label-flip"]

NEEDS_PATH: Mapping[Dataset, str] = {
    "lending-club": "its CSV or CSV.GZ file",
    "chest-xray": "NIH's folder or MedMNIST's chestmnist.npz",
}
"""What a data set that is not built in is read from."""

SHARES: Mapping[Dataset, tuple[Shares, ...]] = {
    "loans": ("iid",),
    "lending-club": ("iid",),
    "chest-xray": ("iid", "dirichlet", "patient"),
    "digits": ("iid", "dirichlet"),
}
"""How the rows of a data set can be split."""

MODELS: Mapping[Dataset, tuple[Model, ...]] = {
    "loans": ("mlp",),
    "lending-club": ("mlp",),
    "chest-xray": ("cnn", "densenet121"),
    "digits": ("cnn", "densenet121"),
}
"""Models that learn from a data set; the first is its default."""

LEAST_IMAGE_SIZE: Mapping[Model, int] = {"cnn": 8, "densenet121": 32}
"""The smallest side of an image, in pixels, that a model's pooling leaves something of."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(_Settings):
    """Which rows, which of their columns, and how they are split among the clients."""

    dataset: Dataset = Field("loans", description="The data set.")
    path: Path | None = Field(
        None,
        description="Lending Club's CSV or CSV.GZ, NIH's folder of X-rays or MedMNIST's chestmnist.npz; none "
        "for what is built in.",
    )
    features: Features = Field(
        "application", description="Columns known at application time, or all, which leak the outcome."
    )
    clients: int = Field(50, ge=1, description="Number of equal shares.")
    shares: Shares = Field(
        "iid", description="Who holds which rows: at random, by skewed labels, or whole patients."
    )
    dirichlet_alpha: float = Field(
        0.5,
        gt=0,
        allow_inf_nan=False,
        description="How even labels are under shares dirichlet; more is more even.",
    )
    image_size: int | None = Field(
        None, ge=8, le=1024, description="Side of an image in pixels; none for the data set's default."
    )
    rows: int | None = Field(
        None, ge=1, description="Loans or images to use; none for the data set's default."
    )
    cache: Path | None = Field(
        None, description="Folder for images as resized; none for the user's cache folder."
    )
    seed: int = Field(0, ge=0, description="Seed of the splits; built-in rows themselves never change.")

    @model_validator(mode="after")
    def _fits(self) -> "DataSettings":
        if self.dataset in NEEDS_PATH and self.path is None:
            raise ValueError(f"dataset {self.dataset!r} needs the path of {NEEDS_PATH[self.dataset]}")
        if self.dataset not in NEEDS_PATH and self.path is not None:
            raise ValueError(
                f"dataset {self.dataset!r} is built in and takes no path, got {str(self.path)!r}"
            )
        if self.dataset != "lending-club" and self.features == "all":
            raise ValueError(
                f"dataset {self.dataset!r} has no columns known only afterwards; use features 'application'"
            )
        if self.shares not in SHARES[self.dataset]:
            raise ValueError(
                f"dataset {self.dataset!r} has no shares {self.shares!r}; use {_either(SHARES[self.dataset])}"
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


def _either(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
