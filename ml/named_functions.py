"""Functions by name: of a registry, or a user's own as `FILE.py:function` or `package.module:function`."""

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ml.errors import MLError, SettingsError
from ml.tasks.blame import blamed
from ml.tasks.loading import load_function


def named_function(name: str, registry: Mapping[str, Callable[..., Any]], what: str) -> Callable[..., Any]:
    """Return the function that `name` says.

    Args:
        name: Of the registry, `FILE.py:function`, or `package.module:function` of what is installed.
        registry: Built-in ones.
        what: What it is called, such as "attack".

    Raises:
        SettingsError: When there is none; the sentence lists the known ones.
        MLError: When its file cannot be loaded.
    """
    if name in registry:
        return registry[name]
    place, _, function = name.rpartition(":")
    if place.endswith(".py"):
        if not Path(place).is_file():
            raise SettingsError(f"there is no file {place}, which should hold the {what} {function}")
        return load_function(name, what)
    if not place or not _is_installed(place):
        known = ", ".join(registry)
        raise SettingsError(f"there is no {what} {name!r}; use FILE.py:function or one of {known}")
    with blamed(f"{what} {name}"):
        found = getattr(importlib.import_module(place), function, None)
    if not callable(found):
        raise SettingsError(f"{place} has no function {function!r}")
    made: Callable[..., Any] = found
    return made


def require_options(function: Callable[..., Any], options: Mapping[str, Any], name: str, what: str) -> None:
    """Refuse options that a function does not have, or has and is not given; its first argument is none.

    Raises:
        SettingsError: With the options that there are.
    """
    taken = list(inspect.signature(function).parameters.values())
    if not taken:
        raise SettingsError(f"{what} {name} takes no argument; expected one, and options by keyword")
    own = [each for each in taken[1:] if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)]
    known = [each.name for each in own]
    missing = [each.name for each in own if each.default is each.empty and each.name not in options]
    if missing:
        raise SettingsError(f"{what} {name} has to be given its option {missing[0]!r}")
    if any(each.kind is each.VAR_KEYWORD for each in taken):
        return
    for option in options:
        if option not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise SettingsError(f"{what} {name} has no option {option!r}; {has}")


def _is_installed(module: str) -> bool:
    if not all(part.isidentifier() for part in module.split(".")):
        return False
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, MLError):
        return False
