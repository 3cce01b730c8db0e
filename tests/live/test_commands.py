"""The commands as founders and keepers run them: processes with a keystore, on a chain that mines by time."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from live import (
    CONFIGURATION,
    PASSPHRASE,
    RULES,
    TREASURY,
    deploy,
    eventually,
    found,
    free_port,
    keystore,
    node,
    signer,
    write_configuration,
)
from players import Players

from offchain.live.access.chain import Chain
from offchain.live.access.rpc import Rpc
from offchain.live.deploying.book import read_book, source_path
from offchain.live.deploying.deployment import load_deployment
from offchain.live.errors import NodeRefusedError, RelayError
from offchain.live.relaying.line import require_relay
from offchain.live.watching.view import read_view
from scripts.deploy import cli as deploy_command
from scripts.explain import cli as explain
from scripts.status import cli as status

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"founder": 1, "second": 2}


@pytest.fixture(scope="module")
def ape_home(tmp_path_factory):
    """A data folder of Ape with two locked accounts."""
    folder = tmp_path_factory.mktemp("ape")
    keystore(folder, **{alias: number.to_bytes(32) for alias, number in KEYS.items()})
    packages = Path.home() / ".ape" / "packages"
    if packages.exists():
        (folder / "packages").symlink_to(packages)
    return folder


@pytest.fixture
def timed():
    """A node with Sepolia's chain id and a block twice a second."""
    with node("--block-time", "0.5") as running:
        for number in KEYS.values():
            running.give(signer(number).address)
        yield running


