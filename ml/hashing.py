"""The one hash function of the project, as the EVM computes it."""

from Crypto.Hash import keccak


def keccak256(data: bytes | memoryview) -> bytes:
    """Return the 32-byte Keccak-256 hash of `data` (the EVM's, not NIST's SHA3-256).

    >>> keccak256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    return keccak.new(digest_bits=256, data=data).digest()
