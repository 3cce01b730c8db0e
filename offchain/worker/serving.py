"""The worker's side: one service, made of the first message, that answers all others."""

from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, Protocol

from ml.errors import MLError
from offchain.errors import OffchainError
from offchain.worker.messages import Message, read, write


def name_of(kind: type[Exception]) -> str:
    """Return the name under which what is refused crosses."""
    return f"{kind.__module__}.{kind.__qualname__}"


class Service(Protocol):
    """What answers in a worker.

    Attributes:
        opened: What it says of itself, once.
    """

    opened: Message

    def answer(self, asked: Message) -> Message:
        """Return the answer to a question."""
        ...


def serve(name: str, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until nobody asks any more; what is refused is an answer too.

    Args:
        name: module:function that makes the service of the first message.
        questions: From here.
        answers: Written there.
    """
    module, _, function = name.partition(":")
    made: Callable[[Message], Service] = getattr(import_module(module), function)
    service: Service | None = None
    while (asked := read(questions)) is not None:
        try:
            if service is None:
                service = made(asked)
                answer = service.opened
            else:
                answer = service.answer(asked)
        except (MLError, OffchainError) as error:
            answer = Message({"refused": name_of(type(error)), "told": str(error)})
        write(answers, answer)
