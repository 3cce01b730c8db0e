"""Where update bytes are kept, by content."""

from ml.canonical import digest
from ml.errors import UpdateError
from ml.schema import Schema


class ArtefactStore:
    """Update bytes by Merkle digest, in memory; a deployment would use any content-addressed store.

    Whoever fetches checks: the store is not trusted.
    """

    def __init__(self) -> None:
        self._artefacts: dict[bytes, bytes] = {}

    def put(self, root: bytes, data: bytes) -> None:
        """Keep `data` under the digest `root` that its owner claims."""
        self._artefacts[root] = data

    def get(self, root: bytes) -> bytes | None:
        """Return what is kept under `root`; None when nothing is."""
        return self._artefacts.get(root)

    def clear(self) -> None:
        """Forget everything: a finished round's bytes live on in the global model."""
        self._artefacts.clear()


def fetch(store: ArtefactStore, root: bytes, schema: Schema) -> bytes | None:
    """Return the bytes whose digest is `root`; None when they are missing or others than claimed."""
    data = store.get(root)
    if data is None:
        return None
    try:
        return data if digest(data, schema) == root else None
    except UpdateError:
        return None
