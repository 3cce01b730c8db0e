"""Everything a simulation depends on: one frozen model, from a YAML file and the command line."""

import os
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from ml.errors import MLError
from ml.home import at_home
from ml.judging.bases import MEMORY
from ml.judging.metrics import metrics_of
from ml.messages import cleaned, nearest, quoted
from ml.settings import (
    DEFAULT_POLICY,
    AnyPolicy,
    AttackSettings,
    PrivacySettings,
    ScoringSettings,
    SplitSettings,
    TrainingSettings,
)
from ml.tasks.built_in import DEFAULT
from ml.tasks.loading import Named, load_function
from ml.tasks.task import Task, settings_of
from ml.validation import Written
from offchain import first_edition
from offchain.errors import SettingsError
from offchain.named_values import underscored
from offchain.reference import seats
from offchain.task_loading import load
from offchain.yaml_file import read_mapping

TOKEN = 10**18
"""Base units in a whole token."""

MIN_CLIENTS = 4
_HALF = 5000  # Basis points.
_PROPOSERS = 5  # Of the paper's fifty clients (section V-A).
_MAX_SUPPLY = 2**96 - 1  # The pool's accounts have 96 bits.

# 15 digits go through a JSON number and back unchanged.
_AS_NUMBER = PlainSerializer(
    lambda value: int(value) if value == int(value) else float(value), when_used="json"
)
Tokens = Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=6), _AS_NUMBER]
_SomeTokens = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6), _AS_NUMBER]
_Place = Annotated[Path | None, AfterValidator(lambda path: path and at_home(path))]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_OF_POLICIES = {"policy", "shadow_policy"}


