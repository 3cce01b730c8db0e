"""Folders that several processes make at once."""

from pathlib import Path

import pytest

from ml.private_files import make_folder


def test_a_folder_that_another_process_makes_meanwhile_is_there(tmp_path, monkeypatch):
    mkdir = Path.mkdir

    def twice(self, *args, **options):
        mkdir(self, *args, **options)
        mkdir(self, *args, **options)

    monkeypatch.setattr(Path, "mkdir", twice)
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_of_its_name_is_no_folder(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "a")
