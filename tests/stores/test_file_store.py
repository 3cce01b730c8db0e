import threading

import fsspec
import pytest
from object_storage import object_storage
from store_parts import artefact

from offchain.errors import StoreError
from offchain.stores.files import FileStore, without_secrets

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


@pytest.mark.parametrize("url", ["nowhere://folder", "gs://bucket/folder"])
def test_a_protocol_without_its_package_is_said(url):
    with pytest.raises(StoreError, match=f"store {url} cannot be opened: "):
        FileStore(url)


def test_no_message_shows_a_password():
    assert without_secrets("s3://key:secret@bucket/x@y") == "s3://bucket/x@y"
    assert without_secrets("/a/plain@folder") == "/a/plain@folder"
