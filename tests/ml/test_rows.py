"""Rows that stay in a file until they are asked for."""

import numpy as np

from ml.data.rows import head, joined
from ml.data.stored_images import StoredImages, normalise

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 6, 6), dtype=np.uint8)


def rows(*places):
    return StoredImages(PIXELS, np.array(places, dtype=np.int64))


def test_every_image_is_normalised_by_itself():
    brighter = np.stack([PIXELS[0] // 4, PIXELS[0] // 4 + 100, PIXELS[1]])
    values = normalise(brighter)
    np.testing.assert_allclose(values.mean(axis=(1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(values.std(axis=(1, 2)), 1, rtol=1e-5)
    np.testing.assert_allclose(values[0], values[1], atol=1e-5)
    assert np.array_equal(values[2:], normalise(PIXELS[1:2]))


def test_a_plain_image_becomes_zeros():
    assert not normalise(np.full((2, 4, 4), 200, np.uint8)).any()


def test_stored_images_are_asked_for_as_an_array_is():
    stored = rows(3, 1, 4, 1)
    whole = np.asarray(stored)
    assert stored.shape == whole.shape == (4, 1, 6, 6)
    assert np.array_equal(whole, normalise(PIXELS[[3, 1, 4, 1]])[:, None])
    assert np.array_equal(stored[np.array([2, 0])], whole[[2, 0]])
    assert np.array_equal(stored[1:3], whole[1:3])


def test_the_first_rows_and_joined_rows_stay_in_their_file():
    part = head(rows(3, 1, 4), 2)
    both = joined([part, rows(9)])
    assert isinstance(both, StoredImages)
    assert both.places.tolist() == [3, 1, 9]
    assert head(np.arange(5), 2).tolist() == [0, 1]
    assert joined([np.zeros((1, 2)), np.ones((2, 2))]).tolist() == [[0, 0], [1, 1], [1, 1]]


def test_rows_of_different_files_are_joined_in_memory():
    other = StoredImages(255 - PIXELS, np.array([5]))
    both = joined([rows(2), other])
    assert np.array_equal(both, normalise(np.stack([PIXELS[2], 255 - PIXELS[5]]))[:, None])
