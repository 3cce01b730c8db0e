"""Runs small enough for a test: ten clients on 2,000 built-in loans."""

from contextlib import nullcontext
from io import StringIO

from rich.console import Console

from offchain.engines.deployment import Deployment
from offchain.engines.reference_engine import ReferenceEngine
from offchain.settings import parse_settings
from offchain.simulation.federation import Federation, all_rows
from offchain.simulation.simulation import Simulation

SMALL = dict(clients=10, rows=2000, rounds=6, engine="reference", proposer_bps=3000, malicious=0.4) | {
    "policy": "verdict"  # Of which the figures in these tests are.
}


DIGITS = dict(dataset="digits", rows=1_000, clients=10, rounds=3, engine="reference", proposer_bps=3000)


def digits(**changes):
    return parse_settings({**DIGITS, **changes})


def small(**changes):
    return parse_settings({**SMALL, **changes})


def simulation(settings, engine_of=ReferenceEngine):
    """A simulation that has started, on the engine that `engine_of` makes of its deployment."""
    federation = Federation(settings, all_rows(settings))
    deployment = Deployment.of(settings, federation.rules)
    run = Simulation(settings, federation, deployment, engine_of(deployment))
    run.start()
    return run


def records(settings, engine_of=ReferenceEngine):
    run = simulation(settings, engine_of)
    played = []
    while not run.is_over:
        played.append(run.play_round())
    return played


def timeless(record):
    """What of a record does not depend on the engine or the clock."""
    return record.model_dump(exclude={"seconds", "gas"})


def reference(deployment):
    """What `offchain.runs.run` takes in place of a chain."""
    return nullcontext(ReferenceEngine(deployment))


def quiet():
    return Console(file=StringIO(), width=100)
