"""What is said of the images of digits."""

import numpy as np
import pytest
from federations import load
from sklearn.datasets import load_digits

from ml.tasks.built_in.digits import images as digits

IMAGES = digits.read(2_000, 16)
SOURCE = load_digits()
NUMBERS = {(image * 15).astype(np.uint8).tobytes(): n for n, image in enumerate(SOURCE.images)}


def halves(image):
    return [image[:, :8], image[:, 8:]]


def found(half):
    """Number, among scikit-learn's, of the digit in a half of an image; None for an empty half."""
    if not half.any():
        return None
    whole = [top for top in range(9) if half[top : top + 8].sum() == half.sum()]
    return next(NUMBERS[key] for top in whole if (key := half[top : top + 8].tobytes()) in NUMBERS)


def test_labels_say_which_digits_are_in_an_image():
    for image, labels in zip(IMAGES.inputs.pixels, IMAGES.targets, strict=True):
        inside = {int(SOURCE.target[n]) for n in map(found, halves(image)) if n is not None}
        assert set(np.flatnonzero(labels)) == inside


def test_there_are_none_of_ten_one_and_two():
    several = IMAGES.targets.sum(axis=1)
    assert set(several) == {0, 1, 2}
    full = np.array([sum(half.any() for half in halves(image)) for image in IMAGES.inputs.pixels])
    np.testing.assert_allclose(np.bincount(full) / 2_000, [0.1, 0.4, 0.5], atol=0.04)
    assert (several <= full).all()
    assert ((full == 2) & (several == 1)).any()


def test_no_digit_is_both_trained_and_tested_on():
    assert IMAGES.test.sum() == 400
    seen = [
        {found(half) for image in IMAGES.inputs.pixels[which] for half in halves(image)} - {None}
        for which in (IMAGES.test, ~IMAGES.test)
    ]
    assert all(len(numbers) > 100 for numbers in seen)
    assert not seen[0] & seen[1]


def test_the_images_never_change_only_who_holds_which():
    first, other = (load(task="digits", rows=500, clients=5, seed=seed) for seed in (0, 1))
    assert np.array_equal(first.clients[0].X_train.pixels, other.clients[0].X_train.pixels)
    assert not np.array_equal(first.clients[0].X_train.places, other.clients[0].X_train.places)
    assert first.label_names == tuple("0123456789")


@pytest.mark.parametrize("side", [8, 32])
def test_another_size_is_the_same_images_resized(side):
    resized = digits.read(2_000, side)
    assert resized.inputs.pixels.shape == (2_000, side, side)
    assert np.array_equal(resized.targets, IMAGES.targets)
    assert digits.read(6_000, 16).inputs.pixels.shape == (6_000, 16, 16)
