"""Images with several labels each, before they are split."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.errors import DataError

FOLDS = 3
"""Training, validation, test: each needs a positive of every label at least."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and what is known of them.

    Attributes:
        pixels: uint8 [images, side, side]; may be a memory-mapped file.
        labels: float32 [images, labels] in {0, 1}.
        label_names: Names of the labels.
        patients: Whose image it is, int64 [images] from 0 up, where that is known.
        test: Which images are for testing, bool [images], where the data set says so.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.float32]
    label_names: tuple[str, ...]
    patients: NDArray[np.int64] | None = None
    test: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)


def require_positives(images: ImageSet) -> None:
    """Raise DataError naming the first label with fewer images than there are folds."""
    for name, count in zip(images.label_names, images.labels.sum(axis=0).astype(int), strict=True):
        if count < FOLDS:
            raise DataError(
                f"label {name} has {count} positives among {len(images)} images; training, validation and "
                f"test need one each, so at least {FOLDS}: use more rows"
            )
