"""A client's artefacts: its own cache in front of the stores, and whatever is slow beside the loop."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path

from ml.messages import reason
from ml.private_files import replacing
from ml.updates.schema import Schema
from offchain.errors import StoreError
from offchain.live.client.background import Background
from offchain.live.watching.rounds import Publication, RoundLog
from offchain.stores.artefacts import Artefacts
from offchain.stores.files import FileStore

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = 15.0
"""Seconds between two tries to bring an update to stores that do not take it."""
_MOST_HELD = 2**26
"""Bytes of what the disk does not take, beside what the newest model is made of."""


class Gathered(Enum):
    """Whether artefacts are in a client's cache."""

    THERE = auto()
    COMING = auto()
    MISSING = auto()


@dataclass(frozen=True)
class _Own:
    round: int
    root: bytes
    data: bytes


class ClientArtefacts:
    """What a client made, fetched and shows.

    The cache can be deleted: what is in it comes back from the stores, or from training again. Memory holds
    one round's updates at most; where the disk is full those of the newest model too, and some more.

    Args:
        folder: The cache.
        shared: The stores.
        schema: The model's.
        keep_rounds: Rounds of which the cache keeps every update, the open one included.
    """

    def __init__(self, folder: Path, shared: Artefacts, schema: Schema, keep_rounds: int) -> None:
        self._folder = folder
        self._files = FileStore(str(folder))
        self._schema = schema
        self._cache = Artefacts([self._files], schema)
        self._shared = shared
        self._keep_rounds = keep_rounds
        self._latest: _Own | None = None
        self._newest: frozenset[bytes] = frozenset()
        self._held: dict[bytes, bytes] = {}  # What the disk did not take.
        self._turned_away: set[bytes] = set()  # What neither disk nor memory has room for.
        self._fetched: Background[bytes, bytes] = Background()
        self._gathered: Background[bytes, None] = Background()  # The disk says what came.
        self._shown: Background[bytes, bool] = Background(_LONGEST_PAUSE)
        self._restored: Background[bytes, bool] = Background()

    @property
    def cached_bytes(self) -> int:
        """What the artefacts in the cache take on the disk.

        Raises:
            StoreError: When it cannot be read.
        """
        return 4 * self._schema.size * self._files.count()

    def check(self, patience: float = 0.0) -> None:
        """Find out now whether cache and stores can be read and written; see `Artefacts.check`.

        Raises:
            StoreError: When one cannot.
        """
        self._cache.check()
        self._shared.check(patience)

    def get(self, root: bytes) -> bytes | None:
        """Return an artefact, from the cache or, slowly, from the stores; None when nobody has it."""
        data = self._at_hand(root)
        if data is not None:
            return data
        data = self._shared.get(root)
        if data is not None:
            self._hold(root, data)
            with suppress(StoreError):  # Told already; it is there all the same.
                self._cache.put(root, data)
                self._let_go(root)
        return data

    def keep(self, round_: int, root: bytes, data: bytes) -> None:
        """Keep one's update of a round in the cache, and nowhere else: before it is published nobody sees it.

        Where the disk does not take it, it is held in memory: the seat is not lost for it.
        """
        self._latest = _Own(round_, root, data)
        try:
            self._cache.put(root, data)
            with replacing(self._note(round_)) as note:
                note.write(root.hex().encode())
        except (OSError, StoreError) as error:
            _log.error(
                "the update of round %d is kept in memory alone, so that a client which is started anew has "
                "to train it again: make room in %s (%s)",
                round_, self._folder, reason(error),
            )  # fmt: skip

    def kept(self, round_: int) -> tuple[bytes, bytes] | None:
        """Return root and bytes of one's update of a round; None when this cache has none."""
        if self._latest is not None and self._latest.round == round_:
            return self._latest.root, self._latest.data
        root = self._noted(round_)
        data = None if root is None else self._cache.get(root)
        return None if root is None or data is None else (root, data)

    def gather(self, roots: Collection[bytes], again: bool = False, newest: bool = False) -> Gathered:
        """Return whether artefacts are in the cache; those never asked for are fetched beside.

        Args:
            roots: The artefacts.
            again: Whether to ask once more for what could not be had.
            newest: Whether no seat can do without them, so that memory takes them where the disk does not.

        Raises:
            StoreError: When the disk cannot be read.
        """
        if newest and self._newest != frozenset(roots):
            self._newest = frozenset(roots)
            self._make_room()
        for root in roots:
            asks = not self._gathered.has_ended(root) or (again and self._has_place(root))
            if not self._has(root) and asks:
                self._gathered.ask(root, partial(self._into_cache, root))
        if any(self._gathered.is_running(root) for root in roots):
            return Gathered.COMING
        return Gathered.THERE if self.has_all(roots) else Gathered.MISSING

    def has_all(self, roots: Collection[bytes]) -> bool:
        """Return whether all these artefacts are in the cache.

        Raises:
            StoreError: When the disk cannot be read.
        """
        return all(self._has(root) for root in roots)

    def forget_but(self, roots: Collection[bytes]) -> None:
        """Let go of what is known of all artefacts but these."""
        self._gathered.forget_but(roots)

    def prune(self, rounds: Sequence[RoundLog], needed: Collection[bytes]) -> None:
        """Remove from the cache what nothing will ask for again, and let go of what is in memory.

        Kept are the last rounds' published updates, one's own of these rounds, shown or not, and `needed`.

        Args:
            rounds: All of the deployment so far, the latest last.
            needed: Roots of what global models are made of.

        Raises:
            StoreError: When the disk does not let go.
        """
        self._fetched.forget_but(())
        oldest = len(rounds) - self._keep_rounds + 1
        own = {root for number in self._noted_rounds(oldest) if (root := self._noted(number))}
        recent = {each.root for log in rounds if log.number >= oldest for each in log.published.values()}
        self._files.keep_only({*needed, *own, *recent})
        self._bring_to_disk({*needed, *recent})

    def collect(self, published: Mapping[int, Publication]) -> dict[int, bytes | None]:
        """Return what has arrived of published updates, by seat position; the others are fetched beside."""
        self._fetched.forget_but({each.root for each in published.values()})
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
            if data := self._at_hand(each.root):
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

    def _has(self, root: bytes) -> bool:
        return self._in_memory(root) is not None or self._files.stamp(root) is not None

    def _at_hand(self, root: bytes) -> bytes | None:
        data = self._in_memory(root)
        return self._cache.get(root) if data is None else data

    def _in_memory(self, root: bytes) -> bytes | None:
        if self._latest is not None and self._latest.root == root:
            return self._latest.data
        return self._held.get(root)

    def _make_room(self) -> None:
        """Let go of the oldest of what memory holds beside the newest model's, beyond what it may."""
        older = [root for root in list(self._held) if root not in self._newest]
        for root in older[: max(0, len(older) - self._most_held)]:
            self._held.pop(root, None)
            self._turned_away.add(root)

    @property
    def _most_held(self) -> int:
        return _MOST_HELD // (4 * self._schema.size)

    def _hold(self, root: bytes, data: bytes) -> None:
        """Keep what is not on the disk yet, where memory may have it."""
        if root in self._newest or len(self._held) < self._most_held:
            self._held[root] = data
        else:
            self._turned_away.add(root)

    def _let_go(self, root: bytes) -> None:
        """Forget what is on the disk by now."""
        self._held.pop(root, None)
        self._turned_away.discard(root)

    def _has_place(self, root: bytes) -> bool:
        """Whether there is room for an artefact that there was none for, or nobody knows."""
        if root in self._newest or root not in self._turned_away:
            return True
        try:
            self._files.check(4 * self._schema.size)
        except StoreError:
            return False
        return True

    def _bring_to_disk(self, wanted: Collection[bytes]) -> None:
        """Write what is in memory alone, as far as there is room by now; let go of what nobody wants."""
        for root in (set(self._held) | self._turned_away).difference(wanted):
            self._let_go(root)
        for root, data in list(self._held.items()):
            try:
                self._files.put(root, data)
            except StoreError:
                return  # Told when it came.
            self._let_go(root)

    def _into_cache(self, root: bytes) -> None:
        self.get(root)

    def _noted_rounds(self, oldest: int) -> Iterator[int]:
        """Rounds from `oldest` on of which there is a note of one's own update; older notes are removed."""
        for note in self._folder.glob("round-*.root"):
            number = note.stem.removeprefix("round-")
            if not number.isdecimal():
                continue
            if int(number) < oldest:
                note.unlink(missing_ok=True)
            else:
                yield int(number)

    def _noted(self, round_: int) -> bytes | None:
        try:
            return bytes.fromhex(self._note(round_).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def _note(self, round_: int) -> Path:
        return self._folder / f"round-{round_}.root"
