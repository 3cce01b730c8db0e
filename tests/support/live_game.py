"""A whole live network for tests: a node mining by time, a deployment, a keeper, clients as processes."""

import multiprocessing
import os
import signal
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver, spawn
from pathlib import Path

import loans_learning
import requests
from federations import load
from live import (
    FAST,
    PASSPHRASE,
    deploy,
    eventually,
    free_port,
    keystore,
    node,
    signer,
    write_configuration,
)
from warm_ape import DOOR

from offchain.chain.abi import Interface
from offchain.errors import ChainError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.deploying.configuration import load_configuration
from offchain.live.keeping.keeper import Keeper
from offchain.live.watching.history import History
from offchain.live.watching.view import read_view
from offchain.worker import process as worker

CHAIN = 31_337
FOUNDER, KEEPER = signer(1), signer(2)
_START = multiprocessing.get_context("forkserver")


@dataclass
class Member:
    """One client: its key, and the process that runs it."""

    number: int
    alias: str
    key: object
    arguments: list
    log: Path
    options: dict = field(default_factory=dict)
    process: object = None

    def start(self, **more):
        """Start the process; keyword arguments change what `live_client.main` is told."""
        told = {"attack": False, "withholds": False, "deaths": None, "python": worker.PYTHON}
        told |= {**self.options, **more}
        self.process = _START.Process(target=_run, args=(self.arguments, str(self.log), told), daemon=True)
        self.process.start()

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Signal the process and wait for its end; its exit code."""
        if self.process.is_alive():
            os.kill(self.process.pid, number)
        self.process.join(seconds)
        assert not self.process.is_alive(), f"{self.alias} does not end"
        return self.process.exitcode

    @property
    def said(self):
        return self.log.read_text() if self.log.exists() else ""


def _run(arguments, log, told):
    import live_client

    live_client.main(arguments, log, **told)


@contextmanager
def serving_store(network, folder, *more):
    """`ape run store` as a process, `more` of its options; its URL."""
    port = free_port()
    arguments = ["--deployment", str(network.path), "--network", network.node.url]
    arguments += ["--folder", str(folder), "--port", str(port), *more]
    log = network.folder / "store.log"
    process = _START.Process(target=_run_store, args=(arguments, str(log)), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{port}"

    def answers():
        try:
            return requests.get(url, timeout=5).ok
        except requests.RequestException:
            assert process.is_alive(), log.read_text()
            return False

    try:
        eventually(answers)
        yield url
        os.kill(process.pid, signal.SIGTERM)
        process.join(20)
        assert process.exitcode == 0, log.read_text()
    finally:
        process.kill()


def _run_store(arguments, log):
    import live_client

    live_client.serve(arguments, log)


class Keeping(threading.Thread):
    """A keeper beside the test, until it is stopped."""

    def __init__(self, game):
        super().__init__(daemon=True)
        chain = game.another_chain()
        self._keeper = Keeper(chain, game.deployment, Sender(chain, KEEPER, FAST))
        self._ends = threading.Event()

    def run(self):
        while not self._ends.wait(0.2):
            try:
                self._keeper.step()
            except ChainError:
                continue

    def stop(self):
        self._ends.set()
        self.join(20)


class Game:
    """What a test plays with."""

    def __init__(self, folder, running, contracts, protocol, clients, learning, shown, stores, salt, more):
        self.folder, self.node, self.contracts = folder, running, contracts
        path = write_configuration(
            folder,
            chain_id=CHAIN,
            network="ethereum:local",
            seed_source="simulated",
            seed_salt="0x" + salt.hex(),
            protocol=protocol,
            learning=learning,
            **more,
        )
        self.chain = Chain(Rpc([running.url]), [Interface(each) for each in contracts.values()])
        for key in (FOUNDER, KEEPER):
            running.give(key.address)
        rules = load_configuration(path).learning.rules
        self.deployment = deploy(self.chain, contracts, path, FOUNDER, rules=rules)
        self.path = path
        self.stores = stores or [str(folder / "store")]
        self.members = [self._member(number, clients, shown) for number in range(clients)]
        self._history = History(self.chain, [self.deployment.manager, self.deployment.pool], 0)
        self._seen = None

    def _member(self, number, clients, shown):
        alias, key = aliases(clients)[number], client_key(number)
        self.node.give(key.address)
        arguments = ["--deployment", str(self.path), "--network", self.node.url, "--account", alias]
        arguments += [*shown(number), "--poll", "0.2"]
        arguments += ["--confirmations", "1", "--patience", "3"]
        arguments += ["--cache", str(self.folder / f"cache-{alias}")]
        for store in self.stores:
            arguments += ["--store", store]
        return Member(number, alias, key, arguments, self.folder / f"{alias}.log")

    def fund(self, members=None, bonds=1):
        """Hand out tokens: the bond to each, unless told otherwise."""
        hands = Sender(self.chain, FOUNDER, FAST)
        for member in members or self.members:
            amount = self.deployment.parameters.bond * bonds
            hands.send(Invocation(self.deployment.token, "transfer", (member.key.address, amount)))

    def enrol(self):
        """Make everyone a member, in the order of their numbers, as their owners could do by hand."""
        self.fund()
        d = self.deployment
        for member in self.members:
            own = Sender(self.chain, member.key, FAST)
            own.send(Invocation(d.token, "approve", (d.pool.address, d.parameters.bond)))
            own.send(Invocation(d.pool, "deposit", (d.parameters.bond,)))
            own.send(Invocation(d.manager, "join", (b"",)))

    def another_chain(self):
        """A line of one's own to the node."""
        return Chain(Rpc([self.node.url]), [Interface(each) for each in self.contracts.values()])

    def use_stores(self, stores):
        """Name other stores to the clients, before they start."""
        for member in self.members:
            cut = member.arguments.index("--store")
            member.arguments[cut:] = [part for store in stores for part in ("--store", store)]
        self.stores = stores

    def wallet(self, member):
        """A client's tokens outside the pool."""
        (held,) = self.chain.read([Invocation(self.deployment.token, "balanceOf", (member.key.address,))])
        return held

    def events(self, *names):
        """All events of these names so far."""
        self._history.advance()
        return [event for event in self._history.events if not names or event.name in names]

    @property
    def schema(self):
        return self.deployment.configuration.learning.schema_

    def view(self):
        return read_view(self.chain, self.deployment, [member.key.address for member in self.members])

    def until(self, condition, seconds=120, may_end=False):
        """Wait until a condition of the view holds; a client that ends in between is a failure."""

        def look():
            ended = [
                m.alias for m in self.members if m.process is not None and m.process.exitcode is not None
            ]
            assert not ended or may_end, f"{ended} ended: {self.logs()}"
            try:
                view = self._view_of_the_head()
            except ChainError:
                return None
            return view if condition(view) else None

        return eventually(look, seconds)

    def _view_of_the_head(self):
        """A view costs as much as a client's look: one for each block is enough."""
        if self._seen is None or self._seen.block.hash != self.chain.head().hash:
            self._seen = self.view()
        return self._seen

    def everyone_joined(self):
        return self.until(lambda view: view.member_count == len(self.members))

    def logs(self):
        """What all clients said, for the reader of a failure."""
        return "\n".join(f"--- {m.alias}\n{m.said[-3000:]}" for m in self.members)


