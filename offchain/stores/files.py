"""Artefacts as files: a folder, S3, or whatever else fsspec reaches by URL."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from uuid import uuid4

import fsspec
from fsspec.asyn import AsyncFileSystem, sync
from fsspec.exceptions import FSTimeoutError
from fsspec.implementations.local import LocalFileSystem

from ml.messages import cleaned, reason
from ml.private_files import make_folder, opened, remove_abandoned, replacing
from offchain.errors import StoreError
from offchain.urls import shown, without_secrets

SECONDS = 25.0
"""The most that a call over a network may take: less than an attempt, which can give up but not end it."""

# Whoever asks a store counts attempts; with botocore's own a server that is gone would take half a minute.
_S3 = ("s3", "s3a")
_SUFFIX = ".update"
_TRIAL = b"StakeFed"


class FileStore:
    """A `Store` of one file an artefact, in a folder that fsspec opens by URL.

    Credentials come from where the protocol's package looks for them (for S3 the AWS variables or files). A
    folder of this machine that is not there is made, its owner's alone; files in one that is shared are too.

    Attributes:
        name: The URL as it may be shown.
    """

    def __init__(self, url: str) -> None:
        """Open the folder; nothing is read or written yet.

        Raises:
            StoreError: When the protocol is unknown or its package is not installed.
        """
        self.name = shown(url)
        self._url = url
        with self._told("opened"):
            options = _s3_options() if fsspec.core.split_protocol(url)[0] in _S3 else {}
            self._files, path = fsspec.core.url_to_fs(url, **options)
        self._folder = str(path).rstrip("/")
        self._is_local = isinstance(self._files, LocalFileSystem)
        self._is_swept = False

    def get(self, root: bytes, size: int) -> bytes | None:
        """Return the `size` bytes kept under `root`; None when there is no such file."""
        path = self._path(root)
        with self._told("read"):
            try:
                # One byte more shows a file that is too long without reading it.
                data = self._first_bytes(path, size + 1)
            except FileNotFoundError:
                return None
        self._require_size(path, len(data), size)
        return data

    def open(self, root: bytes, size: int) -> BinaryIO | None:
        """Return the `size` bytes kept under `root` as a file, to be read piece by piece; None without one.

        What another machine keeps is put on this one's disk first: readers that take their time hold a file,
        no memory.
        """
        if self._is_local:
            return self._open(self._path(root), size)
        data = self.get(root, size)
        if data is None:
            return None
        with self._told("read"):
            file = TemporaryFile()
            file.write(data)
            file.seek(0)
        return file

    def stamp(self, root: bytes) -> str | None:
        """Return what changes when the file under `root` does; None when there is none."""
        with self._told("read"):
            try:
                return str(self._files.ukey(self._path(root)))
            except FileNotFoundError:
                return None

    def put(self, root: bytes, data: bytes) -> None:
        """Write a file that others see whole or not at all."""
        with self._told("written"):
            self._write(self._path(root), data)

    def check(self, size: int = 0) -> None:
        """Write a file and remove it: one of `size` bytes on a disk of this machine, else a small one."""
        path = f"{self._folder}/.check-{uuid4().hex}"
        with self._told("written"):
            self._write(path, _TRIAL + bytes(size if self._is_local else 0))
            self._files.rm_file(path, **self._limited)

    def keep_only(self, roots: Collection[bytes]) -> None:
        """Remove the artefacts of all other names."""
        kept = {self._path(root) for root in roots}
        with self._told("pruned"):
            for path in self._paths():
                if path not in kept:
                    self._files.rm_file(path, **self._limited)

    def count(self) -> int:
        """Return how many artefacts lie in the folder.

        Raises:
            StoreError: When it cannot be read.
        """
        with self._told("read"):
            return len(self._paths())

    def _paths(self) -> list[str]:
        return [path for path in self._files.find(self._folder, maxdepth=1) if path.endswith(_SUFFIX)]

    @property
    def _limited(self) -> dict[str, float]:
        """How calls are told their time limit; a local disk knows none."""
        return {"timeout": SECONDS} if isinstance(self._files, AsyncFileSystem) else {}

    def _first_bytes(self, path: str, count: int) -> bytes:
        """The file's first `count` bytes, or all where it has less; a server that sends more is cut off."""
        if _streams(self._files):
            return bytes(sync(self._files.loop, self._streamed, path, count, **self._limited))
        if self._is_local:
            with opened(Path(path)) as plain:
                return plain.read(count)
        # What is read ahead is a block, 5 to 50 MB where nothing is said.
        with self._files.open(path, "rb", block_size=count) as file:
            return bytes(file.read(count))

    async def _streamed(self, path: str, count: int) -> bytearray:
        file, data = await self._files.open_async(path), bytearray()
        while piece := await file.read(count - len(data)):
            data += piece
        return data

    def _open(self, path: str, size: int) -> BinaryIO | None:
        with self._told("read"):
            try:
                file = opened(Path(path))
            except FileNotFoundError:
                return None
        try:
            self._require_size(path, os.fstat(file.fileno()).st_size, size)
        except StoreError:
            file.close()
            raise
        return file

    def _require_size(self, path: str, found: int, size: int) -> None:
        if found != size:
            more = "more" if found > size else str(found)
            place = path if self._is_local else Path(path).name
            raise StoreError(f"{place} in {self.name} has {more} bytes, an artefact has {size}")

    def _write(self, path: str, data: bytes) -> None:
        if not self._is_local:
            self._files.pipe_file(path, data, **self._limited)  # An object store shows no half of an object.
            return
        folder = Path(self._folder)
        make_folder(folder)
        if not self._is_swept:
            remove_abandoned(folder)
            self._is_swept = True
        with replacing(folder / Path(path).name) as file:
            file.write(data)

    def _path(self, root: bytes) -> str:
        return f"{self._folder}/{root.hex()}{_SUFFIX}"

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        """Say in a sentence what went wrong; every package has exceptions of its own, of no common class."""
        try:
            yield
        except FSTimeoutError as error:
            raise StoreError(f"store {self.name} cannot be {verb} within {SECONDS:g} seconds") from error
        except Exception as error:  # What it names has the URL in it, and so its secrets: no cause is kept.
            raise StoreError(f"store {self.name} cannot be {verb}: {self._reason(error)}") from None

    def _reason(self, error: Exception) -> str:
        return cleaned(without_secrets(reason(error), self._url))


def _s3_options() -> dict[str, Any]:
    """Bounds, and no checksums in headers, which servers beside Amazon's refuse: digests tell what is kept.

    Where the user says otherwise, for a bucket with Object Lock perhaps, that holds.
    """
    config: dict[str, Any] = {"connect_timeout": 5, "retries": {"total_max_attempts": 1}}
    for name in ("request_checksum_calculation", "response_checksum_validation"):
        if f"AWS_{name.upper()}" not in os.environ:
            config[name] = "when_required"
    return {"config_kwargs": config}


def _streams(files: Any) -> bool:
    """Whether a file system hands out bytes as they come; others ask for a range and take what is sent."""
    kind = type(files)
    return isinstance(files, AsyncFileSystem) and kind.open_async is not AsyncFileSystem.open_async
