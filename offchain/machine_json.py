"""JSON for programs: it says what it is and in which form; amounts are text, since they exceed a float."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Literal

Kind = Literal["status", "statement", "verification", "health"]

VERSIONS: Mapping[Kind, int] = {"status": 1, "statement": 1, "verification": 1, "health": 1}
"""By what the JSON is of. Counts up when a value changes its meaning or goes; not when one is added."""


def finite(content: Any) -> Any:
    """Return content in which numbers that JSON has none of, such as a score that is undefined, are null.

    >>> finite({"scores": [0.5, float("nan")]})
    {'scores': [0.5, None]}
    """
    if isinstance(content, Mapping):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not isfinite(content) else content


def for_programs(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return content that says first what it is.

    >>> for_programs("status", {"round": 3})
    {'schema': 'stakefed.status/1', 'round': 3}
    """
    return {"schema": f"stakefed.{kind}/{VERSIONS[kind]}", **content}


def json_text(kind: Kind, content: Mapping[str, Any], indent: int | None = 2) -> str:
    """Return content as the text of a `--json`; without `indent` it is one line."""
    return json.dumps(finite(for_programs(kind, content)), indent=indent, allow_nan=False)
