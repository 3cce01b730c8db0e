"""A client as a process: `ape run client` itself, perhaps with an owner who attacks, or death at some moment.

Processes are forked from a server that has imported everything once: a start costs no seconds, and a killed
process is as dead as any.
"""

import gc
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from capture import capture
from warm_ape import SELDOM

import scripts.client
import scripts.store
from ml.settings import AttackSettings
from ml.tasks.loading import Named
from offchain.chain.compiled import compiled_contracts
from offchain.live.access.chain import Chain
from offchain.live.client.client import Client
from offchain.live.client.local_learning import LocalLearning
from offchain.stores.artefacts import Artefacts
from offchain.worker import process as worker

LATER = ("ml.tasks.built_in.loans.book", "ml.tasks.built_in.loans.task") + tuple(
    f"offchain.live.client.{name}" for name in ("costs", "faults", "report", "start")
)
"""What a client imports once it runs: half of what it computes in a short game, were it not here already."""
for module in LATER:
    import_module(module)

CONTRACTS = compiled_contracts()
"""Read once, before any client is forked."""

# Else the first collection of each client looks through all that was imported, and so copies it.
gc.collect()
gc.freeze()
gc.set_threshold(*SELDOM)

MOMENTS = ("before", "broadcast", "after")
"""Before a transaction is sent, once the node has it, and once it is mined."""


def main(arguments, log, attack, withholds, deaths, python=worker.PYTHON, misses_logs=False, captures=None):
    """Run a client to its end.

    Args:
        arguments: Of `ape run client`.
        log: File for its log.
        attack: Whether it learns from wrong labels.
        withholds: Whether it shows its updates to nobody.
        deaths: File of lines "function moment"; at each it dies once, with all other clients of that file.
        python: Runs its worker.
        misses_logs: Whether its node tells of no log before it is asked again.
        captures: Attacks by the rounds that it captures, with everyone told the same.
    """
    _write_to(log)
    worker.PYTHON = python
    if attack or captures:
        Named.is_foreign = False  # What is changed here is not in another process.
    if attack:
        LocalLearning.attack = AttackSettings(name="label-flip")
    if withholds:
        Artefacts.put = _withheld(Artefacts.put)
    if deaths:
        _die_at(Path(deaths))
    if misses_logs:
        Chain.logs = only_when_asked_again(Chain.logs)
    if captures:
        capture(captures)
    try:
        scripts.client.cli.main(arguments, standalone_mode=True, prog_name="client")
    finally:
        sys.stderr.flush()


def serve(arguments, log):
    """Run a consortium's store."""
    _write_to(log)
    scripts.store.cli.main(arguments, standalone_mode=True, prog_name="store")


def only_when_asked_again(read):
    """Logs as from a node that lags behind the one that told of their block, at first."""
    told = set()

    def logs(self, *asked):
        found = {(log["blockHash"], log["logIndex"]): log for log in read(self, *asked)}
        again = [log for place, log in found.items() if place in told]
        told.update(found)
        return again

    return logs


def _write_to(log):
    with open(log, "a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _withheld(put):
    def only_own_disk(self, root, data):
        if all(store.name.startswith("/") and "cache" in store.name for store in self.stores):
            put(self, root, data)

    return only_own_disk


def _die_at(deaths):
    send, broadcast = Client._send, Chain.broadcast
    current = []

    def dying_send(self, call, until=None):
        _perhaps_die(deaths, call.function, "before")
        current[:] = [call.function]
        send(self, call, until)
        _perhaps_die(deaths, call.function, "after")

    def dying_broadcast(self, raw):
        broadcast(self, raw)
        if current:
            _perhaps_die(deaths, current[0], "broadcast")

    Client._send, Chain.broadcast = dying_send, dying_broadcast


def _perhaps_die(deaths, function, moment):
    # A folder of marks: removing one is atomic, so each death is died once, whoever is first.
    try:
        (deaths / f"{function}-{moment}").unlink()
    except FileNotFoundError:
        return
    print(f"dies {moment} {function}", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
