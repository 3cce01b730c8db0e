"""The one hash function of the project, as the EVM computes it."""

import numpy as np
import sha3
from numpy.typing import NDArray

LANES_PAY_FROM = 256
"""Messages from which on hashing them side by side is worth loading its compiled code."""


def keccak256(data: bytes | memoryview) -> bytes:
    """Return the 32-byte Keccak-256 hash of `data` (the EVM's, not NIST's SHA3-256).

    >>> keccak256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def keccak256_rows(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the hash uint8 [rows, 32] of every row of uint8 [rows, bytes], bytes a multiple of eight.

    >>> keccak256_rows(np.zeros((2, 8), np.uint8))[1].tobytes() == keccak256(bytes(8))
    True
    """
    rows = np.ascontiguousarray(rows)
    if len(rows) < LANES_PAY_FROM:
        return np.frombuffer(b"".join(keccak256(row.data) for row in rows), np.uint8).reshape(-1, 32)
    from ml.updates.keccak_lanes import keccak256_lanes

    return keccak256_lanes(rows.view("<u8")).view(np.uint8)
