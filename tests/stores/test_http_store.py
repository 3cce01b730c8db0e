"""The consortium's server and its client, over a real socket; what it asks the chain is told by the tests."""

import logging
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests
from aiohttp import web
from eth_account import Account
from eth_account.messages import encode_defunct
from serving import serving
from store_parts import SCHEMA, answering, artefact

from offchain.errors import OffchainError, StoreError
from offchain.stores import http, server
from offchain.stores.files import FileStore
from offchain.stores.http import HttpStore
from offchain.stores.opening import open_artefacts, open_store
from offchain.stores.permits import LONGEST, Place, SentPermit, permit
from offchain.stores.server import Keeping, application

ROOT, DATA = artefact()
PLACE = Place(31337, "0x" + "ab" * 20)
MEMBER, STRANGER = Account.from_key(b"\1" * 32), Account.from_key(b"\2" * 32)
NOW = 1_700_000_000


@dataclass
class Told:
    """A gate that says what a test wants."""

    members: set = field(default_factory=lambda: {MEMBER.address.lower()})
    roots: set = field(default_factory=lambda: {ROOT})
    down: bool = False

    def now(self):
        if self.down:
            raise OffchainError("no node answers")
        return NOW

    def may_write(self, address):
        return address in self.members

    def is_published(self, root):
        return root in self.roots


def signing(account):
    return lambda message: bytes(account.sign_message(encode_defunct(message)).signature)


def permits(account=MEMBER, expires=NOW + 60, place=PLACE, of=None):
    return lambda root: permit(place, of or root, expires, signing(account))


@contextmanager
def consortium(tmp_path, gate=None, members_only=False):
    keeping = Keeping(PLACE, SCHEMA, FileStore(str(tmp_path)), gate or Told(), members_only)
    with serving(application(keeping)) as url:
        yield url


@pytest.fixture
def url(tmp_path):
    with consortium(tmp_path) as url:
        yield url


def test_a_member_writes_and_anyone_reads(url, tmp_path):
    HttpStore(url, PLACE, permits()).put(ROOT, DATA)
    anyone = HttpStore(url, PLACE)
    anyone.check()
    assert anyone.get(ROOT, len(DATA)) == DATA
    assert anyone.get(bytes(32), len(DATA)) is None
    assert [path.name for path in tmp_path.iterdir()] == [f"{ROOT.hex()}.update"]


def test_writing_again_changes_nothing(url):
    store = HttpStore(url, PLACE, permits())
    store.put(ROOT, DATA)
    store.put(ROOT, DATA)
    assert store.get(ROOT, len(DATA)) == DATA


@pytest.mark.parametrize(
    "made, told",
    [
        (permits(STRANGER), "403: 0x.* is not a member"),
        (permits(expires=NOW), "401: the permit expires at"),
        (permits(expires=NOW + LONGEST + 1), "401: the permit expires at"),
        (permits(of=bytes(32)), "403: 0x.* is not a member"),  # Signed for another root: another signer.
        (permits(place=Place(1, PLACE.manager)), "403: 0x.* is not a member"),
        (permits(place=Place(PLACE.chain_id, "0x" + "cd" * 20)), "403: 0x.* is not a member"),
        (lambda root: "nonsense", "401: a permit is an expiry and a signature"),
        (lambda root: f"{NOW + 60}.abcd", "401: a permit is an expiry and a signature"),
        (lambda root: f"{NOW + 60}.{'00' * 65}", "401: the permit's signature is none"),
    ],
)
def test_only_a_members_permit_for_this_root_here_and_now_writes(url, tmp_path, made, told):
    with pytest.raises(StoreError, match=f"answers {told}"):
        HttpStore(url, PLACE, made).put(ROOT, DATA)
    assert list(tmp_path.iterdir()) == []


def test_without_a_permit_nothing_is_written(url):
    with pytest.raises(StoreError, match="takes writes of members only"):
        HttpStore(url, PLACE).put(ROOT, DATA)
    answer = requests.put(f"{url}/artefacts/{ROOT.hex()}", data=DATA, timeout=10)
    assert answer.status_code == 401


def test_what_nobody_published_is_not_kept(url, tmp_path):
    root, data = artefact(1)
    with pytest.raises(StoreError, match="403: nobody published this root on chain"):
        HttpStore(url, PLACE, permits()).put(root, data)
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_do_not_hash_to_their_name_are_not_kept(url, tmp_path):
    with pytest.raises(StoreError, match="422: the bytes do not hash to their name"):
        HttpStore(url, PLACE, permits()).put(ROOT, artefact(1)[1])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [DATA + b"\0", DATA[:-1], b"", DATA * 100], ids=len)
def test_another_number_of_bytes_is_refused_before_it_is_read(url, data):
    with pytest.raises(StoreError, match="413: an artefact has 18012 bytes"):
        HttpStore(url, PLACE, permits()).put(ROOT, data)


def test_a_body_without_a_length_is_refused(url):
    headers = {"Authorization": f"StakeFed {permits()(ROOT)}"}
    pieces = iter([DATA])
    answer = requests.put(f"{url}/artefacts/{ROOT.hex()}", data=pieces, headers=headers, timeout=10)
    assert answer.status_code == 411


