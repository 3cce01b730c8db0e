"""From settings to every client's rows.

To add a data set of images: a module with a function that returns an `ImageSet`, called in `_images`; its
name in `Dataset` and in the tables beside it in `ml.settings`, and its size in `IMAGE_SIDES`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ml.data import chest_mnist, chest_xray, digits, lending_club, loans
from ml.data.columns import complete, typed
from ml.data.image_set import ImageSet
from ml.data.image_shares import federate_images
from ml.data.shares import FederatedData, federate
from ml.errors import DataError
from ml.seeds import derive_seed
from ml.settings import Dataset, DataSettings

DEFAULT_BUILT_IN_ROWS = 40_000
IMAGE_SIDES: Mapping[Dataset, int] = {"chest-xray": 64, "digits": digits.SIDE}
"""Sides of images in pixels, by data set of images, when settings name none."""


def load(settings: DataSettings) -> FederatedData:
    """Return the clients' and the test rows that `settings` describe; the same settings give the same rows.

    Raises:
        DataError: When the file or what it holds is not enough; the message says what and where.
    """
    seed = derive_seed(settings.seed, 1)
    if settings.dataset in IMAGE_SIDES:
        return federate_images(_images(settings), settings, seed)
    return federate(_loans(settings), settings.features, settings.clients, seed)


def _images(settings: DataSettings) -> ImageSet:
    side = settings.image_size or IMAGE_SIDES[settings.dataset]
    path = settings.path
    if path is None:
        return digits.read(settings.rows, side)
    if (path / chest_xray.LABELS_FILE).is_file():
        return chest_xray.read(path, settings.rows, side, settings.cache)
    if path.is_file() and path.suffix == ".npz":
        return chest_mnist.read(path, settings.rows, side, settings.cache)
    what = "there is nothing at" if not path.exists() else "neither of these is"
    raise DataError(
        f"{what} {path}; dataset chest-xray is a folder with {chest_xray.LABELS_FILE} and images/*.png (or "
        "images_0NN/images/*.png), or MedMNIST's chestmnist.npz"
    )


def _loans(settings: DataSettings) -> pd.DataFrame:
    if settings.path is None:
        book = loans.book(settings.rows or DEFAULT_BUILT_IN_ROWS)
        return complete(typed(book, settings.features))
    usable = lending_club.read(settings.path, settings.features)
    if settings.rows is None:
        return usable
    if settings.rows > len(usable):
        raise DataError(f"{settings.path} has {len(usable)} usable loans, {settings.rows} were asked for")
    chosen = np.random.default_rng(derive_seed(settings.seed, 0)).permutation(len(usable))[: settings.rows]
    return usable.iloc[np.sort(chosen)].reset_index(drop=True)
