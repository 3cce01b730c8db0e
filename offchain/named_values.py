"""Settings by name from a command line."""

from collections.abc import Iterable, Mapping
from typing import Any

from ml.messages import quoted, reason
from offchain.errors import SettingsError
from offchain.yaml_file import read_value


def named_values(pairs: Iterable[str]) -> dict[str, Any]:
    """Return settings by name from texts such as "device=cuda"; a value is read as YAML reads it.

    Raises:
        SettingsError: When a text is no such pair.

    >>> named_values(["clients=8", "model=densenet121"])
    {'clients': 8, 'model': 'densenet121'}
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals and text):
            raise SettingsError(f"{quoted(pair)} is no setting; expected NAME=VALUE, such as clients=8")
        field = name.replace("-", "_")
        if field in found:
            raise SettingsError(f"{quoted(field)} is given twice; leave one of both out")
        try:
            found[field] = read_value(text)
        except ValueError as error:
            raise SettingsError(f"the value of {quoted(pair)} cannot be read: {reason(error)}") from error
    return found


def underscored(settings: Mapping[Any, Any]) -> dict[str, Any]:
    """Return settings of which hyphens in names are underscores, as fields have them.

    Raises:
        ValueError: When one stands there in both ways: one of both values would be thrown away.

    >>> underscored({"local-epochs": 2})
    {'local_epochs': 2}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        field = str(name).replace("-", "_")
        if field in found:
            raise ValueError(f"{quoted(field)} stands there twice, with a hyphen and with an underscore")
        found[field] = value
    return found
