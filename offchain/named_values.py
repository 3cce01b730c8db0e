"""Settings by name from a command line."""

from collections.abc import Iterable
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
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals and text):
            raise SettingsError(f"{quoted(pair)} is no setting; expected NAME=VALUE, such as clients=8")
        try:
            found[name.replace("-", "_")] = read_value(text)
        except ValueError as error:
            raise SettingsError(f"the value of {quoted(pair)} cannot be read: {reason(error)}") from error
    return found
