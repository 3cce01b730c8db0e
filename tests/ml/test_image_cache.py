"""The file of resized images: made once, complete or not there."""

import os

import numpy as np
import pytest

from ml.data.image_cache import cached, fingerprint
from ml.errors import DataError
from ml.home import cache_folder

IMAGES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)


def never():
    raise AssertionError("read again")


def test_images_are_read_once_and_mapped_from_the_file(tmp_path):
    first = cached(tmp_path, "a", 3, 4, lambda: iter(IMAGES))
    again = cached(tmp_path, "a", 3, 4, never)
    assert isinstance(again, np.memmap)
    assert not again.flags.writeable
    assert np.array_equal(first, IMAGES)
    assert np.array_equal(again, IMAGES)


def interrupted():
    yield IMAGES[0]
    raise KeyboardInterrupt


def test_an_interrupted_read_leaves_nothing_that_is_taken_for_whole(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cached(tmp_path, "a", 3, 4, interrupted)
    assert not list(tmp_path.glob("*.npy"))
    assert np.array_equal(cached(tmp_path, "a", 3, 4, lambda: iter(IMAGES)), IMAGES)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"rubbish",
        np.zeros(3).tobytes(),
        b"\x93NUMPY\x01\0\x10\0{'descr':[[[[[[[ ",
        b"\x93NUMPY\x01\0\xff\xff" + b"(" * 65535,
        b"\x93NUMPY\x01\0\x20\0{'descr': __import__('os')}       \n",
        b"\x93NUMPY\x09\0",
    ],
)
def test_a_damaged_file_is_made_anew(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    assert np.array_equal(cached(tmp_path, "a", 3, 4, lambda: iter(IMAGES)), IMAGES)


def test_a_file_cut_off_is_made_anew(tmp_path):
    cached(tmp_path, "a", 3, 4, lambda: iter(IMAGES))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-1])
    assert np.array_equal(cached(tmp_path, "a", 3, 4, lambda: iter(IMAGES)), IMAGES)


def test_the_cache_is_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "stakefed"
    cached(None, "a", 3, 4, lambda: iter(IMAGES))
    assert (tmp_path / "stakefed" / "a.npy").is_file()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "stakefed"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file/cache for resized images cannot be used .*the setting cache"):
        cached(tmp_path / "file" / "cache", "a", 3, 4, lambda: iter(IMAGES))


def test_a_name_stands_for_files_and_details(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    files = [tmp_path / "a", tmp_path / "b"]
    names = {
        fingerprint(files, tmp_path, 64),
        fingerprint(files[:1], tmp_path, 64),
        fingerprint(files, tmp_path, 32),
    }
    os.utime(files[0], ns=(0, 0))
    names.add(fingerprint(files, tmp_path, 64))
    files[1].write_text("longer")
    os.utime(files[1], ns=(0, 0))
    names.add(fingerprint(files, tmp_path, 64))
    assert len(names) == 5
    assert fingerprint(files, tmp_path, 64) in names


def test_what_is_kept_is_its_owners_alone(tmp_path):
    cached(tmp_path / "made", "a", 3, 4, lambda: iter(IMAGES))
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "made").iterdir()} == {0o600}


def test_planted_links_are_not_followed(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "a.part").symlink_to(tmp_path / "victim")
    (tmp_path / "a.npy").symlink_to(tmp_path / "victim")
    with pytest.raises(DataError, match="cannot be used"):
        cached(tmp_path, "a", 3, 4, lambda: iter(IMAGES))
    (tmp_path / "a.npy").unlink()
    cached(tmp_path, "a", 3, 4, lambda: iter(IMAGES))
    (tmp_path / "b.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(DataError, match="cannot be used"):
        cached(tmp_path, "b", 3, 4, lambda: iter(IMAGES))
    assert (tmp_path / "victim").read_text() == "precious"
