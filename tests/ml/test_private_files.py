"""Files that appear whole or not at all, and folders that several processes make at once."""

import errno
import os
from pathlib import Path

import pytest
from full_disk import room_for

from ml.private_files import creating, make_folder, replacing, write_whole


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


def write_replacing(path, data):
    with replacing(path) as file:
        file.write(data)


def write_creating(path, data):
    with creating(path) as file:
        file.write(data)


@pytest.mark.parametrize("write", [write_whole, write_replacing, write_creating])
def test_a_full_disk_leaves_nothing_and_is_told_of_the_file(write, tmp_path):
    with room_for(1000), pytest.raises(OSError) as refused:
        write(tmp_path / "a", bytes(100_000))
    assert refused.value.filename == str(tmp_path / "a") and not os.listdir(tmp_path)


@pytest.mark.parametrize("write", [write_whole, write_replacing, write_creating])
def test_a_folder_that_nothing_can_be_written_to_is_told_of_the_file(write, tmp_path, monkeypatch):
    def refusing(path, *flags):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(PermissionError) as refused:
        write(tmp_path / "a", b"x")
    assert refused.value.filename == str(tmp_path / "a")


@pytest.mark.parametrize("write", [write_whole, write_replacing])
def test_what_was_there_outlives_a_full_disk(write, tmp_path):
    (tmp_path / "a").write_bytes(b"before")
    with room_for(1000), pytest.raises(OSError):
        write(tmp_path / "a", bytes(100_000))
    assert (tmp_path / "a").read_bytes() == b"before" and os.listdir(tmp_path) == ["a"]


def test_a_new_file_replaces_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"before")
    with pytest.raises(FileExistsError):
        write_creating(tmp_path / "a", b"after")
    assert (tmp_path / "a").read_bytes() == b"before"


def test_a_persons_link_is_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a").symlink_to("elsewhere/b")
    write_whole(tmp_path / "a", "ä")
    assert (tmp_path / "a").is_symlink() and (tmp_path / "elsewhere" / "b").read_text("utf-8") == "ä"


def test_what_is_no_file_is_written_to():
    reader, writer = os.pipe()
    write_whole(Path(f"/dev/fd/{writer}"), "piped")
    os.close(writer)
    with os.fdopen(reader) as file:
        assert file.read() == "piped"


def test_links_in_a_ring_are_refused_by_the_system_in_every_version_of_python(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for place in (tmp_path / "a", tmp_path / "a" / "below"):
        with pytest.raises(OSError) as refused:
            write_whole(place, "x")
        assert refused.value.errno == errno.ELOOP
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
