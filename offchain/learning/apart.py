"""What is computed of a task once, beside a key: in a worker where the code is others', or else here."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from offchain.errors import WorkerError
from offchain.learning.description import Learning
from offchain.learning.finding import Here
from offchain.worker.limits import START_SECONDS
from offchain.worker.messages import Message
from offchain.worker.process import Worker

WHAT = "the process that runs the task's code"
SLACK_BYTES = 1 << 20
"""Of an answer, beside a model."""

Result = Learning | np.ndarray[Any, np.dtype[np.int32]] | None


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    function: str
    learning: Learning
    here: Here
    more: list[Any]


def beside_key(
    function: Callable[..., Result],
    learning: Learning,
    here: Here,
    hidden: Sequence[Path],
    first: np.ndarray[Any, np.dtype[np.int32]] | None = None,
    *more: str,
) -> Any:
    """Return what a function finds of a description and its task, computed where no key is.

    Args:
        function: Takes the description, where the task is, and what follows; of this project.
        learning: The description.
        here: Where its task is.
        hidden: Files and folders that the task's code is not to see.
        first: A model int32 [size], where the function takes one.
        more: Whatever else it takes.

    Raises:
        OffchainError: What the function refuses, likewise MLError; and when the process ended.
    """
    if not here.named(learning.task, learning.task_options).is_foreign:
        return function(learning, here, *_given(first), *more)
    asked = _Asked(
        function=f"{function.__module__}:{function.__qualname__}",
        learning=learning,
        here=here,
        more=list(more),
    )
    opening = Message(asked.model_dump(mode="json"), {"first": first} if first is not None else {})
    most = SLACK_BYTES + 4 * learning.schema_.size
    worker = Worker(f"{__name__}:found", opening, WHAT, most, START_SECONDS, hidden, "loading the task")
    try:
        return _result(worker.open(), learning)
    finally:
        worker.close()


class Found:
    """In the worker: a function's result, and no more answers.

    Attributes:
        opened: The result.
    """

    def __init__(self, opened: Message) -> None:
        self.opened = opened

    def answer(self, asked: Message) -> Message:
        """Refuse."""
        raise WorkerError("everything was answered")


def found(opening: Message) -> Found:
    """Return what a function finds, in the worker.

    Raises:
        OffchainError: What it refuses; likewise MLError.
    """
    asked = _Asked.model_validate(opening.values)
    module, _, name = asked.function.partition(":")
    function, first = getattr(import_module(module), name), opening.arrays.get("first")
    return Found(_told(function(asked.learning, asked.here, *_given(first), *asked.more)))


def _given(first: Any) -> list[Any]:
    return [] if first is None else [first]


def _told(result: Result) -> Message:
    if isinstance(result, Learning):
        return Message({"learning": result.model_dump(mode="json")})
    return Message({}, {} if result is None else {"model": result})


def _result(answer: Message, learning: Learning) -> Result:
    """What was found, if it is of a kind that can be: code of others may have written it."""
    if "learning" in answer.values:
        try:
            return Learning.model_validate(answer.values["learning"])
        except ValidationError as error:
            raise WorkerError(f"{WHAT} answers what is no description of it") from error
    model = answer.arrays.get("model")
    if model is not None and (model.dtype != np.int32 or model.shape != (learning.schema_.size,)):
        raise WorkerError(f"{WHAT} answers a model of another shape")
    return model