@pytest.fixture
def run(ape_home, ape_that_has_imported):
    """Starts `ape run COMMAND`, unlocked by the environment; whatever still runs in the end is killed."""
    started = []

    def start(command, *options, passphrases=True):
        env = {**os.environ, "APE_DATA_FOLDER": str(ape_home), "PYTHONUNBUFFERED": "1"}
        if passphrases:
            env |= {f"APE_ACCOUNTS_{alias}_PASSPHRASE": PASSPHRASE for alias in KEYS}
        process = subprocess.Popen(
            [ape_that_has_imported, "run", command, *map(str, options)],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def ended(process, seconds=120):
    """What a process said, once it has ended."""
    said = process.communicate(timeout=seconds)[0]
    assert "Traceback" not in said, said
    return said


def asked(command, *options):
    """What a command of this process prints as JSON."""
    result = CliRunner().invoke(command, [str(option) for option in options])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def by_url(running):
    return ("--network", f"ethereum:sepolia:{running.url}")


def test_a_dry_run_prices_everything_and_sends_nothing(anvil_node, own_keystore, tmp_path):
    keystore(own_keystore, locked=signer_key(5))
    anvil_node.give(signer(5).address)
    path = write_configuration(tmp_path)
    options = [*by_url(anvil_node), "--account", "locked", "--config", str(path), "--dry-run"]
    result = CliRunner().invoke(deploy_command, options)
    assert result.exit_code == 0, result.output
    assert all(name in result.output for name in ("RoundManager", "in all", "Nothing was sent."))
    assert f"treasury {TREASURY} has no code on chain 11155111" in " ".join(result.output.split())
    assert not path.with_suffix(".json").exists()
    assert Chain(Rpc([anvil_node.url])).nonce(signer(5).address) == 0


def test_a_dry_run_without_coin_prices_everything_and_ends_with_1(anvil_node, own_keystore, tmp_path):
    keystore(own_keystore, poor=signer_key(6))
    options = [*by_url(anvil_node), "--account", "poor", "--config", str(write_configuration(tmp_path))]
    result = CliRunner().invoke(deploy_command, [*options, "--dry-run"])
    assert result.exit_code == 1 and "in all" in result.output
    told = f"account {signer(6).address} has 0.000000 of the native coin of chain 11155111, and the gas takes"
    assert told in " ".join(result.output.split())


@pytest.mark.usefixtures("snapshot")
def test_a_node_that_imagines_nothing_gets_a_whole_deployment(
    anvil_node, own_keystore, tmp_path, monkeypatch
):
    keystore(own_keystore, locked=signer_key(5))
    monkeypatch.setenv("APE_ACCOUNTS_locked_PASSPHRASE", PASSPHRASE)
    anvil_node.give(signer(5).address)

    def refuse(self, *arguments):
        raise NodeRefusedError("eth_call", "too many arguments, want at most 2")

    monkeypatch.setattr(Chain, "imagine", refuse)
    path = write_configuration(tmp_path)
    options = [*by_url(anvil_node), "--account", "locked", "--config", str(path), "--confirmations", "1"]
    result = CliRunner().invoke(deploy_command, options)
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "code was not compared: the node refused eth_call: too many arguments" in told
    assert read_book(path.with_suffix(".json")).contracts["Relay"].address in told


def test_a_deployment_killed_in_the_middle_goes_on_and_deploys_nothing_twice(timed, run, tmp_path, compiled):
    path = write_configuration(tmp_path)
    options = (*by_url(timed), "--account", "founder", "--config", path, "--confirmations", 1)
    chain = Chain(Rpc([timed.url]))

    first = run("deploy", *options)
    eventually(
        lambda: (book := read_book(path.with_suffix(".json"))) and book.pending and book.pending.hashes, 90
    )
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert not read_book(path.with_suffix(".json")).complete

    said = ended(run("deploy", *options))
    assert "every parameter read back" in said
    book = read_book(path.with_suffix(".json"))
    own = [entry for name, entry in book.contracts.items() if name != "StakePool"]
    assert book.complete and book.pending is None
    assert chain.nonce(signer(1).address) == len(own)
    assert len({entry.transaction for entry in own}) == len(own)
    assert load_deployment(str(path), compiled).parameters.rules != RULES
    assert "contracts/RoundManager.sol" in json.loads(source_path(path).read_text())["sources"]


def test_keepers_race_and_live_through_a_node_that_goes_away(run, tmp_path, compiled, members):
    path = write_configuration(
        tmp_path,
        protocol=CONFIGURATION["protocol"]
        | {"propose_for": 5, "publish_for": 2, "vote_for": 2, "reveal_for": 2, "unbonding": 11},
    )
    state = tmp_path / "state.json"
    with node("--state", str(state), "--preserve-historical-states") as running:
        running.give(signer(2).address)
        deployment, chain = found(running, compiled, path, members)
        running.rpc.request("evm_setIntervalMining", 1)
        options = ("--deployment", path, *by_url(running), "--confirmations", 1, "--poll", 0.3, "--jitter", 0)
        keepers = [
            run("keeper", *options, "--account", alias, "--log-format", "json", "--health", 1)
            for alias in KEYS
        ]
        players = Players(deployment, chain, members)
        eventually(lambda: read_view(chain, deployment).drawn_at)
        proposers, _ = players.seated()
        players.propose(proposers)
        eventually(lambda: read_view(chain, deployment).round == 2)

        running.stop()
        time.sleep(5)  # A phase.
        running.start()
        running.rpc.request("evm_setIntervalMining", 1)
        assert read_view(chain, deployment).round >= 2
        eventually(lambda: read_view(chain, deployment).round >= 3)

        for keeper in keepers:
            keeper.send_signal(signal.SIGTERM)
        logs = [
            [json.loads(line) for line in ended(keeper).splitlines() if line[:1] == "{"] for keeper in keepers
        ]
        assert [keeper.returncode for keeper in keepers] == [0, 0]
        told = asked(status, "--deployment", path, *by_url(running), "--json")
        explained = asked(explain, proposers[0].address, "--deployment", path, *by_url(running), "--json")

    for log in logs:
        messages = [line["message"] for line in log]
        assert messages[0].startswith("account ") and messages[1].startswith("keeping: opens, draws, marks")
        assert messages[-1] == "stopped" and "healthy" in messages
        assert any("no node answered" in message for message in messages)
        assert not [line for line in log if line["level"] == "error"]
    acts = [line for log in logs for line in log if line["message"].endswith(" done")]
    done = [(line["message"], line["round"], line.get("client")) for line in acts]
    assert len(set(done)) == len(done), "something was done twice"
    assert [each["schema"] for each in (told, explained)] == ["stakefed.status/1", "stakefed.statement/1"]
    numbers = [*scalars(told), *scalars(explained)]
    assert not [n for n in numbers if isinstance(n, float) or (isinstance(n, int) and n > 2**53)]
    assert int(told["reward_pool"]) > 0 and told["decimals"] == 18
    assert told["rounds"][0] | {"model": None} == {
        "round": 1,
        "members": 6,
        "published": [],
        "ballots": 0,
        "revealed": 0,
        "finalised": True,
        "void": True,
        "included": [],
        "undecided": [],
        "model": None,
    }
    assert "update not published" in [change["reason"] for change in explained["changes"]]


def scalars(value):
    """Whatever JSON holds that is no list and no object."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [each for part in inner for each in scalars(part)]
    return [value]


def test_a_relay_answers_and_stops(timed, run, tmp_path, compiled):
    path = write_configuration(tmp_path)
    chain = Chain(Rpc([timed.url]))
    deployment = deploy(chain, compiled, path, signer(1))
    port = free_port()
    options = ("--deployment", path, *by_url(timed), "--account", "second", "--port", port)
    relay = run("relay", *options)

    def answers():
        try:
            require_relay(f"http://127.0.0.1:{port}", deployment)
        except RelayError:
            return False
        return True

    eventually(answers)
    relay.send_signal(signal.SIGTERM)
    said = ended(relay)
    assert f"listening on http://127.0.0.1:{port}" in said and "relaying what members sign" in said
    assert "stopped" in said and relay.returncode == 0


def test_what_is_wrong_at_the_start_is_said_before_anything_is_sent(anvil_node, own_keystore, tmp_path):
    keystore(own_keystore, locked=signer_key(5))
    path, other = write_configuration(tmp_path), write_configuration(tmp_path, "other", chain_id=1)
    anvil_node.give(signer(5).address)
    refusals = {
        "is a node of chain 11155111, the deployment is on chain 1": (other, "locked"),
        "locked and there is nobody to ask for its passphrase; set APE_ACCOUNTS_locked_PASSPHRASE": (
            path,
            "locked",
        ),
        "there is no account 'nobody' in Ape's keystore": (path, "nobody"),
        "there is no configuration": (tmp_path / "none.yaml", "locked"),
    }
    for words, (config, account) in refusals.items():
        options = [*by_url(anvil_node), "--account", account, "--config", str(config)]
        result = CliRunner().invoke(deploy_command, options)
        assert result.exit_code == 1 and words in " ".join(result.output.split()), result.output
    assert not list(tmp_path.glob("*.json"))
    assert Chain(Rpc([anvil_node.url])).nonce(signer(5).address) == 0


def signer_key(number):
    return number.to_bytes(32)
