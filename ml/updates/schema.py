"""The order, names and shapes of a model's parameters."""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ml.errors import SchemaError
from ml.updates.hashing import keccak256

_DIGEST_TAG = b"StakeFed schema 1"


class Form(Protocol):
    """All that naming an update's bytes takes: a `Schema`, or what an address book tells of one."""

    @property
    def size(self) -> int:
        """Number of parameters."""

    @property
    def digest(self) -> bytes:
        """32 bytes that bind names, shapes and order."""


@dataclass(frozen=True)
class Schema:
    """Ordered (name, shape) pairs: what position of a flat vector is which parameter.

    Attributes:
        entries: One pair per tensor, in the order of the flat vector; tensors are flattened row by row.

    Raises:
        SchemaError: On no entries, a repeated or empty name, or a dimension below 1.

    >>> Schema((("weight", (2, 3)), ("bias", (3,)))).size
    9
    """

    entries: tuple[tuple[str, tuple[int, ...]], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.entries]
        if not names or not all(names) or len(set(names)) != len(names):
            raise SchemaError(f"a schema needs distinct, non-empty parameter names, got {names}")
        for name, shape in self.entries:
            if any(dimension < 1 for dimension in shape):
                raise SchemaError(
                    f"parameter {name!r} has shape {shape}, empty; every dimension must be at least 1: "
                    "leave it out"
                )

    @cached_property
    def size(self) -> int:
        """Number of parameters."""
        return sum(math.prod(shape) for _, shape in self.entries)

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that bind names, shapes and order (Keccak-256 of a length-prefixed encoding)."""
        parts = [_DIGEST_TAG, struct.pack("<Q", len(self.entries))]
        for name, shape in self.entries:
            encoded = name.encode()
            parts += [struct.pack("<Q", len(encoded)), encoded]
            parts += [struct.pack(f"<Q{len(shape)}Q", len(shape), *shape)]
        return keccak256(b"".join(parts))

    def slices(self) -> Iterator[tuple[str, tuple[int, ...], slice]]:
        """Yield (name, shape, slice of the flat vector) in order."""
        start = 0
        for name, shape in self.entries:
            stop = start + math.prod(shape)
            yield name, shape, slice(start, stop)
            start = stop

    @property
    def first_weights(self) -> slice:
        """Where the first tensor of two dimensions or more lies, which reads the rows; empty without one.

        >>> Schema((("bias", (3,)), ("weight", (2, 3)))).first_weights
        slice(3, 9, None)
        """
        return self.first_matrix()[0]

    def first_matrix(self, least: int = 1) -> tuple[slice, int]:
        """Return where the first tensor of two dimensions and `least` parameters or more lies, and its rows.

        Empty, of no rows, without one.

        >>> Schema((("weight", (2, 3)), ("bias", (3,)), ("next", (3, 4)))).first_matrix(least=10)
        (slice(9, 21, None), 3)
        """
        matrices = ((place, shape[0]) for _, shape, place in self.slices() if len(shape) > 1)
        large = (found for found in matrices if found[0].stop - found[0].start >= least)
        return next(large, (slice(0, 0), 0))

    @classmethod
    def of(cls, entries: Sequence[tuple[str, Sequence[int]]]) -> "Schema":
        """Return the schema of `entries`, whose shapes may be any sequences of integers."""
        return cls(tuple((name, tuple(int(dimension) for dimension in shape)) for name, shape in entries))
