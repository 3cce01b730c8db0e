"""Functions by name: of a registry, or a user's own as `FILE.py:function` or `package.module:function`."""

import importlib
import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ml.blame import blamed
from ml.errors import MLError, SettingsError
from ml.home import at_home
from ml.messages import nearest, quoted
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
    file = own_file(name)
    if file is not None:
        if not os.path.isfile(file):
            raise SettingsError(f"there is no file {place}, which should hold the {what} {function}")
        return load_function(name, what)
    if not is_own(name) or not _is_installed(place):
        known, near = ", ".join(registry), nearest(name, registry)
        raise SettingsError(
            f"there is no {what} {quoted(name)}; use FILE.py:function or one of {known}{near}"
        )
    with blamed(f"{what} {name}"):
        found = getattr(importlib.import_module(place), function, None)
    if not callable(found):
        raise SettingsError(f"{place} has no function {function!r}")
    made: Callable[..., Any] = found
    return made


def is_own(name: str | None) -> bool:
    """Return whether a name is of a user's own function, not of a registry.

    >>> is_own("own.py:push"), is_own("package.module:push"), is_own("median"), is_own(None)
    (True, True, False, False)
    """
    return ":" in (name or "")


def own_file(name: str | None) -> Path | None:
    """Return the file of a user's own function; None of an installed one's, and of a registry's.

    >>> own_file("own.py:push"), own_file("package.module:push"), own_file("median")
    (PosixPath('own.py'), None, None)
    """
    place = (name or "").rpartition(":")[0]
    return at_home(place) if place.endswith(".py") else None


def _is_installed(module: str) -> bool:
    if not all(part.isidentifier() for part in module.split(".")):
        return False
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, MLError):
        return False
