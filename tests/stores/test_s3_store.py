"""Moto's S3, and servers that speak S3 badly; what buckets share with folders is in test_file_store.py."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web
from live import free_port
from object_storage import object_storage, s3_at
from serving import serving
from store_parts import SCHEMA, answering, artefact

from offchain.errors import StoreError
from offchain.stores import files
from offchain.stores.files import FileStore
from offchain.stores.opening import open_artefacts

ROOT, DATA = artefact()
MEGABYTE = bytes(1_000_000)


@pytest.fixture
def storage():
    with object_storage() as running:
        yield running


@pytest.fixture
def in_a_second(monkeypatch):
    monkeypatch.setattr(files, "SECONDS", 1.0)


def test_two_clients_share_a_bucket(storage):
    one, other = (open_artefacts([f"{storage.bucket}/net"], SCHEMA) for _ in range(2))
    one.check()
    one.put(ROOT, DATA)
    assert other.get(ROOT) == DATA


def test_many_threads_use_it_at_once(storage):
    stores = [open_artefacts([f"{storage.bucket}/net"], SCHEMA) for _ in range(2)]

    def exchange(number):
        root, data = artefact(number)
        stores[number % 2].put(root, data)
        return stores[1 - number % 2].get(root) == data

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(exchange, range(40)))


def test_an_object_without_a_folder(storage):
    store = FileStore(storage.bucket)
    store.put(ROOT, DATA)
    assert store.get(ROOT, len(DATA)) == DATA


def test_a_bucket_that_is_missing_is_said_at_the_start(storage):
    store = FileStore("s3://nobodys/net")
    for write in (store.check, lambda: store.put(ROOT, DATA)):
        with pytest.raises(
            StoreError, match="store s3://nobodys/... cannot be written: .*bucket does not exist"
        ):
            write()
    assert store.get(ROOT, len(DATA)) is None


def test_without_credentials_it_is_said(storage):
    with s3_at(storage.url) as environment:
        environment.delenv("AWS_ACCESS_KEY_ID")
        environment.delenv("AWS_SECRET_ACCESS_KEY")
        store = FileStore(storage.bucket)
        with pytest.raises(StoreError, match="cannot be written: Unable to locate credentials"):
            store.check()
        with pytest.raises(StoreError, match="cannot be read: Unable to locate credentials"):
            store.get(ROOT, len(DATA))


def test_a_key_that_the_server_does_not_know_is_said(storage):
    store = FileStore(storage.bucket)
    store.check()
    storage.check_keys()
    with pytest.raises(
        StoreError, match="cannot be written: The AWS Access Key Id you provided does not exist"
    ):
        store.check()
    with pytest.raises(StoreError, match="cannot be read: The AWS Access Key Id you provided does not exist"):
        store.get(ROOT, len(DATA))


def test_a_server_that_is_gone_is_said_at_once():
    with s3_at(f"http://127.0.0.1:{free_port()}"):
        store, began = FileStore("s3://artefacts"), time.monotonic()
        for call in (store.check, lambda: store.put(ROOT, DATA), lambda: store.get(ROOT, len(DATA))):
            with pytest.raises(StoreError, match="Could not connect to the endpoint"):
                call()
        assert time.monotonic() - began < 5, "botocore's own attempts would take half a minute"


async def hang(request):
    await asyncio.sleep(60)


async def drip(request):
    answer = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
    await answer.prepare(request)
    for byte in DATA:
        await answer.write(bytes([byte]))
        await asyncio.sleep(0.3)


@pytest.mark.parametrize("handler", [hang, drip])
def test_a_server_that_is_slow_is_left(handler, in_a_second):
    with serving(answering(handler)) as url, s3_at(url):
        store, began = FileStore("s3://artefacts"), time.monotonic()
        with pytest.raises(StoreError, match="store s3://artefacts cannot be read within 1 seconds"):
            store.get(ROOT, len(DATA))
        if handler is hang:
            with pytest.raises(StoreError, match="store s3://artefacts cannot be written within 1 seconds"):
                store.check()
        assert time.monotonic() - began < 6


def test_a_server_that_never_stops_sending_is_cut_off():
    sent = []

    async def flood(request):
        answer = web.StreamResponse()
        answer.content_length = 10**12
        await answer.prepare(request)
        for _ in range(200):
            await answer.write(MEGABYTE)
            sent.append(1)

    with serving(answering(flood)) as url, s3_at(url):
        with pytest.raises(StoreError, match="has more bytes, an artefact has 18012"):
            FileStore("s3://artefacts").get(ROOT, len(DATA))
        time.sleep(0.5)
        assert len(sent) < 50, "it went on reading"


def test_an_answer_that_is_cut_off_is_no_artefact():
    async def cut(request):
        answer = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
        await answer.prepare(request)
        await answer.write(DATA[:100])
        request.transport.close()

    with serving(answering(cut)) as url, s3_at(url), pytest.raises(StoreError, match="cannot be read: "):
        FileStore("s3://artefacts").get(ROOT, len(DATA))


def test_what_is_no_answer_of_s3_is_said():
    async def page(request):
        return web.Response(status=500, text="<html>down</html>")

    with serving(answering(page)) as url, s3_at(url), pytest.raises(StoreError, match="cannot be read: "):
        FileStore("s3://artefacts").get(ROOT, len(DATA))


@pytest.mark.parametrize("said", [None, "when_supported"])
def test_a_server_that_refuses_checksums_is_sent_none_unless_the_user_wants_them(said):
    async def strict(request):
        if any("checksum" in name.lower() or name.lower() == "x-amz-trailer" for name in request.headers):
            return web.Response(status=501, text="<Error><Code>NotImplemented</Code></Error>")
        return web.Response(headers={"ETag": '"0"'})

    with serving(answering(strict)) as url, s3_at(url) as environment:
        if said:
            environment.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", said)
            with pytest.raises(StoreError, match="cannot be written"):
                FileStore("s3://artefacts").put(ROOT, DATA)
        else:
            FileStore("s3://artefacts").put(ROOT, DATA)