class SimulationSettings(Written):
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
    policy: AnyPolicy = Field(
        DEFAULT_POLICY,
        description="How voters judge: by lists of tests (likelihood, evidence, evidence-and-skill, "
        "evidence-skill-and-relation, evidence-by-largest, evidence-beyond-noise, evidence-and-forgetting, "
        "evidence-and-opposed, evidence-and-contrast, evidence-by-training, evidence-and-leave-one-out, or "
        "one of your own in a settings file, docs/JUDGING.md), or by one score, of the average of all "
        "updates (aggregate, the paper's) or of each alone (verdict).",
    )
    shadow_policy: AnyPolicy | None = Field(
        None, description="Policy that is computed and recorded beside the one that decides."
    )
    memory: int = Field(
        1,
        ge=1,
        le=MEMORY,
        description="Last included models, the genesis among them, of which each client builds on the newest "
        "that its own rows find good; 1 for the global model whatever it is.",
    )
    attack: str = Field(
        "label-flip",
        description="What malicious proposers do: none, an attack of docs/ARENA.md, or FILE.py:function.",
    )
    attack_options: Mapping[str, Any] = Field(
        default_factory=dict, description="Options of the attack, by name; NAME=VALUE on the command line."
    )
    aimed: Share | None = Field(
        None,
        description="Scale what the coalition sends, together, to what at least this share of its own voters "
        "would accept on their rows by the policy in force.",
    )
    coalition_votes: str | None = Field(
        None,
        description="How all malicious clients vote: honest, flip, own, always-yes, always-no, "
        "against-rivals, copy, abstain, or FILE.py:function; by default as malicious_voters says.",
    )
    sleep_until: Tokens | None = Field(
        None,
        description="The coalition is honest while its members own fewer tokens than this on average.",
    )
    withhold_bytes: bool = Field(
        False, description="Whether the coalition publishes its updates' roots and keeps the bytes."
    )
    commitments_broken: bool = Field(
        False, description="Whether the coalition sees honest updates of the round before it fixes its own."
    )
    defence: str | None = Field(
        None,
        description="Robust rule that makes the next model, without votes: mean, median, krum, ... "
        "(docs/ARENA.md), or FILE.py:function; nobody judges, and no stake is lost.",
    )
    assumed_faulty: int | None = Field(
        None,
        ge=0,
        le=16,
        description="Updates that the defence takes for malicious; by default as many as malicious proposers "
        "are expected in a round.",
    )
    task: str = Field(
        DEFAULT,
        description="What is learned: a built-in task (listed by `ape run task list`), FILE.py:Class, a "
        "table's FILE.json, or an installed package.module:Class.",
    )
    task_options: Mapping[str, Any] = Field(
        default_factory=dict, description="Options of the task, by name; NAME=VALUE on the command line."
    )
    data: _Place = Field(None, description="File or folder of all rows, where the task reads one.")
    clients_data: _Place = Field(
        None, description="Folder with a file or folder of rows for each client, where these are parted."
    )
    shares: str = Field(
        SplitSettings().shares,
        description=f"{SplitSettings.model_fields['shares'].description} The task may have another default.",
    )
    metric: str = Field(
        "",
        description="Score that voters compare, one of the task's target: auroc, accuracy; concordance of "
        "numbers; likelihood of any. By default what the task names, or else likelihood.",
    )
    train: str | None = Field(
        None, description="Training of the clients' own, FILE.py:function; none for the task's."
    )
    dp_epsilon: float | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="Train honest clients' updates with clipping and noise, by Opacus, so that all that one "
        "client sends stays within this ε for any one of its rows.",
    )
    dp_delta: float = Field(
        1e-5, gt=0, lt=1, description="δ beside dp_epsilon, below one over a client's rows."
    )
    dp_clip: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="Norm that a row's gradient is cut down to, with dp_epsilon.",
    )
    dp_updates: int = Field(
        20, ge=1, le=1_000_000, description="Updates that dp_epsilon is for; a client sends no more."
    )
    proposer_stake: Tokens = Field(Decimal(8), description="Tokens that a proposer stakes.")
    voter_stake: Tokens = Field(Decimal(8), description="Tokens that a voter stakes.")
    tolerance: float = Field(
        0.05,
        ge=0,
        lt=1,
        allow_inf_nan=False,
        description="Relative loss of score that still passes, of policies by one score and of bases among "
        "the last models.",
    )
    local_epochs: int = Field(
        1,
        ge=1,
        description="Passes over a proposer's own rows in a round; the task may have another default.",
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
        description="Processor threads for models; by default all for a table's perceptron, whose results "
        "are the same with any number, and one for others, whose float sums, and so runs, depend on it; "
        "their clients are shared out among as many processes as there are processors.",
    )

    initial_balance: Tokens = Field(Decimal(64), description="Tokens of every client at the start, its bond.")
    proposer_reward: _SomeTokens = Field(
        Decimal(0), description="Tokens of the budget for an included update; 0 in the paper."
    )
    voter_reward: _SomeTokens = Field(
        Decimal(0),
        description="Tokens of the budget for a ballot revealed, whatever its bits; 0 in the paper.",
    )
    budget: _SomeTokens = Field(
        Decimal(0),
        description="Tokens at the start of which these rewards are paid, while they cover a round's.",
    )
    proposer_bps: int = Field(
        1000,
        ge=1,
        le=_HALF,
        description="Share that proposes, in basis points; of few clients with an own task more, until "
        "5 or half of them propose.",
    )
    voter_seats: int | None = Field(None, ge=1, le=16_382, description="Committee size; none for all others.")
    rows: int | None = Field(None, ge=1, description="Rows to use, drawn at random; none for all.")
    dirichlet_alpha: float = Field(
        0.5, gt=0, allow_inf_nan=False, description=SplitSettings.model_fields["dirichlet_alpha"].description
    )
    test_rows: int = Field(20_000, ge=2, description="Test rows, at most, that score the global model.")
    batch: int = Field(128, ge=1, description="Rows per training step; the task may have another default.")
    learning_rate: float = Field(1e-3, gt=0, allow_inf_nan=False, description="Adam's step size.")
    least_steps: int = Field(
        0,
        ge=0,
        le=10_000,
        description=f"{TrainingSettings.model_fields['least_steps'].description} The task may have another "
        "default.",
    )
    divergence_weight: float = Field(
        AttackSettings().divergence_weight,
        ge=0,
        allow_inf_nan=False,
        description="Weight of the term that keeps an attack close.",
    )
    baselines: bool = Field(True, description="Whether to learn without defence and without attack as well.")
    oracle: bool = Field(False, description="Whether to learn from all rows in one place as well.")
    honest_only: bool = Field(
        False,
        description="Whether to average the honest updates of the run's own seats as well: what a perfect "
        "vote would leave.",
    )

    edition: Literal[1, 2] = Field(
        1,
        description="Of the rules that the contract binds: 1 for built-in tasks and memory 1; 2 for others.",
    )

    @model_validator(mode="before")
    @classmethod
    def _as_the_task_wants(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = first_edition.read({name: value for name, value in values.items() if value is not None})
        name, options = given.get("task", cls.model_fields["task"].default), given.get("task_options", {})
        if not (isinstance(name, str) and isinstance(options, Mapping)):
            return given  # For the fields to say.
        named = Named(name, options)
        first = named.is_built_in and given.get("memory", 1) == 1
        own = {} if first else {"edition": 2}
        known = {**own, **_clients_of(given.get("clients_data")), **defaults_of(named), **given}
        return known if named.is_built_in else {**_enough_proposers(known.get("clients")), **known}

    @model_validator(mode="after")
    def _fits(self) -> "SimulationSettings":
        for name in ("proposer_stake", "voter_stake"):
            stake = getattr(self, name)
            if stake > self.initial_balance:
                raise ValueError(
                    f"{name} {stake} is above initial_balance {self.initial_balance}: nobody could stake"
                )
        supply = self.clients * base_units(self.initial_balance) + base_units(self.budget)
        if supply > _MAX_SUPPLY:
            raise ValueError(
                f"initial_balance {self.initial_balance} for {self.clients} clients and budget {self.budget} "
                f"are {supply} base units, more than 96 bits hold; lower them"
            )
        self._check_task()
        self._check_adversary()
        self._check_training()
        return self

    def _check_adversary(self) -> None:
        # Here, since attacks load what nobody needs who only reads settings.
        from ml.attacks.registry import load_attack
        from ml.attacks.votes import load_votes

        try:
            if self.attack != "none":
                load_attack(self.attack, self.attack_options)
            if self.coalition_votes is not None:
                load_votes(self.coalition_votes)
            if self.defence is not None:
                from ml.defences import require_defined

                require_defined(self.defence, self.proposers, self.faulty)
        except MLError as error:
            raise ValueError(str(error)) from error
        if self.attack == "none" and self.attack_options:
            raise ValueError(f"attack none has no option {next(iter(self.attack_options))!r}")
        if self.attack == "none" and self.aimed is not None:
            raise ValueError("aimed scales an attack, and attack is none")

    def _check_task(self) -> None:
        task = self.loaded_task
        if task.takes and self.data is None and self.clients_data is None:
            raise ValueError(f"task {self.task} needs data, the path of {task.takes}")
        if not task.takes and (path := self.data or self.clients_data) is not None:
            raise ValueError(
                f"task {self.task} makes its own rows and takes no data, got {quoted(str(path))}"
            )
        if self.data is not None and self.clients_data is not None:
            raise ValueError("data is all rows, clients_data those of each client: give one of them")
        if self.metric not in metrics_of(task.target):
            raise ValueError(
                f"metric is {cleaned(self.metric, 80)}, which {task.target} does not have; "
                f"use {' or '.join(metrics_of(task.target))}"
            )
        self._check_privacy(task)
        if self.edition == 1 and not self.named_task.is_built_in:
            raise ValueError(f"rules of edition 1 know the first edition's tasks only, not {self.task}")
        if self.edition == 1 and self.memory > 1:
            raise ValueError(f"rules of edition 1 know memory 1 alone, got {self.memory}; leave edition out")

    def _check_privacy(self, task: Task) -> None:
        if self.dp_epsilon is None:
            return
        if self.train is not None:
            raise ValueError(
                "dp_epsilon is of the default training, and train is one of your own: leave one out"
            )
        if type(task).train is not Task.train:
            raise ValueError(
                f"task {self.task} trains in a way of its own, and dp_epsilon is of the default training: "
                "leave it out"
            )

    def _check_training(self) -> None:
        if self.train is None:
            return
        try:
            load_function(self.train, "train")
        except MLError as error:
            raise ValueError(str(error)) from error

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @property
    def named_task(self) -> Named:
        """The task as it is named."""
        return Named(self.task, self.task_options)

    @property
    def loaded_task(self) -> Task:
        """The task."""
        return _loaded(self.named_task)

    @property
    def split_settings(self) -> SplitSettings:
        """The part that says how the rows are split."""
        return SplitSettings(
            clients=self.clients, shares=self.shares, dirichlet_alpha=self.dirichlet_alpha, seed=self.seed
        )

    @property
    def training_settings(self) -> TrainingSettings:
        """The part that local training needs."""
        return TrainingSettings(
            local_epochs=self.local_epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            least_steps=self.least_steps,
        )

    @property
    def privacy_settings(self) -> PrivacySettings | None:
        """What a client's updates stay within; none for no noise."""
        if self.dp_epsilon is None:
            return None
        return PrivacySettings(
            epsilon=self.dp_epsilon, delta=self.dp_delta, clip=self.dp_clip, updates=self.dp_updates
        )

    @property
    def proposers(self) -> int:
        """Proposers of a round while everyone is a member."""
        return seats.counts(self.clients, self.proposer_bps, self.voter_seats or self.clients)[0]

    @property
    def faulty(self) -> int:
        """Updates of a round that a defence without votes takes for malicious."""
        return (
            int(self.malicious * self.proposers + 0.5) if self.assumed_faulty is None else self.assumed_faulty
        )

    @property
    def attack_arguments(self) -> Mapping[str, Any]:
        """The attack's options; the weight of the term of `label-flip` has a setting too."""
        near = {"divergence_weight": self.divergence_weight} if self.attack == "label-flip" else {}
        return {**near, **self.attack_options}

    def set_values(self, exclude: Collection[str] = ()) -> dict[str, Any]:
        """Return what is not its default, as JSON has it, but `exclude`.

        Policies are in full: without defaults no list says which tests it has.
        """
        values = self.model_dump(mode="json", exclude=set(exclude), exclude_defaults=True)
        return values | self.model_dump(mode="json", include=_OF_POLICIES & values.keys())

    @property
    def scoring_settings(self) -> ScoringSettings:
        """The part that voters need."""
        return ScoringSettings(
            metric=self.metric, tolerance=self.tolerance, policy=self.policy, memory=self.memory
        )


def _clients_of(folder: object) -> Mapping[str, int]:
    """As many clients as a folder has rows of, where there is one."""
    if not isinstance(folder, str | Path) or not os.path.isdir(at_home(folder)):
        return {}
    clients = len(parted_rows(at_home(folder)))
    if clients < MIN_CLIENTS:
        raise ValueError(
            f"clients_data {folder} holds rows of {clients} clients, a file or folder each; a run needs "
            f"{MIN_CLIENTS} at least"
        )
    return {"clients": clients}


def _enough_proposers(clients: object) -> Mapping[str, int]:
    """The share of few clients that makes as many propose as of the paper's fifty, or half of them."""
    default: int = SimulationSettings.model_fields["proposer_bps"].default
    if not isinstance(clients, int) or clients < MIN_CLIENTS:
        return {}  # For the fields to say.
    return {"proposer_bps": max(default, min(_HALF, -(-_PROPOSERS * 10_000 // clients)))}


def parted_rows(folder: Path) -> list[Path]:
    """Return the file or folder of each client's rows, in the order of their names."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def defaults_of(named: Named) -> Mapping[str, Any]:
    """Return the settings that a task has other defaults of, its score among them.

    Raises:
        ValueError: When there is no such task.
    """
    task = _loaded(named)
    try:
        return settings_of(task)
    except MLError as error:
        raise ValueError(str(error)) from error


def _loaded(named: Named) -> Task:
    try:
        return load(named)
    except MLError as error:
        raise ValueError(str(error)) from error


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
    given, overrides = rows_chosen(_from_file(file) if file else {}), rows_chosen(overrides)
    merged = {**given, **overrides}
    former, latter = given.get("task_options"), overrides.get("task_options")
    if isinstance(former, Mapping) and isinstance(latter, Mapping):
        merged["task_options"] = {**former, **latter}
    return parse_settings(merged)


def parse_settings(values: Mapping[str, Any]) -> SimulationSettings:
    """Return validated settings.

    Raises:
        SettingsError: With one sentence on the first thing that is wrong.
    """
    try:
        return SimulationSettings(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error


def require_settings(names: Iterable[str]) -> None:
    """Raise SettingsError when a name is no setting's.

    >>> require_settings(["batch", "local_epochs"])
    """
    for name in names:
        if name not in SimulationSettings.model_fields:
            raise SettingsError(_no_setting(name))


def _no_setting(name: str) -> str:
    return f"there is no setting {quoted(name)}{nearest(name, SimulationSettings.model_fields)}"


def rows_chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of which those of reading rows are the options of the task that they stand for."""
    moved = dict(values)
    for name in {"allow_missing", "accept_rows"} & moved.keys():
        options = moved.get("task_options") or {}
        if not isinstance(options, Mapping):
            return moved  # For the fields to say.
        moved["task_options"] = {**options, name: moved.pop(name)}
    return moved


def _from_file(file: Path) -> dict[str, Any]:
    content = read_mapping(file, "settings file", SettingsError)
    try:
        return underscored(content)
    except ValueError as error:
        raise SettingsError(f"the settings file {file}: {error}") from error


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return _no_setting(name)
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["loc"][-1:] == ("[key]",):
        return f"{first['loc'][0]} has a name {quoted(first['input'])}; put it in quotes"
    reason = first["msg"][:1].lower() + first["msg"][1:]
    meaning = SimulationSettings.model_fields[str(first["loc"][0])].description or ""
    return f"{name} is {cleaned(first['input'], 80)}: {reason} ({meaning.rstrip('.')})"
