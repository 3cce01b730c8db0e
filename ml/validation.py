"""What pydantic found wrong, for the person who has to mend it; what it leaves out of digests."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

from pydantic import BaseModel, ValidationError, model_validator

from ml.messages import quoted


class Written(BaseModel):
    """What people write in files: yes is none of its numbers, though Python takes it for 1."""

    @model_validator(mode="before")
    @classmethod
    def _no_yes(cls, given: Any) -> Any:
        """Refuse true and false where a field is neither."""
        for name, value in given.items() if isinstance(given, Mapping) else ():
            parts = value if isinstance(value, list | tuple) else (value,)
            field = cls.model_fields.get(name) if isinstance(name, str) else None
            if field and any(isinstance(part, bool) for part in parts) and is_number(field.annotation):
                raise ValueError(f"{name} is {quoted(value)}; expected a number, no yes or no")
        return given


def is_number(annotation: Any) -> bool:
    """Return whether values of a type may be numbers, and not true or false.

    >>> is_number(int | None), is_number(tuple[float, ...]), is_number(bool | int), is_number(str)
    (True, True, False, False)
    """
    kinds = _kinds(annotation)
    return any(kind in kinds for kind in (int, float, Decimal)) and not (bool in kinds or Any in kinds)


def _kinds(annotation: Any) -> list[Any]:
    parts = get_args(annotation)
    return [kind for part in parts for kind in _kinds(part)] if parts else [annotation]


def first_fault(error: ValidationError, whole: str) -> str:
    """Return where the first fault is and what it is, without the value, which may be a stranger's or long.

    Args:
        error: Of a model's validation.
        whole: What to call it when the fault is nowhere in particular.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or whole
    return f"{where}: {first['msg']}"


def first_fault_with_value(error: ValidationError, whole: str) -> str:
    """Return `first_fault` with the value, shortened; for what the one who reads it gave."""
    return f"{first_fault(error, whole)}, got {quoted(error.errors(include_url=False)[0]['input'])}"


def is_unsaid(value: Any) -> bool:
    """Return whether what later editions may say is not said: digests of the earlier ones stay as they were.

    For `exclude_if` of a field whose default is None, zero or empty.
    """
    return not value


def is_none(value: Any) -> bool:
    """Return whether nothing is said where 0 or nothing within says something; see `is_unsaid`."""
    return value is None
