"""What a store must offer."""

from typing import Protocol


class Store(Protocol):
    """Bytes by the 32-byte Merkle root that names them; knows no chain and is not trusted.

    Attributes:
        name: What messages call it, without secrets.
    """

    name: str

    def get(self, root: bytes, size: int) -> bytes | None:
        """Return what is kept under `root`; None when nothing is.

        Args:
            root: 32 bytes.
            size: Bytes that an artefact has; more are never held in memory.

        Raises:
            StoreError: When the store cannot be read, or holds another number of bytes.
        """

    def put(self, root: bytes, data: bytes) -> None:
        """Keep `data` under `root`, whole or not at all, whatever was there before.

        Raises:
            StoreError: When the store refuses or cannot be reached.
        """

    def check(self, size: int = 0) -> None:
        """Find out now whether the store can be read and written.

        Args:
            size: Bytes that an artefact has, for which there is to be room where that can be told.

        Raises:
            StoreError: When it cannot, with one sentence on why.
        """
