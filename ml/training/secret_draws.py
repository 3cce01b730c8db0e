"""Random numbers that nobody can draw again without a secret."""

import numpy as np
from Crypto.Cipher import ChaCha20
from numpy.typing import NDArray

from ml.updates.hashing import keccak256


class SecretDraws:
    """Draws that follow from a secret, through ChaCha20: the same secret, the same draws.

    PyTorch's and NumPy's generators are made for speed: the former takes 32 bits of a seed on the processor,
    few enough to try them all, and neither hides its next draws from who has seen others.

    Args:
        parts: The secret, and what else the draws are to depend on.

    >>> SecretDraws(b"secret").uniform(2).tolist() == SecretDraws(b"secret").uniform(2).tolist()
    True
    """

    def __init__(self, *parts: bytes) -> None:
        key = keccak256(b"".join(keccak256(part) for part in parts))
        self._stream = ChaCha20.new(key=key, nonce=bytes(8))

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Return numbers between 0 and 1, neither included, float64 [count]."""
        words = np.frombuffer(self._stream.encrypt(bytes(8 * count)), "<u8") >> np.uint64(11)
        found: NDArray[np.float64] = (words + 0.5) * 2.0**-53
        return found

    def normal(self, count: int) -> NDArray[np.float64]:
        """Return numbers of mean 0 and deviation 1, normally distributed, float64 [count]."""
        from scipy.special import ndtri  # Dear to load, and of no use to whoever adds no noise.

        found: NDArray[np.float64] = ndtri(self.uniform(count))
        return found
