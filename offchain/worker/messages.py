"""What a process and its worker tell each other: values as JSON, arrays as safetensors, no pickle."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from ml.json_text import parsed
from ml.updates.tensors import tensors_in
from offchain.errors import WorkerError

MOST_TEXT = 1 << 24


class Readable(Protocol):
    """What gives so many bytes, or fewer at its end."""

    def read(self, size: int, /) -> bytes:
        """Return them."""
        ...


class Writable(Protocol):
    """What takes bytes, all of them."""

    def write(self, data: bytes, /) -> object:
        """Take them."""
        ...

    def flush(self) -> object:
        """Keep none back."""
        ...


_LENGTHS = struct.Struct("<QQ")


@dataclass(frozen=True, eq=False)
class Message:
    """One question or answer.

    Attributes:
        values: What JSON holds.
        arrays: By name.
    """

    values: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def write(pipe: Writable, message: Message) -> None:
    """Write a message.

    Raises:
        OSError: When nobody reads any more.
    """
    text = json.dumps(message.values).encode()
    arrays = save({name: np.ascontiguousarray(array) for name, array in message.arrays.items()})
    pipe.write(_LENGTHS.pack(len(text), len(arrays)))
    pipe.write(text)
    pipe.write(arrays)
    pipe.flush()


def read(pipe: Readable, most: int | None = None) -> Message | None:
    """Return the next message; None where there will be none.

    Args:
        pipe: From it.
        most: Bytes of arrays that it may have; None for any number.

    Raises:
        WorkerError: When what comes is no message, or a larger one.
    """
    lengths = pipe.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    text, arrays = _LENGTHS.unpack(lengths)
    if most is not None and (text > MOST_TEXT or arrays > most):
        raise WorkerError(
            f"a message of {text:,} and {arrays:,} bytes came, expected at most {MOST_TEXT:,} and {most:,}"
        )
    content = pipe.read(text), pipe.read(arrays)
    if len(content[0]) < text or len(content[1]) < arrays:
        return None
    try:
        values = parsed(content[0])
        if not isinstance(values, dict):
            raise WorkerError(f"a message of {type(values).__name__} came, values by name were expected")
        return Message(values, tensors_in(content[1]))
    except ValueError as error:
        raise WorkerError(f"a message came that cannot be read ({error})") from error
