"""Structured logs: a line of text for people or of JSON for machines, on standard error."""

import json
import logging
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ml.messages import cleaned

LEVELS = ("debug", "info", "warning", "error")

_OWN = "offchain"
_PLAIN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class TextFormatter(logging.Formatter):
    """Time, level, message, and the record's extra values as name=value; one line, whatever is in them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        values = "".join(f" {name}={cleaned(value)}" for name, value in _values(record).items())
        return f"{moment} {record.levelname.lower():7} {cleaned(record.getMessage())}{values}"


class JsonFormatter(logging.Formatter):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": cleaned(record.getMessage()),
            **_values(record),
        }
        return json.dumps(entry, default=str)


def start_logging(log_format: str, level: str) -> None:
    """Log this package's records of `level` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logger = logging.getLogger(_OWN)
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def log_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--log-format` and `--log-level`, and starts logging before the command does anything."""

    @wraps(function)
    def logged(*args: Any, log_format: str, log_level: str, **others: Any) -> Any:
        start_logging(log_format, log_level)
        return function(*args, **others)

    with_level = click.option(
        "--log-level",
        type=click.Choice(LEVELS),
        default="info",
        show_default=True,
        help="Least serious records that are logged.",
    )(logged)
    return click.option(
        "--log-format",
        type=click.Choice(("text", "json")),
        default="text",
        show_default=True,
        help="How they are written to standard error.",
    )(with_level)


def _values(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}
