"""The settings as command-line options, made from the fields themselves so that help and bounds agree."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from ml.settings import ALLOWED_MISSING
from offchain import first_edition
from offchain.errors import SettingsError
from offchain.finite_range import FiniteRange
from offchain.named_values import named_values
from offchain.settings import SimulationSettings
from offchain.user_path import UserPath

OPTIONS = (
    "clients",
    "malicious",
    "malicious_voters",
    "rounds",
    "policy",
    "shadow_policy",
    "memory",
    "attack",
    "attack_options",
    "aimed",
    "coalition_votes",
    "sleep_until",
    "withhold_bytes",
    "commitments_broken",
    "defence",
    "assumed_faulty",
    "task",
    "task_options",
    "data",
    "clients_data",
    "shares",
    "dirichlet_alpha",
    "metric",
    "train",
    "dp_epsilon",
    "dp_delta",
    "dp_clip",
    "dp_updates",
    "proposer_stake",
    "voter_stake",
    "tolerance",
    "local_epochs",
    "batch",
    "learning_rate",
    "least_steps",
    "honest_only",
    "engine",
    "relay",
    "seed",
    "device",
)
"""Fields with an option of their own; the others are set in a settings file."""

_LEARNED = ("task", "task_options", "data", "clients_data")

_WORDED_DEFAULTS = (
    *("task_options", "data", "clients_data", "metric", "train", "shadow_policy", "dp_epsilon"),
    *("attack_options", "aimed", "coalition_votes", "sleep_until", "defence", "assumed_faulty"),
)
# What their descriptions say, or nothing.

_METAVARS = {
    "policy": "POLICY",
    "shadow_policy": "POLICY",
    "dp_epsilon": "EPSILON",
    "aimed": "SHARE",
    "sleep_until": "TOKENS",
    "assumed_faulty": "INTEGER",
}

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_options(function: Command) -> Command:
    """Adds one option per field of OPTIONS; one that is not given arrives as None.

    The first edition's names of options of tasks go on working, and are not shown.
    """
    return settings_of_play({}, ())(function)


def settings_of_play(instead: Mapping[str, object], hidden: Collection[str]) -> Callable[[Command], Command]:
    """Adds the same for a command that plays rounds of its own kind.

    Args:
        instead: By field, the command's own default.
        hidden: Fields that change nothing there; their options are taken, and not shown.
    """

    def add(function: Command) -> Command:
        for name in first_edition.SHORT:
            function = click.option(f"--{name.replace('_', '-')}", name, hidden=True)(function)
        function = _rows_options(function)
        for name in reversed(OPTIONS):
            field, default = SimulationSettings.model_fields[name], instead.get(name)
            function = _option(name, field, default, is_hidden=name in hidden)(function)
        return function

    return add


def task_settings(instead: Mapping[str, str]) -> Callable[[Command], Command]:
    """Adds those of the options that say what is learned from which rows, for what has a task of its own.

    Args:
        instead: By field, what there is where the option is not given.
    """

    def add(function: Command) -> Command:
        function = _rows_options(function)
        for name in reversed(_LEARNED):
            function = _option(name, SimulationSettings.model_fields[name], instead.get(name))(function)
        return function

    return add


def _rows_options(function: Command) -> Command:
    function = click.option(
        "--allow-missing",
        type=FiniteRange(0, 1),
        metavar="SHARE",
        help="Share of a table's rows that may be left out for gaps or what cannot be read.  [default: "
        f"{ALLOWED_MISSING}]",
    )(function)
    return click.option(
        "--accept-rows",
        is_flag=True,
        default=None,
        help="Go on though rows look unlike those that an encoding was fitted on.",
    )(function)


def _option(
    name: str, field: FieldInfo, instead: object = None, is_hidden: bool = False
) -> Callable[[Command], Command]:
    text = _as_options(field.description or "")
    if instead is not None or name not in _WORDED_DEFAULTS:
        text = f"{text.rstrip('.')}.  [default: {field.default if instead is None else instead}]"
    metavar = _METAVARS.get(name, "TOKENS" if name.endswith("_stake") else None)
    shown: dict[str, Any] = {"help": text, "hidden": is_hidden}
    if name.endswith("_options"):
        option = f"--{name.removesuffix('s').replace('_', '-')}"
        return click.option(option, name, multiple=True, metavar="NAME=VALUE", callback=_named, **shown)
    if name == "task":
        return click.option("--task", "--dataset", name, metavar="TASK", **shown)
    if field.annotation is bool:
        flag = name.replace("_", "-")
        return click.option(f"--{flag}/--no-{flag}", name, default=None, **shown)
    return click.option(f"--{name.replace('_', '-')}", name, type=_type(field), metavar=metavar, **shown)


def _as_options(text: str) -> str:
    """A field's description, with the options that set the fields which it names."""
    return re.sub(r"\b[a-z]+_[a-z_]+\b", lambda name: f"--{name[0].replace('_', '-')}", text)


def _named(context: click.Context, parameter: click.Parameter, pairs: Sequence[str]) -> dict[str, Any] | None:
    try:
        return named_values(pairs) or None
    except SettingsError as error:
        raise click.BadParameter(str(error)) from error


def _type(field: FieldInfo) -> Any:
    names = [part for part in _parts(field.annotation) if get_origin(part) is Literal]
    if names:
        return click.Choice(get_args(names[0]))
    if field.annotation in (int, float):
        return field.annotation
    # Tokens stay text: a float would not be the decimal number that was typed.
    return UserPath() if field.annotation == Path | None else str


def _parts(annotation: Any) -> list[Any]:
    """A type, or those of a union, however deep."""
    parts = get_args(annotation) if get_origin(annotation) is not Literal else ()
    return [annotation, *(deeper for part in parts for deeper in _parts(part))]
