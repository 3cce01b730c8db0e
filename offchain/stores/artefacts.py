"""Artefacts from stores that nobody trusts: checked, retried, and put back where they are missing."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TypeVar

from ml.errors import UpdateError
from ml.updates.canonical import digest
from ml.updates.schema import Form, Schema
from offchain.errors import SilentStoreError, StoreError
from offchain.stores.base import Store
from offchain.stores.waiting import pauses, within

logger = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_PAUSE = 0.25  # seconds
SECONDS = 30.0
"""The most that one attempt at one store may take."""

CHECK_PAUSE = 1.0
"""Seconds between two questions to a store that does not answer at the start."""

Result = TypeVar("Result")


def is_artefact(root: bytes, data: bytes | None, schema: Form) -> bool:
    """Return whether `data`, from anyone, is the update whose Merkle root is `root`."""
    if data is None:
        return False
    try:
        return digest(data, schema) == root
    except UpdateError:
        return False


class Artefacts:
    """The artefacts of one model, in one or several stores.

    Args:
        stores: Asked in this order; none for one that only leaves.
        schema: The model's, which fixes how many bytes an artefact has.
        seconds: Limit of one attempt at one store.
        attempts: At each store, while it fails; an honest "not here" is not repeated.
        sleep: How to wait; seconds.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        schema: Schema,
        *,
        seconds: float = SECONDS,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.stores = tuple(stores)
        self._schema = schema
        self._size = 4 * schema.size
        self._seconds = seconds
        self._attempts = attempts
        self._sleep = sleep

    def get(self, root: bytes) -> bytes | None:
        """Return the artefact `root`; None when no store has it, whatever the stores do.

        Once fetched it is put back into the stores that were asked in vain before, so that showing it to one
        shows it to all.
        """
        lacking: list[Store] = []
        for store in self.stores:
            data = self._from(store, root)
            if data is not None:
                self._put_back(lacking, root, data)
                return data
            lacking.append(store)
        return None

    def put(self, root: bytes, data: bytes) -> None:
        """Keep an artefact in every store.

        Raises:
            StoreError: When it is not what its name says, or no store took it; others are logged.
        """
        if not is_artefact(root, data, self._schema):
            raise StoreError(f"{len(data)} bytes are not the artefact {root.hex()}")
        errors = [error for store in self.stores if (error := self._into(store, root, data))]
        for error in errors:
            logger.warning("artefact not stored: %s", error, extra={"artefact": root.hex()})
        if len(errors) == len(self.stores):
            raise StoreError(f"no store took the artefact {root.hex()}: {'; '.join(map(str, errors))}")

    def restore(self, root: bytes, data: bytes) -> None:
        """Put an artefact back into every store that lacks it now; failures are logged."""
        self._put_back([store for store in self.stores if self._from(store, root) is None], root, data)

    def check(self, patience: float = 0.0) -> None:
        """Find out now whether every store can be read and written.

        Args:
            patience: Seconds for which one that does not answer is asked again: it may be starting just now.

        Raises:
            StoreError: When one cannot.
        """
        tries = int(patience / CHECK_PAUSE)
        for store in self.stores:
            self._check(store, tries)

    def _check(self, store: Store, tries: int) -> None:
        for left in range(tries, -1, -1):
            try:
                return within(self._seconds, store.name, lambda: store.check(self._size))
            except SilentStoreError as error:
                if not left:
                    raise
                if left == tries:
                    logger.info("%s; asking again for %g seconds", error, tries * CHECK_PAUSE)
                self._sleep(CHECK_PAUSE)

    def _from(self, store: Store, root: bytes) -> bytes | None:
        try:
            data = self._tried(store, lambda: store.get(root, self._size))
        except StoreError as error:
            logger.warning("artefact not read: %s", error, extra={"artefact": root.hex()})
            return None
        if data is not None and not is_artefact(root, data, self._schema):
            logger.warning(
                "%s holds bytes that are not the artefact they are kept as",
                store.name,
                extra={"artefact": root.hex()},
            )
            return None
        return data

    def _into(self, store: Store, root: bytes, data: bytes) -> StoreError | None:
        try:
            self._tried(store, lambda: store.put(root, data))
        except StoreError as error:
            return error
        return None

    def _put_back(self, stores: Iterable[Store], root: bytes, data: bytes) -> None:
        for store in stores:
            if error := self._into(store, root, data):
                logger.warning("artefact not put back: %s", error, extra={"artefact": root.hex()})

    def _tried(self, store: Store, call: Callable[[], Result]) -> Result:
        waits: Iterable[float | None] = chain(pauses(self._attempts, FIRST_PAUSE), [None])
        for wait in waits:
            try:
                return within(self._seconds, store.name, call)
            except StoreError:
                if wait is None:
                    raise
                self._sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")
