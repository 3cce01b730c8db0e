"""Which software this is: its version, and the digest of the packages that it was locked with."""

from functools import cache
from hashlib import sha256
from pathlib import Path

VERSION = "0.1.0"

_HERE = Path(__file__).parent
_LOCKS = (_HERE / "requirements.txt", _HERE.parent / "requirements.txt")
"""In a wheel, and in a checkout."""


@cache
def lock_digest() -> str:
    """Return SHA-256, hex, of the lock file that the software came with; empty where it came with none."""
    for path in _LOCKS:
        if path.is_file():
            return sha256(path.read_bytes()).hexdigest()
    return ""
