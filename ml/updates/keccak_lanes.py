"""Keccak-256 of many messages of one length, sixteen at a time in the processor's vector registers.

The states of sixteen messages lie side by side, and the permutation (FIPS 202, section 3) is written out word
by word, so that the compiler makes vector instructions of it: five to seven times as fast as one message
after another. Compiled on first use and cached beside this file; imported for large models only.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LANES = 16
"""Messages at a time."""

_RATE_WORDS = 17  # Of 8 bytes: a block of 136, the rate of Keccak-256.
_ROUND_CONSTANTS = np.array(
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
        0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ],
    dtype=np.uint64,
)  # fmt: skip


def keccak256_lanes(messages: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hashes uint64 [messages, 4] of messages uint64 [messages, words], little-endian words.

    Without the interpreter's lock, so threads can share the work.
    """
    hashes = np.empty((len(messages), 4), dtype=np.uint64)
    _hash(messages.ravel(), messages.shape[1], hashes)
    return hashes


@njit(nogil=True, cache=True)
def _hash(messages: NDArray[np.uint64], words: int, hashes: NDArray[np.uint64]) -> None:
    count = len(hashes)
    state = np.empty(25 * LANES, dtype=np.uint64)
    for first in range(0, count, LANES):
        lanes = min(LANES, count - first)
        state[:] = 0
        for start in range(0, words + 1, _RATE_WORDS):
            block = min(_RATE_WORDS, words - start)
            for word in range(block):
                place = first * words + start + word
                for lane in range(lanes):
                    state[word * LANES + lane] ^= messages[place + lane * words]
            if block < _RATE_WORDS:
                # The padding of Keccak as the EVM has it: a one, zeros, and a one at the block's end.
                state[block * LANES : (block + 1) * LANES] ^= np.uint64(1)
                state[(_RATE_WORDS - 1) * LANES : _RATE_WORDS * LANES] ^= np.uint64(1 << 63)
            _permute(state)
        for lane in range(lanes):
            for word in range(4):
                hashes[first + lane, word] = state[word * LANES + lane]


@njit(nogil=True, cache=True)
def _rotated(word: np.uint64, bits: int) -> np.uint64:
    return (word << np.uint64(bits)) | (word >> np.uint64(64 - bits))


@njit(nogil=True, cache=True)
def _permute(state: NDArray[np.uint64]) -> None:
    for constant in _ROUND_CONSTANTS:
        for lane in range(LANES):
            a0 = state[lane]
            a1 = state[1 * LANES + lane]
            a2 = state[2 * LANES + lane]
            a3 = state[3 * LANES + lane]
            a4 = state[4 * LANES + lane]
            a5 = state[5 * LANES + lane]
            a6 = state[6 * LANES + lane]
            a7 = state[7 * LANES + lane]
            a8 = state[8 * LANES + lane]
            a9 = state[9 * LANES + lane]
            a10 = state[10 * LANES + lane]
            a11 = state[11 * LANES + lane]
            a12 = state[12 * LANES + lane]
            a13 = state[13 * LANES + lane]
            a14 = state[14 * LANES + lane]
            a15 = state[15 * LANES + lane]
            a16 = state[16 * LANES + lane]
            a17 = state[17 * LANES + lane]
            a18 = state[18 * LANES + lane]
            a19 = state[19 * LANES + lane]
            a20 = state[20 * LANES + lane]
            a21 = state[21 * LANES + lane]
            a22 = state[22 * LANES + lane]
            a23 = state[23 * LANES + lane]
            a24 = state[24 * LANES + lane]
            c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20
            c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21
            c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22
            c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23
            c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24
            d0 = c4 ^ _rotated(c1, 1)
            d1 = c0 ^ _rotated(c2, 1)
            d2 = c1 ^ _rotated(c3, 1)
            d3 = c2 ^ _rotated(c4, 1)
            d4 = c3 ^ _rotated(c0, 1)
            b0 = a0 ^ d0
            b1 = _rotated(a6 ^ d1, 44)
            b2 = _rotated(a12 ^ d2, 43)
            b3 = _rotated(a18 ^ d3, 21)
            b4 = _rotated(a24 ^ d4, 14)
            b5 = _rotated(a3 ^ d3, 28)
            b6 = _rotated(a9 ^ d4, 20)
            b7 = _rotated(a10 ^ d0, 3)
            b8 = _rotated(a16 ^ d1, 45)
            b9 = _rotated(a22 ^ d2, 61)
            b10 = _rotated(a1 ^ d1, 1)
            b11 = _rotated(a7 ^ d2, 6)
            b12 = _rotated(a13 ^ d3, 25)
            b13 = _rotated(a19 ^ d4, 8)
            b14 = _rotated(a20 ^ d0, 18)
            b15 = _rotated(a4 ^ d4, 27)
            b16 = _rotated(a5 ^ d0, 36)
            b17 = _rotated(a11 ^ d1, 10)
            b18 = _rotated(a17 ^ d2, 15)
            b19 = _rotated(a23 ^ d3, 56)
            b20 = _rotated(a2 ^ d2, 62)
            b21 = _rotated(a8 ^ d3, 55)
            b22 = _rotated(a14 ^ d4, 39)
            b23 = _rotated(a15 ^ d0, 41)
            b24 = _rotated(a21 ^ d1, 2)
            state[lane] = b0 ^ (~b1 & b2) ^ constant
            state[1 * LANES + lane] = b1 ^ (~b2 & b3)
            state[2 * LANES + lane] = b2 ^ (~b3 & b4)
            state[3 * LANES + lane] = b3 ^ (~b4 & b0)
            state[4 * LANES + lane] = b4 ^ (~b0 & b1)
            state[5 * LANES + lane] = b5 ^ (~b6 & b7)
            state[6 * LANES + lane] = b6 ^ (~b7 & b8)
            state[7 * LANES + lane] = b7 ^ (~b8 & b9)
            state[8 * LANES + lane] = b8 ^ (~b9 & b5)
            state[9 * LANES + lane] = b9 ^ (~b5 & b6)
            state[10 * LANES + lane] = b10 ^ (~b11 & b12)
            state[11 * LANES + lane] = b11 ^ (~b12 & b13)
            state[12 * LANES + lane] = b12 ^ (~b13 & b14)
            state[13 * LANES + lane] = b13 ^ (~b14 & b10)
            state[14 * LANES + lane] = b14 ^ (~b10 & b11)
            state[15 * LANES + lane] = b15 ^ (~b16 & b17)
            state[16 * LANES + lane] = b16 ^ (~b17 & b18)
            state[17 * LANES + lane] = b17 ^ (~b18 & b19)
            state[18 * LANES + lane] = b18 ^ (~b19 & b15)
            state[19 * LANES + lane] = b19 ^ (~b15 & b16)
            state[20 * LANES + lane] = b20 ^ (~b21 & b22)
            state[21 * LANES + lane] = b21 ^ (~b22 & b23)
            state[22 * LANES + lane] = b22 ^ (~b23 & b24)
            state[23 * LANES + lane] = b23 ^ (~b24 & b20)
            state[24 * LANES + lane] = b24 ^ (~b20 & b21)
