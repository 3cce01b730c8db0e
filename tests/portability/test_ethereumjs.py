"""Rounds on EthereumJS over HTTP: another EVM, another node, nothing but signed transactions."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

import pytest
from engine_play import deployment, play
from ethereumjs import CHAIN_ID, PROGRAM, ethereumjs
from field import PARAMETERS
from institutions import play as play_live
from live import FAST, PASSPHRASE, eventually, found, keystore, signer, write_configuration
from live_game import keys_for
from players import Players

from offchain.chain.abi import Interface
from offchain.chain.gateway import Gateway
from offchain.chain.signing import Signer
from offchain.engines.chain_engine import ChainEngine
from offchain.engines.reference_engine import ReferenceEngine
from offchain.errors import CallRevertedError
from offchain.live.access.sender import Sender
from offchain.live.deploying.code_check import require_code
from offchain.live.errors import NodeRefusedError
from offchain.live.keeping.keeper import Keeper
from offchain.live.watching.view import read_view
from offchain.reference import Phase
from offchain.reference.state import NOBODY

ROOT = Path(__file__).resolve().parents[2]
PATIENT = FAST.model_copy(update={"patience": 3600})
"""Its clock runs ten times as fast as ours, and a transaction that comes again while it is mined stays in its
pool, where it stops all later ones of the account."""
LONG = pytest.mark.skipif(not os.environ.get("LIVE_BUDGET"), reason="long; `make portability` plays it")


@pytest.fixture(scope="session")
def compiled(project):
    """The compiled contracts by name."""
    return {name: container.contract_type for name, container in project.load_contracts().items()}


@contextmanager
def running(folder):
    if not PROGRAM.exists():
        pytest.skip("EthereumJS is not installed; `make portability` does it")
    with ethereumjs(folder) as node:
        yield node


@pytest.fixture(scope="module")
def ethereumjs_node(tmp_path_factory):
    with running(tmp_path_factory.mktemp("ethereumjs")) as node:
        yield node


@pytest.fixture
def unused_ethereumjs_node(tmp_path_factory):
    """A chain on which contracts stand where they do in every run: seats follow from where."""
    with running(tmp_path_factory.mktemp("ethereumjs")) as node:
        yield node


@pytest.fixture
def engine_api_gateway(ethereumjs_node):
    return Gateway(ethereumjs_node)


def test_it_plays_as_the_reference_does(engine_api_gateway, compiled):
    d = deployment(8, 32, 3)
    played = play(ChainEngine(engine_api_gateway, compiled, d), 3, 3)
    assert played == play(ReferenceEngine(d), 3, 3)
    assert any(outcome.included for outcome in played[1::2]), "no update was included: a weak test"
    assert any(outcome.removed for outcome in played[1::2]), "nobody was removed: a weak test"


def test_refusals_are_explained(engine_api_gateway, compiled):
    holder = Signer(b"\x03" * 32)
    engine_api_gateway.fund([holder.address])
    with pytest.raises(CallRevertedError) as refused:
        token = Interface(compiled["StakeToken"])
        stake = engine_api_gateway.deploy(holder, token, "Stake", "STK", 1000, holder.address)
        parameters = (0, *astuple(PARAMETERS)[1:])
        manager = Interface(compiled["RoundManager"])
        source = engine_api_gateway.deploy(holder, Interface(compiled["SimulatedSeed"]), bytes(32))
        engine_api_gateway.deploy(holder, manager, stake.address, source.address, NOBODY, parameters)
    assert refused.value.error == "InvalidParameter"
    assert refused.value.values == {"name": "proposerStake", "actual": 0, "bound": 1}


def test_a_live_network_is_founded_and_plays_a_round(ethereumjs_node, compiled, tmp_path):
    """Deployed from a configuration; the keeper opens, draws by a header's proof, finalises and settles."""
    members = [signer(100 + number) for number in range(6)]
    with ethereumjs_node.mining(every=0.1):
        configuration = write_configuration(tmp_path, chain_id=CHAIN_ID)
        deployment, chain = found(ethereumjs_node, compiled, configuration, members, settings=PATIENT)
        with pytest.raises(NodeRefusedError, match="it imagines no other states"):
            require_code(chain, deployment)
        players = Players(deployment, chain, members, PATIENT)
        keeper = Keeper(chain, deployment, Sender(chain, signer(1), PATIENT), every=10**6, settles=True)

        def kept_to(phase):
            keeper.step()
            return read_view(chain, deployment).phase == phase

        eventually(lambda: kept_to(Phase.PROPOSE), seconds=60)
        proposers, _ = players.seated()
        players.play(ballot=0b01)
        eventually(lambda: kept_to(Phase.IDLE), seconds=60)
        eventually(lambda: keeper.step() or not any(c.escrow for c in players.views().values()), seconds=60)

        stake = deployment.parameters.proposer_stake
        whole = {key.address: 2 * deployment.parameters.bond for key in members}
        assert {address: c.free for address, c in players.views().items()} == whole | {
            proposers[1].address: whole[proposers[1].address] - stake
        }
        assert read_view(chain, deployment).reward_pool == stake


@LONG
def test_the_commands_deploy_and_keep(ethereumjs_node, tmp_path):
    """`ape run` by URL: a deployment that says what this node cannot do, and then keeper and status on it."""
    keystore(tmp_path / "ape", founder=(1).to_bytes(32))
    unlocked = {"APE_DATA_FOLDER": str(tmp_path / "ape"), "APE_ACCOUNTS_founder_PASSPHRASE": PASSPHRASE}
    path = write_configuration(tmp_path, chain_id=CHAIN_ID, network="ethereum:local")

    def said(command, *options):
        run = subprocess.run(
            [
                Path(sys.executable).with_name("ape"),
                "run",
                command,
                "--network",
                ethereumjs_node.url,
                *options,
            ],
            cwd=ROOT,
            env=os.environ | unlocked,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return " ".join(run.stdout.split())

    ethereumjs_node.fund([signer(1).address])
    founding = ("--config", path, "--account", "founder", "--confirmations", "1")
    with ethereumjs_node.mining(every=0.1):
        assert "RoundManager │ known once the token stands" in said("deploy", *founding, "--dry-run")
        deployed = said("deploy", *founding)
        assert "code was not compared" in deployed and "Written to" in deployed
        said("keeper", "--deployment", path, "--account", "founder", "--once")
        assert "No round yet; waits for 4 more members." in said("status", "--deployment", path)


@LONG
def test_institutions_make_the_simulations_model(
    unused_ethereumjs_node, compiled, tmp_path, tmp_path_factory
):
    """`ape run client`, five times as a process of its own, and the model that anybody verifies."""
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with unused_ethereumjs_node.mining(every=0.1):
        play_live(tmp_path, compiled, clients=5, rounds=2, malicious=0.2, seed=0, on=unused_ethereumjs_node)