@pytest.mark.parametrize(
    "path",
    [
        "/artefacts/",
        "/artefacts",
        "/artefacts/..%2f..%2fetc%2fpasswd",
        "/artefacts/../../etc/passwd",
        f"/artefacts/{ROOT.hex().upper()}",
        f"/artefacts/{ROOT.hex()}.update",
        f"/artefacts/{ROOT.hex()}/",
        "/artefacts/%00",
    ],
)
def test_no_path_leads_to_a_list_or_elsewhere(url, tmp_path, path):
    HttpStore(url, PLACE, permits()).put(ROOT, DATA)
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)  # Sends the path as it is.
    for method in ("GET", "PUT"):
        connection.request(method, path, body=b"" if method == "PUT" else None)
        answer = connection.getresponse()
        assert answer.status in (400, 404) and ROOT.hex().encode() not in answer.read()
    connection.close()


def test_nothing_is_ever_deleted(url):
    assert requests.delete(f"{url}/artefacts/{ROOT.hex()}", timeout=10).status_code == 405


def test_a_sender_that_dawdles_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "UPLOAD_SECONDS", 0.3)
    with (
        consortium(tmp_path) as url,
        socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as s,
    ):
        s.sendall(
            f"PUT /artefacts/{ROOT.hex()} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(DATA)}\r\n"
            f"Authorization: StakeFed {permits()(ROOT)}\r\n\r\nabc".encode()
        )
        s.settimeout(10)
        assert s.recv(100).startswith(b"HTTP/1.1 408 ")
    assert list(tmp_path.iterdir()) == []


def test_a_chain_that_does_not_answer_is_no_permission(tmp_path):
    with consortium(tmp_path, Told(down=True)) as url:
        with pytest.raises(StoreError, match="503: the chain or the disk does not answer"):
            HttpStore(url, PLACE, permits()).put(ROOT, DATA)


def test_a_disk_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with consortium(tmp_path / "file" / "folder") as url:
        with pytest.raises(StoreError, match="503"):
            HttpStore(url, PLACE, permits()).put(ROOT, DATA)


def test_a_damaged_file_is_not_sent(url, tmp_path, caplog):
    (tmp_path / f"{ROOT.hex()}.update").write_bytes(DATA * 2)
    with caplog.at_level(logging.ERROR), pytest.raises(StoreError, match="500: the artefact cannot be read"):
        HttpStore(url, PLACE).get(ROOT, len(DATA))


def test_many_writers_at_once_are_all_served(url):
    errors = []

    def write():
        try:
            HttpStore(url, PLACE, permits()).put(ROOT, DATA)
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert HttpStore(url, PLACE).get(ROOT, len(DATA)) == DATA


def test_the_store_of_another_deployment_is_found_out(url):
    with pytest.raises(StoreError, match="keeps artefacts of deployment 0xabab.* not of deployment 0xcdcd"):
        HttpStore(url, Place(31337, "0x" + "cd" * 20)).check()


def test_a_permit_is_of_one_place_root_and_time():
    sent = SentPermit.parse(permits()(ROOT))
    assert sent.signer(PLACE, ROOT) == MEMBER.address.lower()
    assert sent.signer(PLACE, bytes(32)) != MEMBER.address.lower()
    sent.require_valid(NOW)
    with pytest.raises(StoreError, match="the permit expires at"):
        sent.require_valid(NOW + 60)


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        "null",
        "[]",
        "[" * 4_000,
        *(f'{{"chainId": {n}, "manager": ""}}' for n in ("Infinity", "NaN", "null")),
    ],
    ids=["page", "null", "list", "deep", "infinity", "no number", "no chain"],
)
def test_a_page_that_is_no_store_is_found_out(text):
    async def page(request):
        return web.Response(text=text, content_type="text/html")

    with serving(answering(page)) as url, pytest.raises(StoreError, match="is no StakeFed store"):
        HttpStore(url, PLACE).check()


def body(data, status=200):
    async def handler(request):
        return web.Response(body=data, status=status)

    return handler


@pytest.mark.parametrize(
    "data, told",
    [(DATA[:-1], "sent 18011 bytes"), (DATA * 1000, "sends more than 18012 bytes"), (b"", "sent 0")],
    ids=["short", "long", "none"],
)
def test_a_server_that_sends_another_number_of_bytes_is_not_believed(data, told):
    with serving(answering(body(data))) as url, pytest.raises(StoreError, match=told):
        HttpStore(url).get(ROOT, len(DATA))


def test_an_answer_that_unpacks_to_gigabytes_is_not_unpacked():
    import gzip

    async def bomb(request):
        packed = gzip.compress(bytes(100_000_000))
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    with serving(answering(bomb)) as url, pytest.raises(StoreError, match="sends more than 18012 bytes"):
        HttpStore(url).get(ROOT, len(DATA))


