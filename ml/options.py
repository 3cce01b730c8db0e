"""How a function of a registry, or a user's own, is called: arguments by position, options by keyword.

What values an option may have is said once, by its annotation: `scale: Annotated[float, Field(gt=0)] = 1.0`.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, PydanticUserError, TypeAdapter

from ml.blame import blamed
from ml.errors import SettingsError, TaskError
from ml.messages import nearest, quoted

_KINDS = {
    **{"number": "a number", "integer": "a whole number", "boolean": "true or false", "string": "text"},
    **{"array": "a list", "object": "a mapping"},
}
_BOUNDS = {
    **{"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below"},
    **{"maximum": "at most"},
}
"""Of JSON schema, in words."""
_LATER = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
"""What hands back nothing yet when it is called."""


def require_callable(
    function: Callable[..., Any], arguments: int, options: Mapping[str, Any], who: str
) -> None:
    """Refuse a function that cannot be called with so many arguments and these options.

    Values are those of an option's annotation; without one, of its default's type. Numbers are finite.

    Args:
        function: Of a registry or a user's own.
        arguments: How many it is given by position.
        options: What it is given by keyword.
        who: What it is called, such as "attack own.py:push".

    Raises:
        SettingsError: With the options that there are, or what a value was expected to be.
    """
    if any(asks(function) for asks in _LATER):
        raise SettingsError(
            f"{who} is a generator or async function; expected one that returns what it makes"
        )
    taken = _parameters(function, who)
    own = {each.name: each for each in _beyond(taken, arguments, who)}
    for parameter in own.values():
        if parameter.default is parameter.empty and parameter.name not in options:
            raise SettingsError(f"{who} has to be given its option {parameter.name!r}")
    for option, value in options.items():
        if option in own:
            _require_value(own[option], value, who)
        elif not any(each.kind is each.VAR_KEYWORD for each in taken):
            has = f"it has {', '.join(own)}{nearest(str(option), own)}" if own else "it has none"
            raise SettingsError(f"{who} has no option {quoted(option)}; {has}")


def _parameters(function: Callable[..., Any], who: str) -> Sequence[inspect.Parameter]:
    for as_types in (True, False):  # Annotations that are texts may name what is not there.
        try:
            with blamed(who):
                return list(inspect.signature(function, eval_str=as_types).parameters.values())
        except TaskError as error:
            cause = error
    raise SettingsError(f"{who} does not say what arguments it takes") from cause


def _beyond(taken: Sequence[inspect.Parameter], arguments: int, who: str) -> Sequence[inspect.Parameter]:
    """What is given by keyword, if it is given."""
    kinds = [each.kind for each in taken]
    by_position = [each for each in taken if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    nameless = [each for each in by_position if each.kind is each.POSITIONAL_ONLY]
    enough = len(by_position) >= arguments or inspect.Parameter.VAR_POSITIONAL in kinds
    if not enough or any(each.default is each.empty for each in nameless[arguments:]):
        raise SettingsError(
            f"{who} takes {len(by_position) or 'no'} argument{'s' * (len(by_position) > 1)} by position; "
            f"expected {arguments}, and options by keyword"
        )
    options = [each for each in by_position[arguments:] if each not in nameless]
    return options + [each for each in taken if each.kind is each.KEYWORD_ONLY]


def _require_value(parameter: inspect.Parameter, value: Any, who: str) -> None:
    adapter = _adapter(parameter)
    if adapter is None:
        return
    try:
        # As JSON, where a list may be a tuple, and true is no number.
        adapter.validate_json(json.dumps(value, default=str), strict=True)
    except (ValueError, TypeError, RecursionError) as error:  # Also of what is no JSON.
        raise SettingsError(
            f"{who}: option {parameter.name!r} is {quoted(value)}; "
            f"expected {_expected(adapter)}{_hint(value)}"
        ) from error


def _adapter(parameter: inspect.Parameter) -> TypeAdapter[Any] | None:
    """What values of an option are; None where nothing says it."""
    kind = parameter.annotation
    if kind is parameter.empty or isinstance(kind, str):
        # A whole number as a default does not say that fractions are none.
        kind = {bool: bool, int: float, float: float, str: str}.get(type(parameter.default))
    try:
        return None if kind is None else TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
    except PydanticUserError:
        return None  # A class of the user's own.


def _expected(adapter: TypeAdapter[Any]) -> str:
    try:
        schema = adapter.json_schema()
    except PydanticUserError:
        schema = {}
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    bounds = [f"{words} {schema[key]:,.10g}" for key, words in _BOUNDS.items() if key in schema]
    kind = _KINDS.get(schema.get("type", ""), "what its annotation says")
    return f"{kind} {' and '.join(bounds)}".strip()


def _hint(value: Any) -> str:
    """What YAML reads as text, such as 1e-3, as it should be written."""
    try:
        return f"; YAML reads this as text, write {float(value)!r}" if isinstance(value, str) else ""
    except ValueError:
        return ""
