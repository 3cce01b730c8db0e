"""A grid of an arena: every attack against every policy or defence, on every task, over seeds."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    ValidationError,
    field_validator,
    model_validator,
)

from ml.errors import MLError
from ml.messages import nearest, quoted
from ml.named_functions import is_own
from ml.settings import DEFAULT_POLICY, Policy
from ml.tasks.built_in import DEFAULT as DEFAULT_TASK
from ml.tasks.loading import Named
from ml.validation import first_fault
from offchain.errors import ArenaError, SettingsError
from offchain.named_values import underscored
from offchain.settings import SimulationSettings, parse_settings, require_settings
from offchain.simulation.cast import Cast
from offchain.yaml_file import read_mapping

POLICIES: tuple[str, ...] = get_args(Policy)

Labelled = Mapping[str, Mapping[str, Any]]
"""Simulation settings by label."""

NOBODY = "nobody"
"""The attack of clean runs, with nobody malicious."""

_NO_VOTES = "none"
"""How a coalition votes where a rule decides."""


_PLACES = {
    **{"seed": "seeds", "malicious": "malicious", "attack": "attacks"},
    **{"policy": "deciders", "defence": "deciders", "coalition_votes": "votes"},
}
"""Where a grid says what a run's settings say by these names: anywhere else they would be overridden."""

_OUR_OWN = {"honest_only": "every run is compared with the honest updates of its own seats"}
"""Settings that a grid has no choice about."""

_EXPECTED = {
    "tuple_type": "a list, such as [{}]",
    "dict_type": "a mapping{}",
    "mapping_type": "a mapping{}",
    "too_short": "one entry or more",
    "too_long": "10,000 entries at most",
    "int_type": "a whole number, in a list such as [{}]",
    "float_type": "a number, in a list such as [{}]",
    "string_type": "a name, in a list such as [{}]",
}
"""By kind of fault, in place of Python's words."""
_NAMES = {"attacks": ", or a list of names", "deciders": ", or a list of names"}
_NAMED_SO = {"attacks": ", such as [label-flip]", "deciders": ", such as [verdict, median]"}
_EXAMPLES = {"votes": "honest, own", "malicious": "0.2, 0.4", "seeds": "0, 1, 2"}
_MOST = 10_000
_LONGEST, _LONGEST_PATH = 100, 1_000  # The one names a file, the other may be FILE.py:function.


def _labelled(given: Any, settings_of: Any) -> Any:
    if isinstance(given, list | tuple) and all(isinstance(name, str | bool | int | float) for name in given):
        if odd := [name for name in given if not isinstance(name, str)]:
            raise ValueError(f"a name is {quoted(odd[0])}, as YAML reads it; put it in quotes")
        _require_once(given)
        return {name: settings_of(name) for name in given}
    if isinstance(given, Mapping):
        unsaid = {name for name, each in given.items() if each is None and isinstance(name, str)}
        return {name: settings_of(name) if name in unsaid else each for name, each in given.items()}
    return given


