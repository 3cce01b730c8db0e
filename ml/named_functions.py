"""Functions by name: of a registry, or a user's own as `FILE.py:function` or `package.module:function`."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ml.errors import MLError, SettingsError
from ml.messages import nearest
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
        raise SettingsError(
            f"there is no {what} {name!r}; use FILE.py:function or one of {known}{nearest(name, registry)}"
        )
    with blamed(f"{what} {name}"):
        found = getattr(importlib.import_module(place), function, None)
    if not callable(found):
        raise SettingsError(f"{place} has no function {function!r}")
    made: Callable[..., Any] = found
    return made


def _is_installed(module: str) -> bool:
    if not all(part.isidentifier() for part in module.split(".")):
        return False
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, MLError):
        return False
