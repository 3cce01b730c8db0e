"""`--network` as scripts take it, in this process and through a real `ape run`."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from ape.api import SubprocessProvider
from click.testing import CliRunner

from offchain.chain import ports as module
from offchain.chain.network_option import (
    START_SECONDS,
    NetworkUnavailableError,
    allow_slow_start,
    connected,
    network_option,
)

ROOT = Path(__file__).resolve().parents[2]
ANVIL = "ethereum:local:foundry"
IN_PROCESS = "ethereum:local:test"
SCRIPT = """\
import click
from offchain.chain.network_option import connected, network_option

@click.command()
@network_option
def cli(network):
    with connected(network) as provider:
        click.echo(f"{provider.network_choice} answers with chain {provider.chain_id}")
"""


@click.command()
@network_option
def where(network: str) -> None:
    click.echo(network)


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("foundry", ANVIL),
        ("::foundry", ANVIL),
        (":local:foundry", ANVIL),
        ("ethereum::foundry", ANVIL),
        ("ethereum:local:foundry", ANVIL),
        ("ethereum:local", ANVIL),
        ("ethereum", ANVIL),
        ("", ANVIL),
        ("test", IN_PROCESS),
        ("::test", IN_PROCESS),
        ("ethereum:local:test", IN_PROCESS),
    ],
)
def test_a_local_chain_is_passed_in_full(given: str, full: str):
    assert CliRunner().invoke(where, ["--network", given]).output == f"{full}\n"


def test_anvil_is_the_default():
    assert CliRunner().invoke(where, []).output == f"{ANVIL}\n"


@pytest.mark.parametrize(
    "given",
    [
        "hardhat",
        "ethereum:local:hardhat",
        "ethereum:mainnet:foundry",
        "ethereum:sepolia",
        "polygon",
        "local",
        "ethereum:local:foundry:x",
        "http://127.0.0.1:8545",
    ],
)
def test_what_is_no_local_chain_is_refused_in_one_sentence(given: str):
    result = CliRunner().invoke(where, ["--network", given])

    assert result.exit_code == 2
    assert result.output.splitlines()[-1] == (
        f"Error: Invalid value for '--network': {given!r} is no local chain; use 'foundry' (anvil) or 'test' "
        "(in this process), in full 'ethereum:local:foundry' or 'ethereum:local:test'."
    )


def test_anvil_missing_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NetworkUnavailableError) as refused, connected(ANVIL):
        pass

    assert refused.value.message == (
        "anvil is not on the PATH; run `make install`, or choose `--network test`."
    )


def test_anvil_that_cannot_run_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    put_anvil(tmp_path, "exit 127")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NetworkUnavailableError) as refused, connected(ANVIL):
        pass

    assert refused.value.message.startswith(f"{ANVIL} cannot be used: Anvil executable returned error code.")


def test_anvil_that_never_answers_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    put_anvil(tmp_path, '[ "$1" = --version ] || exec /bin/sleep 30')
    monkeypatch.setenv("PATH", str(tmp_path))

    try:
        with pytest.raises(NetworkUnavailableError) as refused, connected(ANVIL, start_seconds=1):
            pass
    finally:
        allow_slow_start()

    assert refused.value.message == (
        f"{ANVIL} cannot be used: Timed out waiting for successful RPC connection to the 'anvil' process "
        "(1 seconds)."
    )


def test_anvil_has_a_minute_to_start():
    allow_slow_start()

    assert SubprocessProvider.start.__defaults__ == (START_SECONDS,)
    assert START_SECONDS == 60


@pytest.mark.parametrize(
    ("given", "full"),
    [("foundry", ANVIL), (ANVIL, ANVIL), (IN_PROCESS, IN_PROCESS)],
)
def test_ape_run_reaches_the_chain(project_with_a_script: Path, given: str, full: str):
    result = ape_run_where(project_with_a_script, given)

    assert result.returncode == 0, result.stderr
    assert f"{full} answers with chain 31337" in result.stdout.splitlines()


def test_ape_run_refuses_without_a_traceback(project_with_a_script: Path):
    result = ape_run_where(project_with_a_script, "hardhat")

    assert result.returncode == 2
    assert "'hardhat' is no local chain; use 'foundry' (anvil)" in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


@pytest.fixture
def project_with_a_script(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "where.py").write_text(SCRIPT)
    (tmp_path / "ape-config.yaml").write_text(
        "foundry: {host: auto}\ntest: {provider: {chain_id: 31337}}\n",
    )
    return tmp_path


def ape_run_where(folder: Path, network: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("ape"), "run", "where", "--network", network],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_port_that_is_taken_is_passed_over(monkeypatch):
    with socket.socket() as taken, socket.socket() as to_be_free:
        for each in (taken, to_be_free):
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in (taken, to_be_free)]
        to_be_free.close()
        monkeypatch.setattr(module, "PORTS", ports)
        monkeypatch.setattr(module.SystemRandom, "sample", lambda self, drawn, count: list(drawn))
        with connected(ANVIL) as provider:
            assert urlsplit(provider.http_uri).port == ports[1]


def put_anvil(folder: Path, body: str) -> None:
    (folder / "anvil").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "anvil").chmod(0o755)


@pytest.mark.parametrize("excepted", [None, "intranet.example"])
def test_a_proxy_of_the_environment_does_not_come_between(excepted, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        if excepted:
            monkeypatch.setenv(name, excepted)
    with connected(ANVIL) as provider:
        assert provider.chain_id == 31337
    assert excepted is None or excepted in os.environ["NO_PROXY"].split(",")
