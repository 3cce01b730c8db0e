"""Files that people write."""

from pathlib import Path
from typing import Any

import yaml

from offchain.errors import OffchainError


def read_mapping(path: Path, what: str, refusal: type[OffchainError]) -> dict[Any, Any]:
    """Return the mapping of names to values that a YAML file holds.

    Args:
        path: The file.
        what: What it is, in messages.
        refusal: What is raised when it is not there or not readable as such.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise refusal(f"there is no {what} {path}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise refusal(f"{what} {path} cannot be read as YAML: {reason}") from error
    if not isinstance(content, dict):
        raise refusal(f"{what} {path} holds no mapping of names to values")
    return content
