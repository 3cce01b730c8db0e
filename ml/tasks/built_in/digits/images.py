"""A multi-label image task made of scikit-learn's bundled handwritten digits; nothing is downloaded.

The 1,797 digits of 8 × 8 pixels (Alpaydin and Kaynak, 1998) are real; their arrangement is not. An image is
16 × 16: nothing, one digit, or two side by side, each at a height of its own; its ten labels say which digits
are in it. So it has what chest X-rays have in kind, none of ten labels up to several, and nothing of their
difficulty: a small network comes near an AUROC of 1. Use it to watch the mechanism on images without an
accelerator or a download, never to judge a network.
"""

import numpy as np
from numpy.typing import NDArray

from ml.data.pictures import resized
from ml.data.rows import Rows
from ml.data.splits import TEST_SHARE
from ml.data.stored_images import StoredImages

DEFAULT_ROWS = 6_000
SIDE = 16
"""Of an image as it is made, pixels."""

SET_SEED = 19_980_701
"""Seed of the images. A run's seed never changes them, only who holds which."""

_HALF = SIDE // 2
_GREY = 15  # From scikit-learn's 0 to 16 to grey levels up to 240.
_CHANCES = (0.1, 0.4, 0.5)  # Of no digit, one, two.


def read(rows: int | None, side: int) -> Rows:
    """Return `rows` images; those for testing, 20 %, are made of digits that appear in no other.

    More images are other images, not a continuation of fewer.
    """
    # Here: who learns other images needs no scikit-learn in memory.
    from sklearn.datasets import load_digits

    count = rows or DEFAULT_ROWS
    generator = np.random.default_rng([SET_SEED, count])
    digits = load_digits()
    order = generator.permutation(len(digits.target))
    apart = round(len(order) * TEST_SHARE)
    tests = round(count * TEST_SHARE)
    pixels = np.zeros((count, SIDE, SIDE), np.uint8)
    labels = np.zeros((count, 10), np.float32)
    for i in range(count):
        source = order[:apart] if i < tests else order[apart:]
        for half in _halves(generator):
            digit = generator.choice(source)
            top = generator.integers(_HALF + 1)
            pixels[i, top : top + _HALF, half] = digits.images[digit] * _GREY
            labels[i, digits.target[digit]] = 1
    test = np.arange(count) < tests
    return Rows(StoredImages(_scaled(pixels, side), np.arange(count)), labels, test=test)


def _halves(generator: np.random.Generator) -> list[slice]:
    present = generator.choice(len(_CHANCES), p=_CHANCES)
    chosen = generator.permutation(2)[:present]
    return [slice(_HALF * int(half), _HALF * (int(half) + 1)) for half in chosen]


def _scaled(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return pixels if side == SIDE else np.stack([resized(image, side) for image in pixels])
