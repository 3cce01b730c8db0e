"""Settings by name from a command line."""

from collections.abc import Iterable
from typing import Any

import yaml

from ml.messages import reason
from offchain.errors import SettingsError


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
            raise SettingsError(f"{pair!r} is no setting; expected NAME=VALUE, such as clients=8")
        try:
            found[name.replace("-", "_")] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SettingsError(f"the value of {pair!r} cannot be read: {reason(error)}") from error
    return found
