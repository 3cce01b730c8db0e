"""Artefacts in the memory of this process: the simulation's store."""


class MemoryStore:
    """A `Store` that one process shares with itself.

    Attributes:
        name: What messages call it.
    """

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self._artefacts: dict[bytes, bytes] = {}

    def get(self, root: bytes, size: int) -> bytes | None:
        """Return what is kept under `root`, of whatever size; None when nothing is."""
        return self._artefacts.get(root)

    def put(self, root: bytes, data: bytes) -> None:
        """Keep `data` under `root`."""
        self._artefacts[root] = data

    def check(self, size: int = 0) -> None:
        """Memory can always be written."""

    def clear(self) -> None:
        """Forget everything: a finished round's bytes live on in the global model."""
        self._artefacts.clear()
