import os
import threading

import fsspec
import pytest
from full_disk import room_for
from object_storage import object_storage
from store_parts import artefact

from ml.private_files import replacing
from offchain.errors import StoreError
from offchain.stores.files import FileStore

ROOT, DATA = artefact()


@pytest.fixture(scope="module")
def bucket():
    with object_storage() as storage:
        yield storage.bucket


@pytest.fixture(params=["folder", "file-url", "memory", "s3"])
def store(request, tmp_path):
    if request.param == "memory":
        yield FileStore(f"memory://{tmp_path.name}")
        fsspec.filesystem("memory").store.clear()
    elif request.param == "s3":
        yield FileStore(f"{request.getfixturevalue('bucket')}/{tmp_path.name}")
    else:
        yield FileStore(str(tmp_path / "kept") if request.param == "folder" else f"file://{tmp_path}/kept")


def test_what_was_put_is_got(store):
    store.check()
    assert store.get(ROOT, len(DATA)) is None
    store.put(ROOT, DATA)
    assert store.get(ROOT, len(DATA)) == DATA


def test_the_artefacts_are_counted(store):
    assert store.count() == 0
    store.check()
    for number in range(3):
        store.put(*artefact(number))
    assert store.count() == 3


def test_the_last_bytes_put_stand(store):
    store.put(ROOT, b"wrong")
    store.put(ROOT, DATA)
    assert store.get(ROOT, len(DATA)) == DATA


@pytest.mark.parametrize(
    "data, told",
    [(DATA + b"\0" * 10_000_000, "more"), (DATA[:-1], "18011"), (b"", "0")],
    ids=["long", "short", "none"],
)
def test_another_number_of_bytes_is_refused_before_more_are_read(store, data, told):
    store.put(ROOT, data)
    with pytest.raises(StoreError, match=f"has {told} bytes, an artefact has 18012"):
        store.get(ROOT, len(DATA))


def test_nothing_is_left_beside_the_artefacts(tmp_path):
    store = FileStore(str(tmp_path))
    store.check()
    store.put(ROOT, DATA)
    assert [path.name for path in tmp_path.iterdir()] == [f"{ROOT.hex()}.update"]


def test_many_writers_of_one_name_never_show_half_a_file(tmp_path):
    store, seen = FileStore(str(tmp_path)), []
    store.put(ROOT, DATA)

    def write():
        for _ in range(30):
            store.put(ROOT, DATA)

    def read():
        for _ in range(100):
            seen.append(store.get(ROOT, len(DATA)))

    threads = [threading.Thread(target=t) for t in (write, write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 200 and set(seen) == {DATA}


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError, match=f"store {file}/in-a-file cannot be written"):
        FileStore(f"{file}/in-a-file").check()
    with pytest.raises(StoreError, match="cannot be written"):
        FileStore(f"{file}/in-a-file").put(ROOT, DATA)
    with pytest.raises(StoreError, match="cannot be read"):
        FileStore(f"{file}/in-a-file").get(ROOT, len(DATA))


@pytest.mark.parametrize("url", ["nowhere://folder", "gs://bucket"])
def test_a_protocol_without_its_package_is_said(url):
    with pytest.raises(StoreError, match=f"store {url} cannot be opened: "):
        FileStore(url)


def modes(folder):
    return {path.stat().st_mode & 0o777 for path in folder.glob("*")}


def test_a_folder_that_is_made_is_its_owners_alone_and_one_that_is_shared_stays_shared(tmp_path):
    (tmp_path / "shared").mkdir(mode=0o755)
    for name in ("made/deeper", "shared"):
        FileStore(str(tmp_path / name)).put(ROOT, DATA)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "made/deeper").stat().st_mode & 0o777 == 0o700
    assert modes(tmp_path / "made/deeper") == {0o600}
    assert modes(tmp_path / "shared") == {0o644}


def test_a_write_that_fails_leaves_nothing(tmp_path):
    (tmp_path / f"{ROOT.hex()}.update").mkdir()
    for _ in range(3):
        with pytest.raises(StoreError, match="cannot be written"):
            FileStore(str(tmp_path)).put(ROOT, DATA)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_is_removed_and_what_is_being_written_stays(tmp_path):
    (tmp_path / f".{'a' * 32}.part").write_bytes(b"left")
    (tmp_path / ".other.part").write_bytes(b"not ours")
    with replacing(tmp_path / "being-written") as file:
        file.write(b"x")
        FileStore(str(tmp_path)).put(ROOT, DATA)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{ROOT.hex()}.update", ".other.part", "being-written"}


def test_what_is_no_plain_file_is_neither_waited_for_nor_followed(tmp_path):
    store, path = FileStore(str(tmp_path)), tmp_path / f"{ROOT.hex()}.update"
    (tmp_path / "victim").write_bytes(DATA)
    for make in (lambda: os.mkfifo(path), lambda: path.symlink_to(tmp_path / "victim")):
        make()
        for read in (store.get, store.open):
            with pytest.raises(StoreError, match="cannot be read"):
                read(ROOT, len(DATA))
        store.put(ROOT, bytes(len(DATA)))
        assert store.get(ROOT, len(DATA)) == bytes(len(DATA))
        path.unlink()
    assert (tmp_path / "victim").read_bytes() == DATA


def test_it_is_read_piece_by_piece(store):
    assert store.open(ROOT, len(DATA)) is None
    store.put(ROOT, DATA)
    with store.open(ROOT, len(DATA)) as file:
        assert file.read(5) == DATA[:5] and file.read() == DATA[5:]
    with pytest.raises(StoreError, match="an artefact has 7"):
        store.open(ROOT, 7)


def test_its_stamp_changes_with_the_file(store):
    assert store.stamp(ROOT) is None
    store.put(ROOT, DATA)
    first = store.stamp(ROOT)
    assert first == store.stamp(ROOT)
    store.put(ROOT, DATA[:-1])
    assert store.stamp(ROOT) != first


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:s3cret@127.0.0.1:1/x",
        "nosuch://me:s3cret@127.0.0.1:1/x",
        "webhdfs://me:s3cret@127.0.0.1:1/x",
        "s3://me:s3cret@bucket/x",
        "http://me:s3cret@127.0.0.1:1/x?token=s3cret",
        "simplecache::ftp://me:s3cret@127.0.0.1:1/x",
    ],
)
def test_whatever_a_protocol_says_shows_no_secret(url):
    with pytest.raises(StoreError) as caught:
        FileStore(url).check()
    assert "s3cret" not in str(caught.value)


def test_a_disk_without_room_for_an_artefact_is_found_out_at_the_start(tmp_path):
    store = FileStore(str(tmp_path))
    with room_for(len(DATA) // 2):
        store.check()  # A small one is taken.
        with pytest.raises(StoreError) as refused:
            store.check(len(DATA))
    assert str(refused.value) == f"store {tmp_path} cannot be written: File too large"
    assert not list(tmp_path.iterdir())
