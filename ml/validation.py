"""What pydantic found wrong, for the person who has to mend it; what it leaves out of digests."""

from typing import Any

from pydantic import ValidationError

from ml.messages import quoted


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