def _require_once(given: Sequence[Any]) -> None:
    twice = next((each for each, times in Counter(given).items() if times > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is there twice")


def _require_printable(labels: Collection[str], most: int) -> None:
    for label in labels:
        if not 0 < len(label) <= most or not label.isprintable():
            raise ValueError(f"a label is {quoted(label)}; expected 1 to {most:,} printable characters")


def _decider(name: str) -> Mapping[str, str]:
    # Here, since rules load what nobody needs who only reads a grid of policies.
    from ml.defences import DEFENCES

    if name not in (*POLICIES, *DEFENCES) and not is_own(name):
        known = (*POLICIES, *DEFENCES)
        raise ValueError(
            f"there is no policy or defence {quoted(name)}; use FILE.py:function or one of {', '.join(known)}"
            f"{nearest(name, known)}"
        )
    return {"policy" if name in POLICIES else "defence": name}


def _require_in_place(part: str, label: str, names: Collection[str]) -> None:
    for name in names:
        place = _PLACES.get(name, part)
        if place != part:
            raise ValueError(f"{label} has a {quoted(name)}, which a grid has in its {place!r}")
        if name in _OUR_OWN:
            raise ValueError(f"{label} has a {quoted(name)}; {_OUR_OWN[name]}")
    if part == "deciders" and len({"policy", "defence"} & set(names)) != 1:
        raise ValueError(f"decider {label} has to have a policy or a defence, and one of them")
    if part == "attacks" and not {"attack", "withhold_bytes"} & set(names):
        try:
            require_settings(names)
        except SettingsError as error:
            raise ValueError(f"attack {label}: {error}") from error
        raise ValueError(f"attack {label} says no 'attack'; it may be none, where only votes are malicious")


def file_name(label: str) -> str:
    """Return what a label is called in the names of files."""
    return "".join(letter if letter.isalnum() else "-" for letter in label)


class Grid(BaseModel):
    """What is played: the product of all its parts, and a clean run of each task, decider and seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: Mapping[str, Any] = Field(default_factory=dict, description="Of all runs.")
    tasks: Labelled = Field(
        {DEFAULT_TASK: {"task": DEFAULT_TASK}}, min_length=1, description="Tasks, with shares."
    )
    attacks: Labelled = Field(min_length=1, description="Attacks by name, or settings by label.")
    deciders: Labelled = Field(min_length=1, description="Policies and defences, or settings by label.")
    votes: tuple[str, ...] = Field(("honest",), min_length=1, description="How the coalition votes.")
    malicious: tuple[StrictFloat, ...] = Field(
        (0.4,), min_length=1, max_length=_MOST, description="Shares of malicious clients."
    )
    seeds: tuple[StrictInt, ...] = Field((0,), min_length=1, max_length=_MOST, description="Seeds.")

    @field_validator("votes", "malicious", "seeds")
    @classmethod
    def _once(cls, given: tuple[Any, ...]) -> tuple[Any, ...]:
        _require_once(given)
        return given

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> "Grid":
        if NOBODY in self.attacks:
            raise ValueError(
                f"an attack is labelled {NOBODY!r}, as the clean runs are; give it another label"
            )
        own = {"settings": {"settings": self.settings}, "tasks": self.tasks, "deciders": self.deciders}
        for part, labelled in {**own, "attacks": self.attacks}.items():
            for label, given in labelled.items():
                _require_in_place(part, label, [name for name, value in given.items() if value is not None])
        return self

    @model_validator(mode="after")
    def _has_labels_for_files(self) -> "Grid":
        _require_printable(self.tasks, _LONGEST)
        _require_printable((*self.attacks, *self.deciders), _LONGEST_PATH)
        names = Counter(file_name(label) for label in self.tasks)
        for label in self.tasks:
            if names[file_name(label)] > 1:
                raise ValueError(f"the file of task {label!r} would be another's too; give it another label")
        return self

    @field_validator("settings")
    @classmethod
    def _with_underscores(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return underscored(given)

    @field_validator("tasks", "attacks", "deciders")
    @classmethod
    def _each_with_underscores(cls, given: Labelled) -> Labelled:
        return {label: underscored(each) for label, each in given.items()}

    @field_validator("attacks", mode="before")
    @classmethod
    def _attacks_by_name(cls, given: Any) -> Any:
        return _labelled(given, lambda name: {"attack": name})

    @field_validator("deciders", mode="before")
    @classmethod
    def _deciders_by_name(cls, given: Any) -> Any:
        return _labelled(given, _decider)

    @field_validator("seeds", mode="before")
    @classmethod
    def _as_many(cls, given: Any) -> Any:
        many = isinstance(given, int) and not isinstance(given, bool)
        if many and given < 1:
            raise ValueError(f"{given} seeds are none; expected 1 or more, or a list such as [0, 1, 2]")
        # No more than shows that there are too many.
        return tuple(range(min(given, _MOST + 1))) if many else given


DEFAULT = Grid(
    settings={"rounds": 30, "rows": 6_000},
    attacks={
        "label-flip": {"attack": "label-flip"},
        "sign-flip": {"attack": "sign-flip"},
        "gaussian": {"attack": "gaussian"},
        "free-rider": {"attack": "free-rider"},
        "min-max": {"attack": "min-max"},
        "reverse": {"attack": "reverse"},
        "backdoor": {"attack": "backdoor"},
        "aimed negative-mean": {"attack": "negative-mean", "aimed": 0.7},
    },
    deciders={
        "mean": {"defence": "mean"},
        "median": {"defence": "median"},
        "fltrust": {"defence": "fltrust"},
        "aggregate": {"policy": "aggregate"},
        "verdict": {"policy": "verdict"},
        DEFAULT_POLICY: {"policy": DEFAULT_POLICY},
    },
    votes=("honest", "own"),
)
"""Small enough for two processors and half an hour."""


@dataclass(frozen=True)
class Labels:
    """Which run of a grid one is.

    Attributes:
        task: Label of the task.
        decider: Label of the policy or defence.
        attack: Label of the attack; `NOBODY` for none.
        votes: How the coalition votes.
        malicious: η.
        seed: Of the run.
    """

    task: str
    decider: str
    attack: str
    votes: str
    malicious: float
    seed: int

    @property
    def clean(self) -> "Labels":
        """Of the run with nobody malicious that this one is compared with."""
        return Labels(self.task, self.decider, NOBODY, "honest", 0.0, self.seed)


@dataclass(frozen=True, eq=False)
class Cell:
    """One run of a grid.

    Attributes:
        labels: Of its parts.
        settings: What is played.
    """

    labels: Labels
    settings: SimulationSettings


def _unheard(cell: str) -> None:
    """Nobody listens."""


def read_grid(file: Path) -> Grid:
    """Return the grid that a YAML file holds.

    Raises:
        ArenaError: With one sentence on what is wrong with it.
    """
    content = read_mapping(file, "grid", ArenaError)
    try:
        return Grid(**{str(name): value for name, value in content.items()})
    except ValidationError as error:
        raise ArenaError(f"the grid {file}: {_sentence(error)}") from error


def cells(grid: Grid, data: Path | None = None, begun: Callable[[str], None] = _unheard) -> list[Cell]:
    """Return every run of a grid by seed, the clean ones first; `data` is what its tasks read that read any.

    Runs of the same rows follow one another, and are read once. `begun` is told of each before it is checked.

    Raises:
        ArenaError: When the settings of one cannot be, such as an unknown attack; nothing has been played.
    """
    grid = grid if data is None else _reading(grid, data)
    found = []
    for labels in (each for rows in product(grid.tasks, grid.seeds) for each in _of_rows(grid, *rows)):
        begun(_named(labels))
        found.append(_cell(grid, labels))
    return found


def _of_rows(grid: Grid, task: str, seed: int) -> list[Labels]:
    clean = [Labels(task, decider, NOBODY, "honest", 0.0, seed) for decider in grid.deciders]
    attacked = [
        Labels(task, decider, attack, votes, eta, seed)
        for decider, attack, eta in product(grid.deciders, grid.attacks, grid.malicious)
        for votes in _votes_of(grid, decider)
    ]
    return clean + attacked


def _named(labels: Labels) -> str:
    votes = "" if labels.votes in ("honest", _NO_VOTES) else f", votes {labels.votes},"
    return f"{labels.attack}{votes} against {labels.decider} on {labels.task}"


def _reading(grid: Grid, data: Path) -> Grid:
    tasks = {
        label: {"data": data, **task} if _takes_data({**grid.settings, **task}) else task
        for label, task in grid.tasks.items()
    }
    return grid.model_copy(update={"tasks": tasks})


def _takes_data(values: Mapping[str, Any]) -> bool:
    name = values.get("task", SimulationSettings.model_fields["task"].default)
    try:
        return bool(Named(name, values.get("task_options", {})).load().takes)
    except MLError as error:
        raise ArenaError(str(error)) from error


def _votes_of(grid: Grid, decider: str) -> Sequence[str]:
    return (_NO_VOTES,) if "defence" in grid.deciders[decider] else grid.votes


def _cell(grid: Grid, labels: Labels) -> Cell:
    fixed = {"engine": "reference", "baselines": False, "honest_only": True}
    task, decider = grid.tasks[labels.task], grid.deciders[labels.decider]
    values = {**fixed, **grid.settings, **task, **decider, "seed": labels.seed}
    values |= {"attack": "none"} if labels.attack == NOBODY else grid.attacks[labels.attack]
    values |= {"malicious": labels.malicious}
    if labels.votes != "honest" and "defence" not in decider:
        values |= {"coalition_votes": labels.votes}
    try:
        settings = parse_settings(values)
    except SettingsError as error:
        raise ArenaError(f"{_named(labels)}: {error}") from error
    bad, clients = len(Cast.of(settings).malicious), settings.clients
    if labels.attack != NOBODY and not 0 < bad < clients:
        raise ArenaError(
            f"malicious {labels.malicious:g} makes {bad} of {clients} clients malicious; expected some, and "
            "not all"
        )
    return Cell(labels, settings)


def _sentence(error: ValidationError) -> str:
    unknown = [each for each in error.errors(include_url=False) if each["type"] == "extra_forbidden"]
    if unknown:
        name = str(unknown[0]["loc"][0])
        return f"there is no key {quoted(name)}{nearest(name, Grid.model_fields)}"
    first = error.errors(include_url=False)[0]
    name, expected = ".".join(str(part) for part in first["loc"]), _EXPECTED.get(first["type"])
    if first["type"] == "missing":
        return f"there is no {name!r}, which a grid has to say{_NAMED_SO.get(name, '')}"
    if first["type"] == "value_error":
        return f"{name}: {first['ctx']['error']}" if name else str(first["ctx"]["error"])
    if first["loc"][-1] == "[key]":
        return (
            f"{'.'.join(map(str, first['loc'][:-2]))} has a name {quoted(first['input'])}; put it in quotes"
        )
    if expected is not None:
        example = (
            _NAMES.get(name, "")
            if expected.startswith("a mapping")
            else _EXAMPLES.get(str(first["loc"][0]), "...")
        )
        found = (
            f"has {len(first['input']):,}" if first["type"] == "too_long" else f"is {quoted(first['input'])}"
        )
        return f"{name} {found}; expected {expected.format(example)}"
    return first_fault(error, "the grid")
