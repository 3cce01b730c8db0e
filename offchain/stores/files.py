"""Artefacts as files: a folder, S3, or whatever else fsspec reaches by URL."""

from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from offchain.errors import StoreError


class FileStore:
    """A `Store` of one file an artefact, in a folder that fsspec opens by URL.

    Credentials come from where the protocol's package looks for them (for S3 the AWS variables or files).

    Attributes:
        name: The URL without user and password.
    """

    def __init__(self, url: str) -> None:
        """Open the folder; nothing is read or written yet.

        Raises:
            StoreError: When the protocol is unknown or its package is not installed.
        """
        self.name = without_secrets(url)
        try:
            self._files, path = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(f"store {self.name} cannot be opened: {error}") from error
        self._folder = str(path).rstrip("/")
        self._is_local = isinstance(self._files, LocalFileSystem)

    def get(self, root: bytes, size: int) -> bytes | None:
        """Return the `size` bytes kept under `root`; None when there is no such file."""
        path = self._path(root)
        try:
            with self._files.open(path, "rb") as file:
                # One byte more shows a file that is too long without reading it.
                data: bytes = file.read(size + 1)
        except FileNotFoundError:
            return None
        except Exception as error:  # Every protocol's package has exceptions of its own.
            raise self._failed("read", error) from error
        if len(data) != size:
            more = "more" if len(data) > size else str(len(data))
            raise StoreError(f"{path} in {self.name} has {more} bytes, an artefact has {size}")
        return data

    def put(self, root: bytes, data: bytes) -> None:
        """Write a file that others see whole or not at all."""
        try:
            self._write(self._path(root), data)
        except Exception as error:  # See above.
            raise self._failed("written", error) from error

    def check(self) -> None:
        """Write a small file and remove it."""
        path = f"{self._folder}/.check-{uuid4().hex}"
        try:
            self._write(path, b"StakeFed")
            self._files.rm_file(path)
        except Exception as error:  # See above.
            raise self._failed("written", error) from error

    def _write(self, path: str, data: bytes) -> None:
        if not self._is_local:
            self._files.pipe_file(path, data)  # An object store shows no half of an object.
            return
        self._files.makedirs(self._folder, exist_ok=True)
        part = f"{self._folder}/.{uuid4().hex}.part"
        self._files.pipe_file(part, data)
        self._files.mv(part, path)

    def _path(self, root: bytes) -> str:
        return f"{self._folder}/{root.hex()}.update"

    def _failed(self, verb: str, error: Exception) -> StoreError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return StoreError(f"store {self.name} cannot be {verb}: {reason}")


def without_secrets(url: str) -> str:
    """Return `url` without user and password.

    >>> without_secrets("https://me:secret@store.example/a")
    'https://store.example/a'
    """
    scheme, separator, rest = url.rpartition("://")
    authority, slash, path = rest.partition("/")
    return scheme + separator + authority.rpartition("@")[2] + slash + path
