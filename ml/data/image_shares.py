"""The split of images into a test set and equal shares: at random, by skewed labels, or by patient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.image_set import ImageSet, require_positives
from ml.data.rows import StoredImages
from ml.data.shares import TEST_SHARE, VALIDATION_SHARE, ClientData, FederatedData, require_share
from ml.errors import DataError
from ml.judging.metrics import has_both
from ml.settings import DataSettings

_DRAWS = 100

Places = NDArray[np.int64]
"""Numbers of images."""


@dataclass(frozen=True, eq=False)
class ImageSplit:
    """Numbers of images: of each client's share those it trains and those it validates on; of the test."""

    train: tuple[Places, ...]
    validation: tuple[Places, ...]
    test: Places


def federate_images(images: ImageSet, settings: DataSettings, seed: int) -> FederatedData:
    """Return `images` split among the clients; pixels stay where they are.

    Raises:
        DataError: When a label has too few positives, or the images are too few for the clients.
    """
    require_positives(images)
    split = split_images(images, settings, np.random.default_rng(seed))
    clients = tuple(
        ClientData(*_rows(images, train), *_rows(images, validation))
        for train, validation in zip(split.train, split.validation, strict=True)
    )
    return FederatedData(clients, *_rows(images, split.test), label_names=images.label_names)


def split_images(images: ImageSet, settings: DataSettings, generator: np.random.Generator) -> ImageSplit:
    """Return a split: 20 % test, the rest in shares as the settings say, 20 % of each validating.

    The test images are those that the data set names; else, where patients are known, those of patients of
    whom no image is trained on; else any. Shares are equal, up to `clients` − 1 images being in none; by
    patient they are as equal as whole patients allow. They are drawn again, up to 100 times, while some
    client's validation images lack both classes of every label, so that it could not score: this happens
    when shares are small.

    Raises:
        DataError: When a share would have fewer than 5 images, or shares by patient lack patients.
    """
    test = _test(images, generator)
    rest = np.setdiff1d(np.arange(len(images)), test)
    require_share(len(rest) // settings.clients, len(images), settings.clients, "images")
    for _ in range(_DRAWS):
        shares = _shares(images, rest, settings, generator)
        validating = [round(len(share) * VALIDATION_SHARE) for share in shares]
        validation = tuple(share[:count] for share, count in zip(shares, validating, strict=True))
        if all(has_both(images.labels[places] > 0.5).any() for places in validation):
            break
    train = tuple(share[count:] for share, count in zip(shares, validating, strict=True))
    return ImageSplit(train, validation, test)


def _shares(
    images: ImageSet, rest: Places, settings: DataSettings, generator: np.random.Generator
) -> list[Places]:
    if settings.shares == "patient":
        return _by_patient(images, rest, settings.clients, generator)
    if settings.shares == "dirichlet":
        return _by_labels(images, rest, settings.clients, settings.dirichlet_alpha, generator)
    return _at_random(rest, settings.clients, generator)


def _rows(images: ImageSet, places: Places) -> tuple[StoredImages, NDArray[np.float32]]:
    return StoredImages(images.pixels, places), images.labels[places]


def _test(images: ImageSet, generator: np.random.Generator) -> Places:
    wanted = round(len(images) * TEST_SHARE)
    if images.test is not None:
        return generator.permutation(np.flatnonzero(images.test))
    if images.patients is None:
        return generator.permutation(len(images))[:wanted]
    counts = np.bincount(images.patients)
    order = generator.permutation(len(counts))
    chosen = order[: np.argmin(np.abs(np.cumsum(counts[order]) - wanted)) + 1]
    return generator.permutation(np.flatnonzero(np.isin(images.patients, chosen)))


def _at_random(rest: Places, clients: int, generator: np.random.Generator) -> list[Places]:
    share = len(rest) // clients
    return list(generator.permutation(rest)[: share * clients].reshape(clients, share))


def _by_patient(images: ImageSet, rest: Places, clients: int, generator: np.random.Generator) -> list[Places]:
    if images.patients is None:
        raise DataError("shares by patient need to know the patients, which only NIH's layout names")
    counts = np.bincount(images.patients[rest])
    order = generator.permutation(np.flatnonzero(counts))
    if len(order) < clients:
        raise DataError(f"the training images are of {len(order)} patients, too few for {clients} clients")
    holder = np.zeros(len(counts), np.int64)
    held = np.zeros(clients, np.int64)
    # Those with most images first, each to whoever holds fewest: large ones at the end could not be evened.
    for patient in order[np.argsort(-counts[order], kind="stable")]:
        holder[patient] = np.argmin(held)
        held[holder[patient]] += counts[patient]
    require_share(int(held.min()), len(images), clients, "images")
    return [generator.permutation(rest[holder[images.patients[rest]] == c]) for c in range(clients)]


def _by_labels(
    images: ImageSet, rest: Places, clients: int, alpha: float, generator: np.random.Generator
) -> list[Places]:
    """Return equal shares whose labels lean to a few, and the more so the smaller `alpha` is.

    Each kind of image, one label's or no label's, is spread over the clients by weights from Dirichlet(α)
    (Yurochkin et al., 2019). To keep shares equal, clients take an image each in turn, of a kind that
    follows their weights times what is left of it, until all have their share (as Hsu et al., 2019).
    """
    kinds = _kinds(images.labels[rest], generator)
    left = [list(generator.permutation(rest[kinds == kind])) for kind in range(kinds.max() + 1)]
    weights = generator.dirichlet(np.full(clients, alpha), size=len(left)).T
    sizes = np.array([len(pile) for pile in left], dtype=np.float64)
    shares: list[list[int]] = [[] for _ in range(clients)]
    for _ in range(len(rest) // clients):
        for client in generator.permutation(clients):
            kind = _drawn(weights[client] * sizes, sizes, generator)
            shares[client].append(left[kind].pop())
            sizes[kind] -= 1
    return [generator.permutation(np.array(share, dtype=np.int64)) for share in shares]


def _kinds(labels: NDArray[np.float32], generator: np.random.Generator) -> Places:
    # One of an image's labels at random, or one beyond the last for none.
    marks = generator.random(labels.shape) * labels
    return np.where(labels.any(axis=1), marks.argmax(axis=1), labels.shape[1])


def _drawn(chances: NDArray[np.float64], sizes: NDArray[np.float64], generator: np.random.Generator) -> int:
    if chances.sum() <= 0:
        chances = sizes  # All kinds that the client wants are used up.
    return int(generator.choice(len(chances), p=chances / chances.sum()))
