"""What a process loads: whoever neither trains nor judges needs no library of learning."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from live import LIMIT, PASSPHRASE, deploy, eventually, free_port, keystore, node, signer, write_configuration

from offchain.chain.abi import Interface
from offchain.live.access.chain import Chain
from offchain.live.access.rpc import Rpc
from offchain.live.deploying.configuration import load_configuration

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "support" / "heavy_modules.py"
SENDER = signer(1)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, compiled):
    """A deployment, and the options that name it."""
    folder = tmp_path_factory.mktemp("processes")
    keystore(folder / "ape", sender=(1).to_bytes(32))
    path = write_configuration(folder)
    # Mined by time too: a program that sees no block for three minutes is not well, and machines may be slow.
    with node("--block-time", "20", "--mixed-mining") as running:
        running.give(SENDER.address)
        chain = Chain(Rpc([running.url]), [Interface(each) for each in compiled.values()])
        deploy(chain, compiled, path, SENDER, rules=load_configuration(path).learning.rules)
        yield folder, ("--deployment", str(path), "--network", running.url)


@pytest.fixture
def start(deployed):
    """Starts the program above; whatever still runs in the end is killed."""
    folder, _ = deployed
    started = []

    def begin(*arguments):
        env = {**os.environ, "PYTHONPATH": str(ROOT), "APE_DATA_FOLDER": str(folder / "ape")}
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *map(str, arguments)],
            cwd=ROOT,
            env=env | {"APE_ACCOUNTS_sender_PASSPHRASE": PASSPHRASE, "HOME": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def loaded(process):
    said, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said + errors
    return json.loads(said.splitlines()[-1])


def test_help_loads_no_library_of_learning(start):
    assert loaded(start()) == []


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("status", "--json", "--members"), ("explain", SENDER.address)],
    ids=["status", "status as json", "explain"],
)
def test_who_watches_loads_no_library_of_learning(start, deployed, arguments):
    assert loaded(start(*arguments, *deployed[1])) == []


def test_who_verifies_loads_no_library_of_learning(start, deployed, tmp_path):
    assert loaded(start("verify", "--store", tmp_path, *deployed[1])) == []


def test_a_client_that_trains_loads_torch_alone(start, deployed):
    """Up to the refusal of what it was not given, after rules, learner and shapes were checked."""
    process = start("client", "--account", "sender", "--data", "nowhere", "--dry-run", *deployed[1])
    said, _ = process.communicate(timeout=LIMIT)
    assert json.loads(said.splitlines()[-1]) == ["torch"]


def test_a_keeper_loads_no_library_of_learning(start, deployed):
    port = free_port()
    process = start("keeper", "--account", "sender", "--metrics", port, *deployed[1])
    eventually(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}/health"))
    eventually(lambda: re.search(r"^stakefed_block_number [1-9]", metrics(port), re.MULTILINE))
    process.send_signal(signal.SIGTERM)
    assert loaded(process) == []


def test_a_port_for_measures_that_is_taken_is_said_before_anything_else(start, deployed):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("keeper", "--account", "sender", "--metrics", port, *deployed[1])
        _, errors = process.communicate(timeout=LIMIT)
    assert f"cannot listen on 127.0.0.1:{port}: " in errors and "choose another --metrics" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("server", ["store", "relay"])
def test_a_server_loads_no_library_of_learning(start, deployed, tmp_path, server):
    """Neither as it is nor as it is asked for its measures, which it tells while it serves."""
    port, own_port = free_port(), free_port()
    own = {"store": ("--folder", tmp_path), "relay": ("--account", "sender")}[server]
    process = start(server, "--port", port, "--metrics", own_port, *own, *deployed[1])
    eventually(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}"))
    eventually(lambda: "stakefed_round_number 0.0" in metrics(own_port))
    told = metrics(own_port)
    assert 'stakefed_http_responses_total{method="GET",status="200"}' in told
    assert 'stakefed_round_phase{phase="idle"} 1.0' in told
    eventually(lambda: answers(f"http://127.0.0.1:{own_port}/health"))
    process.send_signal(signal.SIGTERM)
    assert loaded(process) == []


def metrics(port):
    return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text


def answers(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
