"""`--metrics`: a real server, asked over HTTP."""

import socket

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from offchain.errors import OffchainError
from offchain.live.watching.measuring import SeatKind
from offchain.monitoring import measures
from offchain.monitoring.server import monitored
from offchain.monitoring.vitals import Vitals


@pytest.fixture
def vitals():
    return Vitals()


@pytest.fixture
def url(vitals):
    with monitored(0, "127.0.0.1", measures.CLIENT, vitals) as port:
        yield f"http://127.0.0.1:{port}"


def test_measures_are_text_that_prometheus_reads(url):
    measures.only(measures.SEAT_KIND, SeatKind, SeatKind.VOTER)
    answer = requests.get(f"{url}/metrics", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    kinds = {sample.labels["kind"]: sample.value for sample in found["stakefed_seat_kind"].samples}
    assert kinds == {"none": 0.0, "proposer": 0.0, "voter": 1.0}
    assert found["process_resident_memory_bytes"].samples[0].value > 10**6
    assert found["stakefed_healthy"].samples[0].value == 1.0


def test_health_is_green_until_something_is_wrong(url, vitals):
    answer = requests.get(f"{url}/health", timeout=10)
    assert (answer.status_code, answer.json()) == (
        200,
        {"schema": "stakefed.health/1", "healthy": True, "problems": []},
    )
    vitals.saw(5, 0, 1)
    answer = requests.get(f"{url}/health", timeout=10)
    assert answer.status_code == 503 and answer.json()["healthy"] is False
    assert "no new block for" in answer.json()["problems"][0]
    assert "stakefed_healthy 0.0" in requests.get(f"{url}/metrics", timeout=10).text


def test_nothing_else_is_there(url):
    assert requests.get(f"{url}/debug", timeout=10).status_code == 404
    assert requests.post(f"{url}/metrics", timeout=10).status_code == 405


def test_it_ends_with_its_block(vitals):
    with monitored(0, "127.0.0.1", measures.STORE, vitals) as port:
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=10).ok
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/health", timeout=10)


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_a_port_that_cannot_be_had_is_said(host, vitals):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(OffchainError, match=f"cannot listen on {host}:{port}: .*choose another --metrics"),
            monitored(port, host, (), vitals),
        ):
            pass


def test_without_a_port_nothing_listens(vitals):
    with monitored(None, "127.0.0.1", (), vitals) as port:
        assert port is None
