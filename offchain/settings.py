"""Everything a simulation depends on: one frozen model, from a YAML file and the command line."""

from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from ml.settings import (
    LEAST_IMAGE_SIZE,
    MODELS,
    NEEDS_PATH,
    SHARES,
    AttackName,
    AttackSettings,
    Dataset,
    DataSettings,
    Features,
    Metric,
    Model,
    Policy,
    ScoringSettings,
    Shares,
    TrainingSettings,
)
from offchain.errors import SettingsError
from offchain.yaml_file import read_mapping

TOKEN = 10**18
"""Base units in a whole token."""

MIN_CLIENTS = 4
_MAX_SUPPLY = 2**96 - 1  # The pool's accounts have 96 bits.

# 15 digits go through a JSON number and back unchanged.
Tokens = Annotated[
    Decimal,
    Field(gt=0, max_digits=15, decimal_places=6),
    PlainSerializer(lambda value: int(value) if value == int(value) else float(value), when_used="json"),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_IMAGES = {"model": "cnn", "shares": "dirichlet", "metric": "auroc"}
_DEFAULTS: Mapping[Any, Mapping[str, Any]] = {
    "lending-club": {"metric": "auroc"},
    "chest-xray": {**_IMAGES, "batch": 256},
    "digits": {**_IMAGES, "image_size": 16, "batch": 32, "local_epochs": 2},
}
"""What differs, by data set, from the defaults of the fields."""


class SimulationSettings(BaseModel):
    """What a run is; the same settings give the same run. Shares are of the clients, amounts whole tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: int = Field(50, ge=MIN_CLIENTS, le=10_000, description="Clients, all members at the start.")
    malicious: Share = Field(0.3, description="Share of the clients that propose badly.")
    malicious_voters: Share = Field(
        0.0,
        description="Share of the clients that vote the opposite of what they find; the first of those that "
        "propose badly, and others when there are more.",
    )
    rounds: int = Field(100, ge=1, le=1_000_000, description="Rounds to play.")
    policy: Policy = Field(
        "verdict", description="How voters judge: the average of all updates (the paper), or each by itself."
    )
    attack: AttackName = Field("label-flip", description="What malicious proposers train on.")
    dataset: Dataset = Field(
        "loans",
        description="Built-in synthetic loans, Lending Club's file, chest X-rays (NIH's folder or MedMNIST's "
        "file), or built-in images of digits.",
    )
    data: Path | None = Field(
        None, description="Lending Club's CSV or CSV.GZ, NIH's folder or MedMNIST's chestmnist.npz."
    )
    features: Features = Field(
        "application", description="Columns known at application time, or all, which leak the outcome."
    )
    model: Model = Field(
        "mlp",
        description="Network to train; by default mlp for loans and cnn for images; densenet121 is for "
        "images too.",
    )
    image_size: int = Field(
        64,
        ge=8,
        le=1024,
        description="Side of an image in pixels; by default 64 for chest-xray, 16 for digits.",
    )
    shares: Shares = Field(
        "iid",
        description="Who holds which rows: at random, by skewed labels, or whole patients; by default "
        "dirichlet for images and iid for loans.",
    )
    metric: Metric = Field(
        "accuracy",
        description="Score that voters compare; by default auroc for images, and for lending-club with "
        "features application, where accuracy stays at the base rate; accuracy otherwise.",
    )
    proposer_stake: Tokens = Field(Decimal(8), description="Tokens that a proposer stakes.")
    voter_stake: Tokens = Field(Decimal(8), description="Tokens that a voter stakes.")
    tolerance: float = Field(
        0.05, ge=0, lt=1, allow_inf_nan=False, description="Relative loss of score that still passes."
    )
    local_epochs: int = Field(
        1,
        ge=1,
        description="Passes over a proposer's own rows in a round; by default 2 for digits and 1 otherwise.",
    )
    engine: Literal["chain", "reference"] = Field(
        "chain", description="Contracts on a chain, or the same rules in memory."
    )
    relay: bool = Field(
        False, description="Whether clients sign, and a relay sends in batches, what they commit to and open."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where models compute.")
    threads: int | None = Field(
        None,
        ge=1,
        description="Processor threads for models; by default all for mlp, whose results are the same with "
        "any number, and one for other models, whose float sums, and so runs, depend on it.",
    )

    hidden: int = Field(128, ge=1, le=8192, description="Width of the mlp's two hidden layers.")
    initial_balance: Tokens = Field(Decimal(64), description="Tokens of every client at the start, its bond.")
    proposer_bps: int = Field(1000, ge=1, le=5000, description="Share that proposes, in basis points.")
    voter_seats: int | None = Field(None, ge=1, le=16_382, description="Committee size; none for all others.")
    rows: int | None = Field(
        None, ge=1, description="Loans or images to use; none for the data set's default."
    )
    dirichlet_alpha: float = Field(
        0.5,
        gt=0,
        allow_inf_nan=False,
        description="How even labels are under shares dirichlet; more is more even.",
    )
    cache: Path | None = Field(
        None, description="Folder for images as resized; none for the user's cache folder."
    )
    test_rows: int = Field(20_000, ge=2, description="Test rows, at most, that score the global model.")
    batch: int = Field(
        128,
        ge=1,
        description="Rows per training step; by default 256 for chest-xray, 32 for digits, 128 for loans.",
    )
    learning_rate: float = Field(1e-3, gt=0, allow_inf_nan=False, description="Adam's step size.")
    divergence_weight: float = Field(
        AttackSettings().divergence_weight,
        ge=0,
        allow_inf_nan=False,
        description="Weight of the term that keeps an attack close.",
    )
    baselines: bool = Field(True, description="Whether to learn without defence and without attack as well.")
    oracle: bool = Field(False, description="Whether to learn from all rows in one place as well.")

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_data_set(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = {name: value for name, value in values.items() if value is not None}
        defaults = dict(_DEFAULTS.get(given.get("dataset", "loans"), {}))
        if given.get("features") == "all":
            defaults.pop("metric", None)
        return {**defaults, **given}

    @model_validator(mode="after")
    def _fits(self) -> "SimulationSettings":
        for name in ("proposer_stake", "voter_stake"):
            stake = getattr(self, name)
            if stake > self.initial_balance:
                raise ValueError(
                    f"{name} {stake} is above initial_balance {self.initial_balance}: nobody could stake"
                )
        supply = self.clients * base_units(self.initial_balance)
        if supply > _MAX_SUPPLY:
            raise ValueError(
                f"initial_balance {self.initial_balance} for {self.clients} clients is {supply} base units, "
                "more than 96 bits hold; lower it"
            )
        self._check_data()
        return self

    def _check_data(self) -> None:
        name = self.dataset
        if name in NEEDS_PATH and self.data is None:
            raise ValueError(f"dataset {name} needs data, the path of {NEEDS_PATH[name]}")
        if name not in NEEDS_PATH and self.data is not None:
            raise ValueError(f"dataset {name} is built in and takes no data, got {str(self.data)!r}")
        if name != "lending-club" and self.features == "all":
            raise ValueError(f"dataset {name} has no columns known only afterwards; use features application")
        if self.shares not in SHARES[name]:
            raise ValueError(f"dataset {name} has no shares {self.shares}; use {' or '.join(SHARES[name])}")
        self._check_model()

    def _check_model(self) -> None:
        if self.model not in MODELS[self.dataset]:
            raise ValueError(
                f"model {self.model} does not learn from dataset {self.dataset}; "
                f"use {' or '.join(MODELS[self.dataset])}"
            )
        least = LEAST_IMAGE_SIZE.get(self.model, 0)
        if self.image_size < least:
            raise ValueError(f"model {self.model} needs image_size {least} or more, got {self.image_size}")

    @cached_property
    def data_settings(self) -> DataSettings:
        """The part that names the rows and their split."""
        return DataSettings(
            dataset=self.dataset,
            path=self.data,
            features=self.features,
            clients=self.clients,
            shares=self.shares,
            dirichlet_alpha=self.dirichlet_alpha,
            image_size=self.image_size,
            rows=self.rows,
            cache=self.cache,
            seed=self.seed,
        )

    @cached_property
    def training_settings(self) -> TrainingSettings:
        """The part that local training needs."""
        return TrainingSettings(
            local_epochs=self.local_epochs, batch=self.batch, learning_rate=self.learning_rate
        )

    @cached_property
    def attack_settings(self) -> AttackSettings:
        """The part that malicious proposers need."""
        return AttackSettings(name=self.attack, divergence_weight=self.divergence_weight)

    @cached_property
    def scoring_settings(self) -> ScoringSettings:
        """The part that voters need."""
        return ScoringSettings(metric=self.metric, tolerance=self.tolerance, policy=self.policy)


def base_units(tokens: Decimal) -> int:
    """Return whole tokens as base units.

    >>> base_units(Decimal("0.5"))
    500000000000000000
    """
    return int(tokens * TOKEN)


def load_settings(file: Path | None, overrides: Mapping[str, Any]) -> SimulationSettings:
    """Return the settings of a YAML file, if any, overridden by what the command line gave.

    Args:
        file: A mapping of setting names, with hyphens or underscores, to values.
        overrides: Settings by field name.

    Raises:
        SettingsError: When the file is not readable as such, or a value or their combination is refused.
    """
    return parse_settings({**(_from_file(file) if file else {}), **overrides})


def parse_settings(values: Mapping[str, Any]) -> SimulationSettings:
    """Return validated settings.

    Raises:
        SettingsError: With one sentence on the first thing that is wrong.
    """
    try:
        return SimulationSettings(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error


def _from_file(file: Path) -> dict[str, Any]:
    content = read_mapping(file, "settings file", SettingsError)
    return {str(name).replace("-", "_"): value for name, value in content.items()}


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = get_close_matches(name, SimulationSettings.model_fields, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"there is no setting {name!r}{hint}"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    reason = first["msg"][:1].lower() + first["msg"][1:]
    meaning = SimulationSettings.model_fields[name].description or ""
    return f"{name} is {first['input']}: {reason} ({meaning.rstrip('.')})"
