"""A client's artefacts: its own cache in front of the stores, and whatever is slow beside the loop."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ml.updates.schema import Schema
from offchain.errors import StoreError
from offchain.live.client.background import Background
from offchain.live.watching.rounds import Publication
from offchain.stores.artefacts import Artefacts
from offchain.stores.files import FileStore


class ClientArtefacts:
    """What a client made, fetched and shows.

    The cache can be deleted: what is in it comes back from the stores, or from training again.

    Args:
        folder: The cache.
        shared: The stores.
        schema: The model's.
    """

    def __init__(self, folder: Path, shared: Artefacts, schema: Schema) -> None:
        self._folder = folder
        self._cache = Artefacts([FileStore(str(folder))], schema)
        self._shared = shared
        self._fetched: Background[bytes, bytes] = Background()
        self._shown: Background[bytes, bool] = Background()
        self._restored: Background[bytes, bool] = Background()

    def check(self) -> None:
        """Find out now whether cache and stores can be read and written.

        Raises:
            StoreError: When one cannot.
        """
        self._cache.check()
        self._shared.check()

    def get(self, root: bytes) -> bytes | None:
        """Return an artefact, from the cache or, slowly, from the stores; None when nobody has it."""
        data = self._cache.get(root)
        if data is not None:
            return data
        data = self._shared.get(root)
        if data is not None:
            self._cache.put(root, data)
        return data

    def keep(self, round_: int, root: bytes, data: bytes) -> None:
        """Keep one's update of a round in the cache, and nowhere else: before it is published nobody sees it.

        Raises:
            StoreError: When the disk does not take it.
        """
        self._cache.put(root, data)
        try:
            self._note(round_).write_text(root.hex(), encoding="ascii")
        except OSError as error:
            raise StoreError(f"cache {self._folder} cannot be written: {error}") from error

    def kept(self, round_: int) -> tuple[bytes, bytes] | None:
        """Return root and bytes of one's update of a round; None when this cache has none."""
        try:
            root = bytes.fromhex(self._note(round_).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        data = self._cache.get(root)
        return None if data is None else (root, data)

    def collect(self, published: Mapping[int, Publication]) -> dict[int, bytes | None]:
        """Return what has arrived of published updates, by seat position; the others are fetched beside."""
        return {
            position: self._fetched.ask(each.root, partial(self.get, each.root))
            for position, each in published.items()
        }

    def show(self, root: bytes, data: bytes) -> bool:
        """Put an artefact into the stores, if there are any, beside the loop; whether that is done."""
        if not self._shared.stores:
            return False
        return bool(self._shown.ask(root, partial(self._put, root, data)))

    def restore(self, published: Mapping[int, Publication]) -> None:
        """Put fetched updates back, beside the loop, into the stores that lack them by now.

        A proposer may show its update to a few and take it away again: shown to one it is shown to all.
        """
        for each in published.values():
            if data := self._cache.get(each.root):
                self._restored.ask(each.root, partial(self._put_back, each.root, data))

    def finish(self, seconds: float) -> None:
        """Wait, `seconds` at most for each, for what is on its way to the stores."""
        self._shown.wait(seconds)
        self._restored.wait(seconds)

    def _put(self, root: bytes, data: bytes) -> bool:
        self._shared.put(root, data)
        return True

    def _put_back(self, root: bytes, data: bytes) -> bool:
        self._shared.restore(root, data)
        return True

    def _note(self, round_: int) -> Path:
        return self._folder / f"round-{round_}.root"
