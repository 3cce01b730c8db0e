"""Everything a simulation depends on: one frozen model, from a YAML file and the command line."""

from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from ml.settings import (
    AttackName,
    AttackSettings,
    Dataset,
    DataSettings,
    Features,
    Metric,
    Policy,
    ScoringSettings,
    TrainingSettings,
)
from offchain.errors import SettingsError

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
    dataset: Dataset = Field("loans", description="Built-in synthetic loans, or Lending Club's file.")
    data: Path | None = Field(None, description="Lending Club's CSV or CSV.GZ.")
    features: Features = Field(
        "application", description="Columns known at application time, or all, which leak the outcome."
    )
    metric: Metric = Field(
        "accuracy",
        description="Score that voters compare; by default auroc for lending-club with features application, "
        "where accuracy stays at the base rate, and accuracy otherwise.",
    )
    proposer_stake: Tokens = Field(Decimal(8), description="Tokens that a proposer stakes.")
    voter_stake: Tokens = Field(Decimal(8), description="Tokens that a voter stakes.")
    tolerance: float = Field(
        0.05, ge=0, lt=1, allow_inf_nan=False, description="Relative loss of score that still passes."
    )
    local_epochs: int = Field(1, ge=1, description="Passes over a proposer's own rows in a round.")
    engine: Literal["chain", "reference"] = Field(
        "chain", description="Contracts on a chain, or the same rules in memory."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random.")
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where models compute.")
    threads: int = Field(
        1,
        ge=1,
        description="Processor threads for models; float sums, and so runs, depend on their number.",
    )

    initial_balance: Tokens = Field(Decimal(64), description="Tokens of every client at the start, its bond.")
    proposer_bps: int = Field(1000, ge=1, le=5000, description="Share that proposes, in basis points.")
    voter_seats: int | None = Field(None, ge=1, le=16_382, description="Committee size; none for all others.")
    rows: int | None = Field(None, ge=1, description="Loans to use; none for the data set's default.")
    test_rows: int = Field(20_000, ge=2, description="Test rows, at most, that score the global model.")
    batch: int = Field(128, ge=1, description="Rows per training step.")
    learning_rate: float = Field(1e-3, gt=0, allow_inf_nan=False, description="Adam's step size.")
    divergence_weight: float = Field(
        AttackSettings().divergence_weight,
        ge=0,
        allow_inf_nan=False,
        description="Weight of the term that keeps an attack close.",
    )
    baselines: bool = Field(True, description="Whether to learn without defence and without attack as well.")

    @model_validator(mode="before")
    @classmethod
    def _default_metric(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or values.get("metric") is not None:
            return values
        leaks = values.get("features", "application") == "all"
        real = values.get("dataset", "loans") == "lending-club"
        return {**values, "metric": "auroc" if real and not leaks else "accuracy"}

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
        if self.dataset == "lending-club" and self.data is None:
            raise ValueError("dataset lending-club needs data, the path of its CSV or CSV.GZ file")
        if self.dataset == "loans" and self.data is not None:
            raise ValueError(f"dataset loans is built in and takes no data, got {str(self.data)!r}")
        if self.dataset == "loans" and self.features == "all":
            raise ValueError("dataset loans has no columns known only afterwards; use features application")

    @cached_property
    def data_settings(self) -> DataSettings:
        """The part that names the loans and their split."""
        return DataSettings(
            dataset=self.dataset,
            path=self.data,
            features=self.features,
            clients=self.clients,
            rows=self.rows,
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
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"there is no settings file {file}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"settings file {file} cannot be read as YAML: {reason}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"settings file {file} holds no mapping of names to values")
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
