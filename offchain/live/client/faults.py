"""Several things that are wrong, told together: who mends the first would else only then read the second."""

from collections.abc import Iterator
from contextlib import contextmanager

from ml.errors import MLError
from offchain.errors import OffchainError


class Faults:
    """What was found to be wrong so far."""

    def __init__(self) -> None:
        self._found: list[OffchainError | MLError] = []

    @property
    def any(self) -> bool:
        """Whether something was."""
        return bool(self._found)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Keep the fault that ends this block, and go on after it."""
        try:
            yield
        except (OffchainError, MLError) as error:
            self._found.append(error)

    def require_none(self) -> None:
        """Raise what was found: one fault as it is, several as one sentence.

        Raises:
            OffchainError: When anything was; also for several.
            MLError: When the only one is of this kind.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            listed = "; ".join(f"({number}) {error}" for number, error in enumerate(self._found, start=1))
            raise OffchainError(f"{len(self._found)} things are wrong: {listed}")