def test_a_redirection_is_not_followed():
    async def elsewhere(request):
        raise web.HTTPFound("http://127.0.0.1:1/")

    with serving(answering(elsewhere)) as url, pytest.raises(StoreError, match="answers 302"):
        HttpStore(url).get(ROOT, len(DATA))


def test_a_server_that_drips_is_left(monkeypatch):
    async def drip(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        import asyncio

        for _ in range(100):
            await answer.write(b"x")
            await asyncio.sleep(0.05)
        return answer

    monkeypatch.setattr(http, "SECONDS", 0.3)
    with (
        serving(answering(drip)) as url,
        pytest.raises(StoreError, match="did not answer within 0.3 seconds"),
    ):
        HttpStore(url).get(ROOT, len(DATA))


def test_no_server_is_said():
    with pytest.raises(StoreError, match="store http://127.0.0.1:1 does not answer"):
        HttpStore("http://127.0.0.1:1").get(ROOT, len(DATA))


@pytest.mark.parametrize(
    "given, kind",
    [
        ("http://a.example", "HttpStore"),
        ("https://a.example/x", "HttpStore"),
        ("ipfs+http://127.0.0.1:5001", "IpfsStore"),
        ("memory://x", "FileStore"),
        ("/tmp/folder", "FileStore"),
    ],
)
def test_a_url_names_its_kind_of_store(given, kind):
    assert type(open_store(given, SCHEMA)).__name__ == kind


def test_no_url_is_no_store():
    with pytest.raises(StoreError, match="no store was named; give --store"):
        open_artefacts([], SCHEMA)


@pytest.fixture
def closed(tmp_path):
    """A store for members alone, which has the artefact; and what its chain says."""
    gate = Told()
    with consortium(tmp_path, gate, members_only=True) as url:
        HttpStore(url, PLACE, permits()).put(ROOT, DATA)
        yield url, gate


def reads(url, authorization=None):
    headers = {} if authorization is None else {"Authorization": f"StakeFed {authorization}"}
    answer = requests.get(f"{url}/artefacts/{ROOT.hex()}", headers=headers, timeout=10)
    return answer.status_code, answer.content


def test_a_store_for_members_alone_is_read_by_members(closed):
    url, _ = closed
    assert requests.get(url, timeout=10).json()["membersOnly"] is True
    member = HttpStore(url, PLACE, permits())
    member.check()
    assert [member.get(ROOT, len(DATA)) for _ in range(2)] == [DATA, DATA]
    assert member.get(bytes(32), len(DATA)) is None
    with pytest.raises(StoreError, match="answers 401: to read here needs a member's permit"):
        HttpStore(url, PLACE).get(ROOT, len(DATA))
    with pytest.raises(StoreError, match="answers 403: .* is not a member"):
        HttpStore(url, PLACE, permits(STRANGER)).get(ROOT, len(DATA))


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (permit(PLACE, None, NOW + 60, signing(MEMBER)), 200),
        (permit(PLACE, ROOT, NOW + 60, signing(MEMBER)), 403),  # To write: signs another text.
        (permit(PLACE, None, NOW, signing(MEMBER)), 401),
        (permit(PLACE, None, NOW + LONGEST + 1, signing(MEMBER)), 401),
        (permit(Place(1, PLACE.manager), None, NOW + 60, signing(MEMBER)), 403),
        (permit(PLACE, None, NOW + 60, signing(STRANGER)), 403),
        ("nonsense", 401),
        (None, 401),
    ],
)
def test_only_a_members_permit_to_read_here_and_now_reads(closed, authorization, status):
    found, body = reads(closed[0], authorization)
    assert found == status and (DATA in body) == (status == 200)
    head = requests.head(
        f"{closed[0]}/artefacts/{ROOT.hex()}",
        headers={"Authorization": f"StakeFed {authorization}"},
        timeout=10,
    )
    assert head.status_code == status


def test_a_permit_to_read_does_not_write(closed):
    answer = requests.put(
        f"{closed[0]}/artefacts/{ROOT.hex()}",
        data=DATA,
        headers={"Authorization": f"StakeFed {permit(PLACE, None, NOW + 60, signing(MEMBER))}"},
        timeout=10,
    )
    assert answer.status_code == 403


def test_a_permit_is_signed_once_until_it_expires_and_is_never_shown_to_an_open_store(closed, url):
    signed = []

    def counting(root):
        signed.append(root)
        return permit(PLACE, root, NOW + 60 * len(signed), signing(MEMBER))

    open_to_all = HttpStore(url, PLACE, counting)
    open_to_all.get(ROOT, len(DATA))
    assert signed == []
    member = HttpStore(closed[0], PLACE, counting)
    for _ in range(3):
        assert member.get(ROOT, len(DATA)) == DATA
    assert signed == [None]
    closed[1].now = lambda: NOW + 61
    assert member.get(ROOT, len(DATA)) == DATA and signed == [None, None]


def test_a_chain_that_does_not_answer_opens_no_closed_store(closed):
    closed[1].down = True
    assert reads(closed[0], permit(PLACE, None, NOW + 60, signing(MEMBER)))[0] == 503
