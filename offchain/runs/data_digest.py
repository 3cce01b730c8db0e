"""What data a run was made of, whatever path it lies under."""

from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path

from ml.folders import require_readable
from offchain.errors import ReproductionError


@lru_cache(maxsize=16)
def data_digest(path: Path | None) -> str:
    """Return the SHA-256, hex, of a file, or of the names and sizes of a folder's files; "built-in" for None.

    A folder's bytes are not read: a hundred thousand images would take longer than many a run.

    Raises:
        ReproductionError: When it is not there or cannot be read.
    """
    if path is None:
        return "built-in"
    try:
        if path.is_dir():
            return _folder_digest(path)
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReproductionError(f"{error.filename or path} cannot be read: {error.strerror}") from error


def _folder_digest(folder: Path) -> str:
    digest = sha256()
    require_readable(folder)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
    return digest.hexdigest()