@cache
def inputs(clients, rows, seed):
    """Columns of the built-in loans as shared out: categories depend on which rows are there."""
    return load(rows=rows, clients=clients, seed=seed).X_test.shape[1]


def aliases(clients):
    return [f"client{number}" for number in range(clients)]


def client_key(number):
    return signer(1000 + number)


_KEYSTORE = {}


def keys_for(clients, folder):
    """A keystore that the server of processes, and so every client, finds; made once."""
    if not _KEYSTORE:
        _KEYSTORE["folder"] = folder
        forkserver._forkserver._stop()  # Of other tests, with their surroundings; a process has but one.
        keystore(folder, **{alias: (1000 + i).to_bytes(32) for i, alias in enumerate(aliases(clients))})
    os.environ["APE_DATA_FOLDER"] = str(_KEYSTORE["folder"])
    for alias in aliases(clients):
        os.environ[f"APE_ACCOUNTS_{alias}_PASSPHRASE"] = PASSPHRASE
    # The server finds modules by this path alone, and imports nothing, silently, that it does not find.
    here = Path(__file__).parent
    os.environ["PYTHONPATH"] = os.pathsep.join([str(here), str(here.parent.parent)])
    _start_server()
    return _KEYSTORE["folder"]


def _start_server():
    """Start what clients are forked from; side by side it is itself forked from the one that has imported."""
    cold = spawn.get_executable()
    spawn.set_executable(os.environ.get(DOOR, cold))
    _START.set_forkserver_preload(["live_client"])
    forkserver.ensure_running()
    spawn.set_executable(cold)


PROTOCOL = {
    "proposer_stake": 16,
    "voter_stake": 2,
    "bond": 64,
    "absence_penalty": 0,
    "proposer_bps": 2500,
    "voter_seats": 16,
    "quorum_bps": 0,
    "max_strikes": 0,
    "seed_delay": 1,
    "propose_for": 3600,
    "publish_for": 3600,
    "vote_for": 3600,
    "reveal_for": 3600,
    "unbonding": 14400,
}


@contextmanager
def game(
    folder,
    contracts,
    clients,
    rows=1500,
    seed=0,
    stores=None,
    salt=b"\x01" * 32,
    block_time=0.25,
    on=None,
    learning=None,
    shown=None,
    admission=(),
    **protocol,
):
    """A network without clients yet; they end with it.

    `on` is a node that mines by time, else an anvil. Without `learning` it learns the built-in loans; `shown`
    gives the arguments by which a client, by number, names its rows. `admission` is the configuration's.
    """
    learning = learning or loans_learning.describe(inputs=inputs(clients, rows, seed), seed=seed, rows=rows)
    shown = shown or (lambda number: ["--share", f"{number}/{clients}"])
    with nullcontext(on) if on else node("--block-time", str(block_time), chain_id=CHAIN) as running:
        rules = PROTOCOL | protocol
        more = {"admission": admission} if admission else {}
        made = Game(Path(folder), running, contracts, rules, clients, learning, shown, stores, salt, more)
        made.keeping = keeping = Keeping(made)
        try:
            yield made
        finally:
            if keeping.is_alive():
                keeping.stop()
            for member in made.members:
                if member.process is not None and member.process.is_alive():
                    member.process.kill()
                    member.process.join(10)
