"""Real nodes for tests of the live network: processes of their own, mining at once, by time or when told."""

import hashlib
import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import yaml
from eth_account import Account
from loans_learning import LEARNING
from ports import free_port

from offchain.chain.abi import Interface
from offchain.chain.nodes import HISTORY
from offchain.chain.signing import Signer
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.access.sending import SendingSettings
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deployer import Deployer

SEPOLIA = 11_155_111
FAST = SendingSettings(confirmations=1, poll=0.02, patience=3)
RULES = b"\x07" * 32
PASSPHRASE = "a passphrase"
LIMIT = 300.0  # Seconds, so that what hangs fails; a measure of nothing.

TREASURY = "0x" + "7e" * 20
CONFIGURATION = {
    "network": "ethereum:sepolia",
    "chain_id": SEPOLIA,
    "token": {"name": "Test stake", "symbol": "TST", "supply": 1_000_000},
    "seed_source": "prevrandao",
    "protocol": {
        "proposer_stake": 8,
        "voter_stake": 1,
        "bond": 64,
        "absence_penalty": 0.5,
        "proposer_bps": 2500,
        "voter_seats": 5,
        "quorum_bps": 3000,
        "max_strikes": 3,
        "seed_delay": 2,
        "propose_for": 600,
        "publish_for": 600,
        "vote_for": 600,
        "reveal_for": 600,
        "unbonding": 2400,
    },
    "learning": LEARNING,
    "treasury": TREASURY,
}


def configuration(**protocol):
    """The configuration above with other protocol values."""
    return CONFIGURATION | {"protocol": CONFIGURATION["protocol"] | protocol}


class Node:
    """An anvil of one's own, and what tests may do to it that no client may."""

    def __init__(self, port, options):
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self._options = options
        self.start()

    def start(self):
        program = shutil.which("anvil")
        assert program, "anvil is not on the PATH: run the tests in the environment that `make` creates"
        self._process = subprocess.Popen([program, "--port", str(self.port), "--silent", *self._options])
        self.rpc = Rpc([self.url], tries=8, pause=0.05)
        self.rpc.request("eth_chainId")

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=20)

    def mine(self, blocks=1, every=1):
        """Mine blocks, some seconds of the chain apart."""
        self.rpc.request("anvil_mine", hex(blocks), hex(every))

    def reorganise(self, last):
        """Put as many empty blocks in place of those above number `last`: a fork that became the chain."""
        head = int(self.rpc.request("eth_blockNumber"), 16)
        self.rpc.request("anvil_reorg", head - last, [])

    def warp(self, seconds):
        """Let the chain's next block be later."""
        self.rpc.request("evm_increaseTime", seconds)
        self.mine()

    def warp_to(self, time):
        """Let the chain's next block be of a Unix time."""
        self.rpc.request("evm_setNextBlockTimestamp", time)
        self.mine()

    def forget_hashes(self):
        """Be a chain without EIP-2935: its eight thousand blocks take anvil minutes."""
        self.rpc.request("anvil_setCode", HISTORY, "0x")

    def give(self, address, ether=100):
        self.rpc.request("anvil_setBalance", address, hex(ether * 10**18))


@contextmanager
def node(*options, chain_id=SEPOLIA):
    """A fresh node; `"--block-time", "0.2"` mines by time, `"--no-mining"` when told."""
    # Blocks can be exchanged down to those whose states anvil keeps.
    running = Node(free_port(), ["--chain-id", str(chain_id), "--prune-history", "64", *options])
    try:
        yield running
    finally:
        running.stop()


def signer(number):
    """Some key."""
    return Signer(number.to_bytes(32))


def write_configuration(folder, name="net", **changes):
    """A configuration file; keyword arguments replace whole entries."""
    path = Path(folder) / f"{name}.yaml"
    path.write_text(yaml.safe_dump(CONFIGURATION | changes))
    return path


def keystore(folder, **keys):
    """Keys by alias in a folder that `APE_DATA_FOLDER` can name, locked with PASSPHRASE."""
    accounts = Path(folder) / "accounts"
    accounts.mkdir(parents=True, exist_ok=True)
    for alias, key in keys.items():
        locked = Account.encrypt(key, PASSPHRASE, kdf="pbkdf2", iterations=1000)
        (accounts / f"{alias}.json").write_text(json.dumps(locked))


def deploy(chain, contracts, path, founder, rules=RULES, settings=FAST):
    """Deploy a configuration file; the deployment."""
    from offchain.live.deploying.deployment import load_deployment

    Deployer(chain, contracts, load_configuration(path), rules, path.with_suffix(".json")).run(
        Sender(chain, founder, settings)
    )
    return load_deployment(str(path), contracts)


def found(node_, contracts, path, members, settings=FAST, **deploying):
    """A deployment with members, on a node that mines every transaction at once; it and its chain."""
    interfaces = [Interface(each) for each in contracts.values()]
    chain = Chain(Rpc([node_.url]), interfaces)
    founder = signer(1)
    for key in (founder, *members):
        node_.give(key.address)
    deployment = deploy(chain, contracts, path, founder, settings=settings, **deploying)
    bond = deployment.parameters.bond * 2
    hands = Sender(chain, founder, settings)
    for key in members:
        hands.send(Invocation(deployment.token, "transfer", (key.address, bond)))
    for key in members:
        own = Sender(chain, key, settings)
        own.send(Invocation(deployment.token, "approve", (deployment.pool.address, bond)))
        own.send(Invocation(deployment.pool, "deposit", (bond,)))
        own.send(Invocation(deployment.manager, "join", (b"",)))
    return deployment, chain


def eventually(condition, seconds=LIMIT):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} seconds")


def rewritten(path, change):
    """Change what a cache of logs keeps, and make its digest right again."""
    content = json.loads(path.read_bytes().partition(b"\n")[2])
    change(content)
    body = json.dumps(content).encode()
    path.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
