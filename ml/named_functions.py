"""Functions by name: of a registry, or a user's own as `FILE.py:function` or `package.module:function`."""

import importlib
import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ml.blame import blamed
from ml.errors import SettingsError, TaskError
from ml.home import at_home
from ml.messages import nearest, quoted
from ml.tasks.loading import function_in, load_function


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
    if is_own(name) and _is_installed(place, f"{what} {name}"):
        with blamed(f"{what} {name}"):
            module = importlib.import_module(place)
        return function_in(module, function, place)
    known, near = ", ".join(registry), nearest(name, registry)
    raise SettingsError(
        f"there is no {what} {quoted(name)}{_hint(name)}; use FILE.py:function or one of {known}{near}"
    )


def _hint(name: str) -> str:
    if name.endswith(".py") and os.path.isfile(at_home(name)):
        return f", but such a file: say which of its functions, as {name}:NAME"
    place = name.rpartition(":")[0]
    return f": no module {quoted(place)} is installed" if place else ""


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


def _is_installed(module: str, what: str) -> bool:
    """Whether there is such a module; packages that it is in run to find it."""
    if not all(part.isidentifier() for part in module.split(".")):
        return False
    try:
        with blamed(what):
            return importlib.util.find_spec(module) is not None
    except TaskError as error:
        cause = error.__cause__
        if isinstance(cause, ValueError) or (
            isinstance(cause, ModuleNotFoundError) and f"{module}.".startswith(f"{cause.name}.")
        ):
            return False
        raise
