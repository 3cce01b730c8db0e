"""What cannot be looked into is said; listing would leave it out."""

import errno
import os
from pathlib import Path

import pytest

from ml.errors import DataError, TaskError
from ml.folders import require_readable
from ml.tasks.built_in.chest_xray import nih
from ml.tasks.loading import Named
from offchain.errors import OffchainError, ReproductionError, SettingsError
from offchain.learning.probing import files_digest
from offchain.live.watching.own_votes import OwnVotes
from offchain.runs.data_digest import data_digest


@pytest.fixture
def shut(monkeypatch):
    """Makes a folder, with those above it, that this user may not look into, whoever it is."""
    scandir = os.scandir

    def make(folder):
        def refusing(path="."):
            if Path(path) == folder:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return scandir(path)

        folder.mkdir(parents=True)
        monkeypatch.setattr(os, "scandir", refusing)
        return folder

    return make


def test_a_folder_below_is_named(shut, tmp_path):
    inner = shut(tmp_path / "images_002" / "images")
    with pytest.raises(PermissionError) as refused:
        require_readable(tmp_path)
    assert refused.value.filename == str(inner)


def test_what_may_be_read_is(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    require_readable(tmp_path)


@pytest.mark.parametrize(
    ("read", "error"),
    [(files_digest, SettingsError), (data_digest, ReproductionError), (nih._pictures, DataError)],
    ids=["probe", "results", "pictures"],
)
def test_rows_are_not_left_out_without_a_word(read, error, shut, tmp_path):
    shut(tmp_path / "images_002")
    with pytest.raises(error, match="images_002 cannot be read: Permission denied"):
        read(tmp_path)


def test_votes_that_cannot_be_looked_at_are_not_none(shut, tmp_path):
    shut(tmp_path / "votes")
    with pytest.raises(OffchainError, match="votes cannot be read: Permission denied"):
        OwnVotes(tmp_path).all()


def test_a_packages_digest_is_of_all_its_files(shut, tmp_path, monkeypatch):
    inner = shut(tmp_path / "own_shut_tasks" / "inner")
    (inner.parent / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TaskError, match="inner, which the task needs, cannot be read: Permission denied"):
        _ = Named("own_shut_tasks.tasks:Mine", {}).digest
